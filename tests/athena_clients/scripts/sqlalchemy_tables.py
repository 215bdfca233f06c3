"""SQLAlchemy on PyAthena: introspection of tables and views, reflection, a query, and pandas' to_sql."""

import pandas as pd
from sqlalchemy import MetaData, Table, create_engine, func, inspect, select, text

URL = (
    "awsathena+rest://@athena.eu-west-1.amazonaws.com:443/shop"
    "?s3_staging_dir=s3://athena-clients/results/&location=s3://athena-clients/frames/&file_format=parquet"
)
engine = create_engine(URL)
found = inspect(engine)
assert "shop" in found.get_schema_names()
assert "orders" in found.get_table_names("shop")
assert [column["name"] for column in found.get_columns("orders")] == ["id", "status", "total", "placed_at", "day"]
orders = Table("orders", MetaData(), autoload_with=engine)
with engine.connect() as connection:
    assert connection.execute(select(func.count()).select_from(orders)).scalar() == 3
    assert connection.execute(select(orders.c.id).where(orders.c.status == "shipped")).fetchall() == [(2,)]
    connection.execute(text("CREATE OR REPLACE VIEW paid AS SELECT id, total FROM orders WHERE status = 'paid'"))
found = inspect(engine)
assert found.get_view_names("shop") == ["paid"]
assert "status = 'paid'" in found.get_view_definition("paid")
frame = pd.DataFrame({"n": [1, 2], "s": ["x", "it's"], "d": [1.5, None]})
frame.to_sql("frame", engine, schema="shop", index=False, if_exists="replace", method="multi")
read = pd.read_sql("SELECT * FROM frame ORDER BY n", engine)
assert list(read["s"]) == ["x", "it's"], read
assert read["d"].isna()[1], read
