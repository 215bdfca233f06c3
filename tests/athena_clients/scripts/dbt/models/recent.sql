{{ config(materialized='incremental', incremental_strategy='append', partitioned_by=['day']) }}
SELECT id, status, total, coalesce(day, DATE '2026-01-09') AS day FROM shop.orders
{% if is_incremental() %} WHERE id > (SELECT max(id) FROM {{ this }}) {% endif %}
