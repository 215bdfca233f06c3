"""PyAthena: the cursor, pandas, Arrow, both with UNLOAD, and its two styles of parameters.

The Arrow cursor reads results by PyArrow's own S3 client, which has no setting for another endpoint: it is given the
sandbox's by a default argument, as docs/athena.md shows.
"""

import functools
import os
from datetime import date, datetime
from decimal import Decimal
from urllib.parse import urlsplit

from pyarrow import fs
from pyathena import connect
from pyathena.arrow.cursor import ArrowCursor
from pyathena.pandas.cursor import PandasCursor

endpoint = urlsplit(os.environ["AWS_ENDPOINT_URL"])
fs.S3FileSystem = functools.partial(fs.S3FileSystem, endpoint_override=endpoint.netloc, scheme=endpoint.scheme)
GIVEN = {"s3_staging_dir": "s3://athena-clients/results/", "region_name": "eu-west-1", "schema_name": "shop"}
ALL = "SELECT * FROM orders ORDER BY id"
FIRST = (1, "paid", Decimal("19.90"), datetime(2026, 1, 1, 10), date(2026, 1, 1))

cursor = connect(**GIVEN).cursor()
assert cursor.execute(ALL).fetchall() == [
    FIRST,
    (2, "shipped", Decimal("5.05"), datetime(2026, 1, 2, 11, 30, 0, 500000), date(2026, 1, 2)),
    (3, "paid", None, None, None),
]
assert [column[0] for column in cursor.description] == ["id", "status", "total", "placed_at", "day"]
assert cursor.execute("SELECT * FROM orders WHERE id = %(id)d", {"id": 1}).fetchall() == [FIRST]
assert cursor.execute(
    "SELECT * FROM orders WHERE status = ? AND id = ?", ["'paid'", "1"], paramstyle="qmark"
).fetchall() == [FIRST]
assert cursor.execute("SHOW TABLES").fetchall() == [("orders",)]
assert cursor.get_table_metadata("orders").columns[2].type == "decimal(18,2)"

for options in ({}, {"unload": True}):
    frame = connect(**GIVEN, cursor_class=PandasCursor, cursor_kwargs=options).cursor().execute(ALL).as_pandas()
    assert list(frame["id"]) == [1, 2, 3], frame
    assert frame["total"][0] == Decimal("19.90"), frame
    assert frame["placed_at"].isna()[2], frame
    table = connect(**GIVEN, cursor_class=ArrowCursor, cursor_kwargs=options).cursor().execute(ALL).as_arrow()
    assert table.column("id").to_pylist() == [1, 2, 3], table
    assert table.column("status").to_pylist() == ["paid", "shipped", "paid"], table
