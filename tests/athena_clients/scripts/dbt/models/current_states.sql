{{ config(materialized='view') }}
SELECT d.status, c.weight FROM {{ ref('daily') }} d CROSS JOIN {{ ref('countries') }} c
