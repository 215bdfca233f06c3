"""Other texts of values: types' names, split maps, durations and sizes.

https://trino.io/docs/435/functions/conversion.html
"""

from __future__ import annotations

import re
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import TypeVar

from sandbox.athena.conversions.maporder import hashed_order
from sandbox.athena.functions.binaries import xxhash64
from sandbox.athena.functions.building import INVALID
from sandbox.athena.functions.function import TypedCall, entry
from sandbox.athena.functions.native import Native, TrinoError
from sandbox.athena.sql import literal
from sandbox.athena.types import Type

T = TypeVar("T")


def type_name(type_: Type) -> str:
    """A type as in typeof and messages: row(a integer), map(varchar, integer), timestamp(3) with time zone."""
    if type_.name == "row":
        members = [f"{_quoted(name)} {type_name(member)}".strip() for name, member in type_.fields]
        return f"row({', '.join(members)})"
    if type_.name in {"array", "map"}:
        return f"{type_.name}({', '.join(type_name(member) for member in type_.members)})"
    return type_.athena


def _quoted(name: str) -> str:
    return name if not name or re.fullmatch(r"[a-z_][a-z0-9_]*", name) else f'"{name}"'


def _pairs(text: str, entries: str, pairs: str) -> list[tuple[str, str]]:
    if not entries:
        raise TrinoError(INVALID, "entryDelimiter is empty")
    if not pairs:
        raise TrinoError(INVALID, "keyValueDelimiter is empty")
    if entries == pairs:
        raise TrinoError(INVALID, "entryDelimiter and keyValueDelimiter must not be the same")
    found: list[tuple[str, str]] = []
    for piece in text.removesuffix(entries).split(entries) if text else []:
        parts = piece.split(pairs)
        if len(parts) != 2:
            message = f"Key-value delimiter must appear exactly once in each entry. Bad input: '{piece}'"
            raise TrinoError(INVALID, message)
        found.append((parts[0], parts[1]))
    return found


def _split_to_map(text: str, entries: str, pairs: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in _pairs(text, entries, pairs):
        if key in found:
            raise TrinoError(INVALID, f"Duplicate keys ({key}) are not allowed")
        found[key] = value
    return _hashed(found)


def _split_to_multimap(text: str, entries: str, pairs: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, value in _pairs(text, entries, pairs):
        found.setdefault(key, []).append(value)
    return _hashed(found)


def _hashed(found: dict[str, T]) -> dict[str, T]:
    """The entries in the order of a Java HashMap whose keys are Slices (io.airlift.slice.Slice.hashCode)."""
    keys = list(found)
    order = hashed_order([int.from_bytes(xxhash64(key.encode())[4:]) for key in keys])
    return {keys[place - 1]: found[keys[place - 1]] for place in order}


_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]+)\s*")
_MS = {
    "ns": Decimal("1e-6"), "us": Decimal("1e-3"), "ms": Decimal(1), "s": Decimal(1000), "m": Decimal(60_000),
    "h": Decimal(3_600_000), "d": Decimal(86_400_000),
}  # fmt: skip
_BYTES = {name: 1024**i for i, name in enumerate(("B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"))}


def _duration(text: str) -> int:
    found = _DURATION.fullmatch(text)
    if found is None:
        raise TrinoError(INVALID, f"duration is not a valid data duration string: {text}")
    if found[2] not in _MS:
        raise TrinoError(INVALID, f"Unknown time unit: {found[2]}")
    return int((Decimal(found[1]) * _MS[found[2]]).to_integral_value(ROUND_HALF_UP))


def _data_size(text: str) -> Decimal:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([a-zA-Z]+)", text)
    if found is None or found[2] not in _BYTES:
        raise TrinoError(INVALID, f"Invalid data size: '{text}'")
    return (Decimal(found[1]) * _BYTES[found[2]]).to_integral_value(ROUND_DOWN)


def _typeof(call: TypedCall) -> str:
    name = literal(type_name(call.arguments[0].type))
    # Trino computes the argument, which may fail.
    return f"CASE WHEN {call[0]} IS NULL THEN {name} ELSE {name} END"


FUNCTIONS = (
    entry(
        "typeof(any) -> varchar",
        _typeof,
        "typeof(1.50)",
        "decimal(3,2)",
    ),
    entry(
        "split_to_map(varchar, varchar, varchar) -> map(varchar, varchar)",
        "athena_split_to_map",
        "split_to_map('a=1;b=2', ';', '=')",
        "{a=1, b=2}",
    ),
    entry(
        "split_to_multimap(varchar, varchar, varchar) -> map(varchar, array(varchar))",
        "athena_split_to_multimap",
        "split_to_multimap('a=1;a=2', ';', '=')",
        "{a=[1, 2]}",
    ),
    entry(
        "parse_duration(varchar(x)) -> interval day to second",
        "athena_parse_duration",
        "parse_duration('1.5h')",
        "0 01:30:00.000",
    ),
    entry(
        "parse_data_size(varchar(x)) -> decimal(38, 0)",
        "athena_parse_data_size",
        "parse_data_size('2.3MB')",
        "2411724",
    ),
    entry("uuid() -> uuid", "uuid", "length(CAST(uuid() AS varchar))", "36", deterministic=False),
)
MACROS: tuple[str, ...] = ()
NATIVES = (
    Native("athena_split_to_map", _split_to_map, ("VARCHAR",) * 3, "MAP(VARCHAR, VARCHAR)"),
    Native("athena_split_to_multimap", _split_to_multimap, ("VARCHAR",) * 3, "MAP(VARCHAR, VARCHAR[])"),
    Native("athena_parse_duration", _duration, ("VARCHAR",), "BIGINT"),
    Native("athena_parse_data_size", _data_size, ("VARCHAR",), "DECIMAL(38, 0)"),
)
UNSUPPORTED = frozenset(
    [
        "bar",
        "beta_cdf",
        "classify",
        "color",
        "current_groups",
        "fail",
        "features",
        "from_iso8601_timestamp_nanos",
        "hash_counts",
        "intersection_cardinality",
        "inverse_beta_cdf",
        "jaccard_index",
        "learn_classifier",
        "learn_libsvm_classifier",
        "learn_libsvm_regressor",
        "learn_regressor",
        "make_set_digest",
        "merge_set_digest",
        "qdigest_agg",
        "quantile_at_value",
        "regress",
        "render",
        "rgb",
        "spooky_hash_v2_32",
        "spooky_hash_v2_64",
        "word_stem",
        "bing_tile",
        "bing_tile_at",
        "convex_hull_agg",
        "from_encoded_polyline",
        "geometry_from_hadoop_shape",
        "geometry_invalid_reason",
        "geometry_to_bing_tiles",
        "geometry_union",
        "geometry_union_agg",
        "great_circle_distance",
        "line_interpolate_point",
        "line_locate_point",
        "simplify_geometry",
        "to_encoded_polyline",
        "to_geometry",
        "to_spherical_geography",
        "st_area",
        "st_asbinary",
        "st_astext",
        "st_boundary",
        "st_buffer",
        "st_centroid",
        "st_contains",
        "st_convexhull",
        "st_coorddim",
        "st_crosses",
        "st_difference",
        "st_dimension",
        "st_disjoint",
        "st_distance",
        "st_endpoint",
        "st_envelope",
        "st_equals",
        "st_exteriorring",
        "st_geometryfromtext",
        "st_geometryn",
        "st_geometrytype",
        "st_geomfrombinary",
        "st_interiorringn",
        "st_intersection",
        "st_intersects",
        "st_isclosed",
        "st_isempty",
        "st_isring",
        "st_issimple",
        "st_isvalid",
        "st_length",
        "st_linefromtext",
        "st_linestring",
        "st_multipoint",
        "st_numgeometries",
        "st_numinteriorring",
        "st_numpoints",
        "st_overlaps",
        "st_point",
        "st_pointn",
        "st_points",
        "st_polygon",
        "st_relate",
        "st_startpoint",
        "st_symdifference",
        "st_touches",
        "st_union",
        "st_within",
        "st_x",
        "st_xmax",
        "st_xmin",
        "st_y",
        "st_ymax",
        "st_ymin",
    ]
)
"""Athena's functions (Trino's own, geospatial and machine learning) that the sandbox lacks."""
