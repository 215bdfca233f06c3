"""HyperLogLog functions: https://trino.io/docs/435/functions/hyperloglog.html, and approx_distinct.

A value is the bytes in which Trino writes it. Up to 511 hashes it holds each, with 26 bits of its bucket; then 4,096
buckets, each with the longest run of zeros. approx_distinct has 2,048 by default. Sources: airlift,
io.airlift.stats.cardinality: SparseHll, DenseHll, Utils; trino 435, io.trino.operator.aggregation:
ApproximateSetAggregation, MergeHyperLogLogAggregation, ApproximateCountDistinctAggregation.
"""

from __future__ import annotations

import bisect
import math
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sandbox.athena.functions import checksums
from sandbox.athena.functions.binaries import murmur3
from sandbox.athena.functions.building import INVALID, once
from sandbox.athena.functions.function import TypedCall, entry
from sandbox.athena.functions.hyperloglog_bias import BIASES, ESTIMATES
from sandbox.athena.functions.native import Native, TrinoError

_SPARSE_TAG, _DENSE_TAG = 2, 3
_INDEX_BITS = 12
_BUCKETS = 1 << _INDEX_BITS
_LEAST_EMPTY = 0.4
"""The share of empty buckets from which a dense one is counted by them."""
_EXTENDED_BITS, _ZEROS_BITS = 26, 6
_WORD = 64
_DEFAULT_ERROR = 0.023
_LEAST_ESTIMATED, _MAX_ESTIMATED = 252, 100_000
"""The values that approx_distinct hashes, at most for half a second. Fewer are in a sparse one, whose estimate is their
number; more are counted exactly, within Trino's error."""
_LEAST_ERROR, _GREATEST_ERROR = 0.0040625, 0.26
_MAX_DELTA = 15


@dataclass(frozen=True)
class HyperLogLog:
    """The hashes' runs of zeros by bucket: of 26 bits if it is sparse, else of `bits`, and then one more than each."""

    runs: Mapping[int, int]
    sparse: bool
    bits: int = _INDEX_BITS

    @classmethod
    def of(cls, codes: Iterable[int], bits: int = _INDEX_BITS) -> HyperLogLog:
        """Build it of hashes of 64 bits."""
        runs: dict[int, int] = {}
        for code in codes:
            bucket, zeros = code >> (_WORD - _EXTENDED_BITS), _zeros(code, _EXTENDED_BITS)
            runs[bucket] = max(runs.get(bucket, 0), zeros)
        found = cls(runs, True, bits)
        # An array of entries grows by ten.
        return found if -(-(len(runs) - 1) // 10) * 10 + 1 <= found.most_entries else found.dense()

    @property
    def most_entries(self) -> int:
        """The places for entries that a sparse one has at most: more would take more bytes than a dense one."""
        return (16 + (1 << self.bits) // 2) // 4

    @classmethod
    def read(cls, octets: bytes) -> HyperLogLog:
        """Read it from its bytes.

        Raises:
            TrinoError: they are no HyperLogLog of 4,096 buckets.
        """
        try:
            if octets[:2] == bytes((_SPARSE_TAG, _INDEX_BITS)):
                count = struct.unpack_from("<H", octets, 2)[0]
                words = struct.unpack(f"<{count}I", octets[4:])
                return cls({word >> _ZEROS_BITS: word & 63 for word in words}, sparse=True)
            if octets[:2] == bytes((_DENSE_TAG, _INDEX_BITS)):
                return cls(_read_dense(octets), sparse=False)
        except struct.error as error:
            raise TrinoError("GENERIC_INTERNAL_ERROR", f"Cannot deserialize HyperLogLog: {error}") from error
        raise TrinoError("GENERIC_INTERNAL_ERROR", "Cannot deserialize HyperLogLog")

    def written(self) -> bytes:
        """Return its bytes."""
        if self.sparse:
            words = [bucket << _ZEROS_BITS | zeros for bucket, zeros in sorted(self.runs.items())]
            return struct.pack(f"<BBH{len(words)}I", _SPARSE_TAG, _INDEX_BITS, len(words), *words)
        values = [self.runs.get(bucket, 0) for bucket in range(_BUCKETS)]
        baseline = min(values)
        deltas = [min(value - baseline, _MAX_DELTA) for value in values]
        packed = bytes(high << 4 | low for high, low in zip(deltas[::2], deltas[1::2], strict=True))
        over = [bucket for bucket, value in enumerate(values) if value - baseline > _MAX_DELTA]
        tail = struct.pack(
            f"<H{len(over)}H{len(over)}B",
            len(over),
            *over,
            *(values[bucket] - baseline - _MAX_DELTA for bucket in over),
        )
        return bytes((_DENSE_TAG, _INDEX_BITS, baseline)) + packed + tail

    def dense(self) -> HyperLogLog:
        """Return it with 4,096 buckets."""
        if not self.sparse:
            return self
        runs: dict[int, int] = {}
        rest = _EXTENDED_BITS - self.bits
        for extended, after in self.runs.items():
            bucket, low = extended >> rest, extended & ((1 << rest) - 1)
            zeros = rest - low.bit_length() if low else rest + after
            runs[bucket] = max(runs.get(bucket, 0), zeros + 1)
        return HyperLogLog(runs, False, self.bits)

    def merged(self, other: HyperLogLog) -> HyperLogLog:
        """Return the one of the hashes of both."""
        sparse = self.sparse and other.sparse
        left, right = (self, other) if sparse else (self.dense(), other.dense())
        runs = dict(left.runs)
        for bucket, zeros in right.runs.items():
            runs[bucket] = max(runs.get(bucket, 0), zeros)
        found = HyperLogLog(runs, sparse)
        return found.dense() if sparse and len(runs) > self.most_entries else found

    def cardinality(self) -> int | None:
        """Estimate the number of different hashes; None if the bias of its number of buckets is not known."""
        if self.sparse:
            return _rounded(_linear(len(self.runs), 1 << _EXTENDED_BITS))
        buckets = 1 << self.bits
        if buckets - len(self.runs) > _LEAST_EMPTY * buckets:
            return _rounded(_linear(len(self.runs), buckets))
        if self.bits not in ESTIMATES:
            return None
        total = math.fsum(2.0 ** -self.runs.get(bucket, 0) for bucket in range(buckets))
        estimate = 0.7213 / (1 + 1.079 / buckets) * buckets * buckets / total
        return _rounded(estimate - _bias(estimate, self.bits))


def _read_dense(octets: bytes) -> dict[int, int]:
    baseline, packed = octets[2], octets[3 : 3 + _BUCKETS // 2]
    values = [baseline + delta for octet in packed for delta in (octet >> 4, octet & 15)]
    (count,) = struct.unpack_from("<H", octets, 3 + _BUCKETS // 2)
    over = struct.unpack(f"<{count}H{count}B", octets[5 + _BUCKETS // 2 :])
    for bucket, more in zip(over[:count], over[count:], strict=True):
        values[bucket] += more
    return {bucket: value for bucket, value in enumerate(values) if value}


def _zeros(code: int, bits: int) -> int:
    """The leading zeros of a hash after its first bits."""
    return _WORD - (code << bits & ((1 << _WORD) - 1) | 1 << (bits - 1)).bit_length()


def _linear(filled: int, buckets: int) -> float:
    return buckets * math.log(buckets * 1.0 / (buckets - filled))


def _rounded(number: float) -> int:
    return math.floor(number + 0.5)


def _bias(estimate: float, bits: int) -> float:
    """The bias of an estimate, interpolated; none outside of those that were measured."""
    estimates, biases = ESTIMATES[bits], BIASES[bits]
    if not estimates[0] <= estimate <= estimates[-1]:
        return 0.0
    place = bisect.bisect_left(estimates, estimate)
    if estimates[place] == estimate:
        return biases[place]
    x0, x1, y0, y1 = estimates[place - 1], estimates[place], biases[place - 1], biases[place]
    return ((estimate - x0) * (y1 - y0)) / (x1 - x0) + y0


def _approx_set(call: TypedCall) -> str:
    """Without repeated values, for speed; DuckDB has no DISTINCT in windows, and takes -0 for 0."""
    kind = call.arguments[0].type.name
    around = replace(call.modifiers, distinct=not call.modifiers.over and kind != "double", order_by="")
    values = replace(call, modifiers=around).aggregate("list", call[0], filter_=f"{call[0]} IS NOT NULL")
    return f"athena_approx_set_of_{kind}({values})"


def _merge(call: TypedCall) -> str:
    return f"athena_merged_hll({call.aggregate('list', call[0], filter_=f'{call[0]} IS NOT NULL')})"


def _set_of(octets: Iterable[bytes]) -> bytes:
    return HyperLogLog.of(int.from_bytes(murmur3(some)[:8], "little") for some in octets).written()


def _of_bigints(values: list[int]) -> bytes:
    return _set_of(struct.pack("<q", value) for value in values)


def _of_doubles(values: list[float]) -> bytes:
    return _set_of(struct.pack("<d", value) for value in values)


def _of_texts(values: list[str]) -> bytes:
    return _set_of(value.encode() for value in values)


def _merged(values: list[bytes]) -> bytes:
    found = HyperLogLog.read(values[0])
    for value in values[1:]:
        found = found.merged(HyperLogLog.read(value))
    return found.written()


def _cardinality(value: bytes) -> int | None:
    return HyperLogLog.read(value).cardinality()


def _approx_distinct(call: TypedCall) -> str:
    type_ = call.arguments[0].type
    value = call[0]
    if type_.name in {"double", "real"}:
        # 0 and -0 are one value with two texts, and so are NaNs.
        physical = type_.physical
        value = f"CASE WHEN isnan({value}) THEN CAST('nan' AS {physical}) ELSE {value} + CAST(0 AS {physical}) END"
    text, kind = checksums.hashed_text(value, type_)
    around = replace(call.modifiers, distinct=True, order_by="")
    values = replace(call, modifiers=around).aggregate("list", text, filter_=f"{call[0]} IS NOT NULL")
    error = str(_DEFAULT_ERROR) if len(call) == 1 else call.aggregate("any_value", call[1])
    # The hashes of structures are alike, so that few of them may share a bucket.
    least = _LEAST_ESTIMATED if len(call) == 1 and not type_.fields else 1
    estimate = "athena_approx_distinct({0}, '{1}', {2})"
    return once(
        [values, error],
        lambda a: (
            f"CASE WHEN len({a[0]}) BETWEEN {least} AND {_MAX_ESTIMATED} THEN {estimate.format(a[0], kind, a[1])} "
            f"ELSE coalesce(len({a[0]}), 0) END"
        ),
    )


def approx_distinct(values: list[str], kind: str, error: float) -> int:
    """Trino's estimate of the number of values, which are different texts; their number where the bias is not known.

    Raises:
        TrinoError: the standard error is out of range.
    """
    if not _LEAST_ERROR <= error <= _GREATEST_ERROR:
        message = f"Max standard error must be in [{_LEAST_ERROR}, {_GREATEST_ERROR}]: {error}"
        raise TrinoError(INVALID, message)
    bits = (math.ceil(1.0816 / (error * error)) - 1).bit_length()
    found = HyperLogLog.of((checksums.hash_of(value, kind) for value in values), bits).cardinality()
    return len(values) if found is None else found


FUNCTIONS = (
    entry(
        "approx_distinct(T) -> bigint; approx_distinct(T, double) -> bigint",
        _approx_distinct, "approx_distinct('a')", "1", kind="aggregate",
    ),
    entry(
        "; ".join(f"approx_set({type_}) -> hyperloglog" for type_ in ("bigint", "double", "varchar")),
        _approx_set, "cardinality(approx_set('a'))", "1", kind="aggregate",
    ),
    entry("merge(hyperloglog) -> hyperloglog", _merge, "cardinality(merge(empty_approx_set()))", "0", kind="aggregate"),
    entry("cardinality(hyperloglog) -> bigint", "athena_hll_cardinality", "cardinality(empty_approx_set())", "0"),
    entry(
        "empty_approx_set() -> hyperloglog",
        lambda _: f"unhex('{HyperLogLog({}, sparse=True).written().hex()}')",
        "CAST(empty_approx_set() AS varbinary)",
        "02 0c 00 00",
    ),
)  # fmt: skip
MACROS: tuple[str, ...] = ()
NATIVES = (
    Native("athena_approx_distinct", approx_distinct, ("VARCHAR[]", "VARCHAR", "DOUBLE"), "BIGINT"),
    Native("athena_approx_set_of_bigint", _of_bigints, ("BIGINT[]",), "BLOB"),
    Native("athena_approx_set_of_double", _of_doubles, ("DOUBLE[]",), "BLOB"),
    Native("athena_approx_set_of_varchar", _of_texts, ("VARCHAR[]",), "BLOB"),
    Native("athena_merged_hll", _merged, ("BLOB[]",), "BLOB"),
    Native("athena_hll_cardinality", _cardinality, ("BLOB",), "BIGINT"),
)
