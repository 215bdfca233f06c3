{{ config(materialized='table') }}
SELECT status, count(*) AS orders, sum(total) AS total FROM shop.orders GROUP BY status
