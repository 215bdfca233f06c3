"""Conditions on what all rows of an object have select its objects, and no query has other rows for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sandbox.athena.files import DEFAULT_PARTITION
from tests.athena_lake import Lake
from tests.unit.sandbox.test_athena_query import HOURLY

_HOURS = ("2026-03-14-22", "2026-03-14-23", "2026-03-15-00")
_NAMES = ("delivery-1-2026-x", "delivery-2-2026-x", "delivery-3-y", "backfill_é")
_AT = "regexp_extract(p, '-(\\d)-', 1)"
_ATOMS = (
    *("p LIKE '%delivery%'", "p NOT LIKE '%é%'", "p = 's3://lake/log/hour=2026-03-14-22/delivery-1-2026-x'"),
    *("p > 's3://lake/log/hour=2026-03-14-23'", "'s3://lake/log/hour=2026-03-14-23/d' <= p", "p IS NULL"),
    *(
        "p IN ('s3://lake/log/hour=2026-03-15-00/backfill_é', 'x')",
        "p BETWEEN 's' AND 's3://lake/log/hour=2026-03-14-3'",
    ),
    *(f"{_AT} = '2'", f"{_AT} >= '2'", f"coalesce({_AT} < '3', true)", f"nullif({_AT}, '1') IS NULL"),
    *("regexp_like(p, '2026-x$')", "length(p) % 2 = 0", "strpos(p, 'y') > 0", f"TRY(CAST({_AT} AS integer)) > 1"),
    *("CASE WHEN p LIKE '%y' THEN NULL ELSE true END", "p || h < 's3://lake/log/hour=2026-03-14-23/delivery-2'"),
    *("h = '2026-03-14-23'", "h > '2026-03-14-22'", "h IN ('2026-03-14-22', '2026-03-15-00')", "h IS NOT NULL"),
    *("substr(h, 9, 2) = '14'", "h BETWEEN '2026-03-14-23' AND '2026-03-16'", "h <> '2026-03-14-23'"),
    *("n > 4", "n % 2 = 0", "n IS NULL", "CAST(n AS varchar) < h", "true", "CAST(NULL AS boolean)"),
    *("p <> (SELECT max(p) FROM {r})", "EXISTS (SELECT 1 FROM {r} AS x WHERE x.p > 's3://lake/log/hour=2026-03-15')"),
)
_FORMS = (
    "SELECT n FROM {r} WHERE {c}",
    "SELECT n FROM (SELECT n, h, p FROM {r}) WHERE {c}",
    "SELECT n FROM (SELECT n + 1 AS n, substr(h, 1, 13) AS h, substr(p, 1) AS p FROM {r}) WHERE {c}",
    "SELECT n FROM (SELECT n, p AS h, h AS p FROM {r}) WHERE {c}",
    "SELECT n FROM {r} AS r(h, p, n) WHERE n > '' AND h > 2",
    "SELECT n FROM (SELECT * FROM {r} ORDER BY n LIMIT 5) WHERE {c}",
    "SELECT n FROM ((SELECT * FROM {r}) ORDER BY n DESC LIMIT 5) WHERE {c}",
    "SELECT n, k FROM (SELECT n, h, p, row_number() OVER (ORDER BY n) AS k FROM {r}) WHERE {c}",
    "SELECT n, k FROM (SELECT h, p, max(n) AS n, count(*) AS k FROM {r} GROUP BY h, p) WHERE {c}",
    "SELECT count(*), max(k) FROM (SELECT DISTINCT 1 AS n, h, p, length(p) AS k FROM {r}) WHERE {c}",
    "SELECT m FROM (SELECT a.n AS m, b.n, b.h, b.p FROM {r} AS a LEFT JOIN {o} AS b ON b.n = a.n + 3) WHERE {c}",
    "SELECT m FROM (SELECT b.n AS m, a.n, a.h, a.p FROM {r} AS a RIGHT JOIN {o} AS b ON b.n = a.n + 3) WHERE {c}",
    "SELECT m FROM (SELECT a.n AS m, b.n, b.h, b.p FROM {r} AS a FULL JOIN {o} AS b ON b.n = a.n + 3) WHERE {c}",
    "SELECT m FROM (SELECT a.n AS m, b.n, b.h, b.p FROM {r} AS a JOIN {o} AS b ON b.n = a.n + 3) WHERE {c}",
    "SELECT n FROM (SELECT n, b.h, b.p FROM {r} AS a LEFT JOIN {o} AS b USING (n)) AS r(n, h, p) WHERE {c}",
    "WITH w AS (SELECT * FROM {r}) SELECT n FROM w WHERE {c} UNION ALL SELECT n FROM w",
    "SELECT n FROM {r} WHERE {c} UNION ALL SELECT n FROM {r} WHERE h > '2026-03-14-22'",
    "SELECT n FROM {r} WHERE ({c}) AND h <= '2026-03-14-23' UNION ALL SELECT n FROM {r} WHERE h = '2026-03-15-00'",
    "SELECT n FROM (SELECT * FROM {r} UNION ALL SELECT n, p, h FROM {r}) WHERE {c}",
    "SELECT n FROM {r} WHERE n NOT IN (SELECT coalesce(n, 0) FROM {r} WHERE {c})",
    "SELECT n, k FROM {r} CROSS JOIN UNNEST(sequence(1, 2)) AS u(k) WHERE {c}",
    "SELECT o.n, (SELECT count(*) FROM {r} WHERE ({c}) AND {r}.n < o.n) FROM {r} AS o",
)

_conditions = st.recursive(
    st.sampled_from(_ATOMS),
    lambda inner: (
        st.tuples(inner, st.sampled_from(("AND", "OR")), inner).map(lambda one: f"({' '.join(one)})")
        | inner.map(lambda one: f"NOT ({one})")
    ),
    max_leaves=4,
)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """The same rows twice: in objects with paths and partitions, and with both as ordinary columns of one object."""
    lake = Lake(Path(tmp_path_factory.mktemp("lake")))
    lake.table("log", {"n": "int"}, ["hour"], HOURLY)
    lake.table("flat", {"n": "int", "hour": "string", "p": "string"})
    rows: list[dict[str, object]] = []
    for hour in (*_HOURS, DEFAULT_PARTITION):
        for name in _NAMES:
            key = f"log/hour={hour}/{name}"
            numbers = [len(rows) + 1, len(rows) + 2]
            lake.rows(key, *({"n": number} for number in numbers))
            if hour != DEFAULT_PARTITION:
                rows.extend({"n": number, "hour": hour, "p": f"s3://lake/{key}"} for number in numbers)
    lake.rows("flat/rows.json", *rows)
    columns = {"n": "int", "h": "string", "p": "string"}
    lake.view("objects", 'SELECT n, hour AS h, "$path" AS p FROM log', columns)
    lake.view("plain", "SELECT n, hour AS h, p FROM flat", columns)
    lake.view("more_objects", 'SELECT n, hour AS h, "$path" AS p FROM log', columns)
    lake.view("more_plain", "SELECT n, hour AS h, p FROM flat", columns)
    yield lake
    lake.store.close()


@pytest.mark.parametrize("form", _FORMS)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=settings().max_examples // 5)
@given(condition=_conditions)
@example("h = '2026-03-14-23'")
@example("p < 's3://lake/log/hour=2026-03-14-23'")
@example(f"coalesce({_AT} < '3', true)")
@example("coalesce(substr(h, 12, 2) < '23', true)")
def test_a_condition_gives_the_rows_that_it_gives_without_objects(lake: Lake, form: str, condition: str) -> None:
    """`{o}` is a view beside `{r}`, and another scan."""
    sql = form.replace("{c}", condition)
    found = lake.query(sql.replace("{r}", "objects").replace("{o}", "more_objects"))
    expected = lake.query(sql.replace("{r}", "plain").replace("{o}", "more_plain"))
    assert sorted(map(str, found)) == sorted(map(str, expected))
