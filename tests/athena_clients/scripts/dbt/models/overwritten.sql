{{ config(materialized='incremental', incremental_strategy='insert_overwrite', partitioned_by=['day']) }}
SELECT id, status, coalesce(day, DATE '2026-01-09') AS day FROM shop.orders
