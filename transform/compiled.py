"""A table's schema in the form in which the inner loop reads it: the structures of native/columns.h, field by field."""

from __future__ import annotations

import ctypes

from transform.schema import IMAGES, Column, Table

_BUCKETS = 64
_NONE = -1
_KINDS = {"string": 0, "boolean": 1, "int": 2, "bigint": 2, "double": 4, "date": 5, "timestamp": 6}
_DECIMAL = 3
# The digits before and behind the point that every number of these types may have.
_DIGITS = {"int": (9, 0), "bigint": (18, 0), "double": (38, 20)}
_BOOLEAN = ord("O")

PADDING = bytes(16)
"""What the inner loop may read behind a text that is the last in its memory: it takes 16 bytes at a time."""


class _Span(ctypes.Structure):
    _fields_ = (("at", ctypes.c_void_p), ("end", ctypes.c_void_p))


class _Column(ctypes.Structure):
    _fields_ = (
        ("prefix", _Span),
        ("kind", ctypes.c_int32),
        ("descriptor", ctypes.c_int32),
        ("whole", ctypes.c_int32),
        ("fraction", ctypes.c_int32),
        ("is_key", ctypes.c_int32),
        ("next", ctypes.c_int32),
    )


class _Node(ctypes.Structure):
    _fields_ = (
        ("name", _Span),
        ("parent", ctypes.c_int32),
        ("column", ctypes.c_int32),
        ("next", ctypes.c_int32),
        ("padding", ctypes.c_int32),
    )


class _Table(ctypes.Structure):
    _fields_ = (
        *((name, _Span) for name in ("event_id", "op", "sequence", "changed_at", "before", "after")),
        *((name, ctypes.c_int64) for name in ("prefix_bytes", "column_count", "node_count")),
        *((name, ctypes.c_void_p) for name in ("columns", "nodes", "values", "seen")),
        ("buckets", ctypes.c_int32 * _BUCKETS),
    )


TABLE_BYTES = ctypes.sizeof(_Table)
"""What the inner loop's `table_bytes` must be."""


class CompiledTable:
    """A table, compiled. It has room for what is read of one record: two threads at a time cannot use it.

    `pointer` is what the inner loop takes. `prefix_bytes` are those of a row that its columns' names take.
    """

    def __init__(self, table: Table) -> None:
        self._texts: list[ctypes.Array[ctypes.c_char]] = []
        self._columns = (_Column * len(table.columns))()
        self._values = (_Span * len(table.columns))()
        nodes = self._nodes_of(table)
        self._nodes = (_Node * len(nodes))(*nodes)
        self._seen = (ctypes.c_uint8 * len(nodes))()
        prefixes = [self._text(f',"{column.name}":') for column in table.change_log_columns]
        self.prefix_bytes = sum(prefix.end - prefix.at for prefix in prefixes)
        prefixes[0] = self._text(f'{{"{table.change_log_columns[0].name}":')
        envelope = len(table.change_log_columns) - len(table.columns) - len(IMAGES)
        for column, prefix in zip(self._columns, prefixes[envelope:], strict=False):
            column.prefix = prefix
        self._table = _Table(
            *(*prefixes[:envelope], *prefixes[-len(IMAGES) :]),
            *(self.prefix_bytes, len(table.columns), len(nodes)),
            *map(ctypes.addressof, (self._columns, self._nodes, self._values, self._seen)),
            self._buckets(),
        )
        self.pointer = ctypes.addressof(self._table)

    def _text(self, text: str) -> _Span:
        encoded = text.encode()
        buffer = ctypes.create_string_buffer(encoded + PADDING)
        self._texts.append(buffer)
        return _Span(ctypes.addressof(buffer), ctypes.addressof(buffer) + len(encoded))

    def _nodes_of(self, table: Table) -> list[_Node]:
        """A node for each attribute that a column reads, and for each map on the way to one; fills in the columns."""
        nodes: list[_Node] = []
        places: dict[tuple[str, ...], int] = {(): _NONE}
        for index, column in enumerate(table.columns):
            for depth, name in enumerate(column.attribute):
                path = column.attribute[: depth + 1]
                if path not in places:
                    places[path] = len(nodes)
                    nodes.append(_Node(self._text(name), places[path[:-1]], _NONE, _NONE))
            node = nodes[places[column.attribute]]
            self._columns[index] = _column(table, column, node.column)
            node.column = index
        return nodes

    def _buckets(self) -> ctypes.Array[ctypes.c_int32]:
        buckets = (ctypes.c_int32 * _BUCKETS)(*[_NONE] * _BUCKETS)
        for index, node in enumerate(self._nodes):
            bucket = _bucket(node.parent, ctypes.string_at(node.name.at, node.name.end - node.name.at))
            node.next = buckets[bucket]
            buckets[bucket] = index
        return buckets


def _column(table: Table, column: Column, following: int) -> _Column:
    descriptor = table.descriptor(column)
    if column.type.startswith("decimal"):
        precision, scale = column.decimal
        whole, fraction = precision - scale, scale
    else:
        whole, fraction = _DIGITS.get(column.type, (0, 0))
    return _Column(
        kind=_KINDS.get(column.type, _DECIMAL),
        descriptor=_BOOLEAN if descriptor == "BOOL" else ord(descriptor),
        whole=whole,
        fraction=fraction,
        is_key=column in table.key_columns,
        next=following,
    )


def _bucket(parent: int, name: bytes) -> int:
    """As native/columns.h has it."""
    return (parent * 31 + len(name) * 7 + name[0] * 5 + name[-1] * 3) % _BUCKETS
