"""awswrangler: queries read as CSV, by CREATE TABLE AS and by UNLOAD, parameters, and a partitioned data set."""

from decimal import Decimal

import awswrangler as wr
import pandas as pd

GIVEN = {"database": "shop", "s3_output": "s3://athena-clients/results/"}
ALL = "SELECT * FROM orders ORDER BY id"
ways = {
    "csv": {"ctas_approach": False},
    "ctas": {"ctas_approach": True},
    "unload": {"ctas_approach": False, "unload_approach": True, "s3_output": "s3://athena-clients/unloaded/"},
}
for way, options in ways.items():
    frame = wr.athena.read_sql_query(ALL, **{**GIVEN, **options})
    assert list(frame["id"]) == [1, 2, 3], (way, frame)
    assert frame["total"][1] == Decimal("5.05"), (way, frame)
    assert frame["placed_at"].isna()[2], (way, frame)
named = wr.athena.read_sql_query("SELECT id FROM orders WHERE id = :id", ctas_approach=False, params={"id": 2}, **GIVEN)
assert list(named["id"]) == [2]
marked = wr.athena.read_sql_query(
    "SELECT id FROM orders WHERE status = ?", ctas_approach=False, params=["shipped"], paramstyle="qmark", **GIVEN
)
assert list(marked["id"]) == [2]
frame = pd.DataFrame({"n": [1, 2], "p": ["a", "b"]})
wr.s3.to_parquet(
    frame,
    path="s3://athena-clients/own/",
    dataset=True,
    database="shop",
    table="own",
    partition_cols=["p"],
    mode="overwrite",
)
assert list(wr.athena.read_sql_table("own", **GIVEN)["n"]) == [1, 2]
assert "PARTITIONED BY" in wr.athena.show_create_table("own", **GIVEN)
assert wr.athena.describe_table("own", **GIVEN)["Partition"].tolist() == [False, True]
assert wr.athena.repair_table("own", **GIVEN) == "SUCCEEDED"
