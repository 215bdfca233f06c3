from __future__ import annotations

import io
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lake.results import Row, parsed, read_rows

cells = st.none() | st.text(st.characters(codec="utf-8"), max_size=4) | st.sampled_from(['"', "", "\n", ",", '"",'])


def written(rows: list[Row]) -> bytes:
    """CSV as Athena writes it."""
    quoted = [["" if cell is None else '"' + cell.replace('"', '""') + '"' for cell in row] for row in rows]
    return "".join(",".join(row) + "\n" for row in quoted).encode()


@given(st.lists(st.tuples(cells, cells, cells), max_size=5), st.integers(1, 30))
def test_rows_are_read_whatever_parts_they_come_in(rows: list[Row], part: int) -> None:
    content = written(rows)
    parts = (content[start : start + part] for start in range(0, len(content), part))
    assert list(parsed(parts)) == rows


def test_the_object_of_a_result_is_read_without_its_header() -> None:
    asked: dict[str, Any] = {}

    class S3:
        def get_object(self, **request: Any) -> dict[str, Any]:
            asked.update(request)
            return {"Body": io.BytesIO(b'"a"\n"1"\n\n')}

        list_objects_v2 = put_object = delete_object = copy_object = delete_objects = list_object_versions = get_object

    assert list(read_rows(S3(), "s3://bucket/path/id.csv")) == [("1",), (None,)]
    assert asked == {"Bucket": "bucket", "Key": "path/id.csv"}
