"""The fast way from images to rows, for images whose values are in their plain form.

DynamoDB writes almost every value in one form: 12.5, never 1.25E1. For a table's
schema this module compiles, once,

- a struct type of the image, so that the codec picks out the columns' attributes
  and checks their DynamoDB types while it reads;
- for each column type a check of all such texts of a batch at once;
- an expression that makes the row. For a table with a string key, a bigint that is
  nested in a map, and a timestamp it is

      lambda change, image, t0: row(
          change.event_id, change.op, change.sequence, change.changed_at,
          image.f0.S,
          int(image.f1.M.f0.N) if image.f1.M.f0.N else None,
          t0 or None,
          change.before, change.after)

What is in any other form is left to `transform.values`, one value at a time, where
it is also counted when it does not fit. Both ways give the same row; a property
test holds them to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import chain
from typing import Annotated, Any

from msgspec import Meta, Raw, Struct, defstruct
from msgspec.json import Decoder

from transform.events import Change
from transform.schema import Column, Descriptor, Table
from transform.values import UnfitError, form, plain, plain_utc

# An attribute that is there has a text, so that "" can stand for one that is not.
_CheckedText = Annotated[str, Meta(min_length=1)]
# Into how many parts changes are taken apart when one is not plain: of 128 each is alone after three times.
_PARTS = 8
_Field = tuple[str, Any] | tuple[str, Any, Any]


class PlainRows:
    """Makes rows of one table's plain images; `row` is the struct of all its columns."""

    def __init__(self, table: Table, row: type[Struct]) -> None:
        root = _Node()
        reads = [_Read(column, table.descriptor(column), root.path(column, table)) for column in table.columns]
        self._decode = Decoder(root.struct("Image")).decode
        # The columns of one type stand together: so do the texts of that type, which are checked at once.
        checked = sorted((read for read in reads if read.plain), key=lambda read: read.column.type)
        self._texts = _compile(f"lambda image: ({''.join(f'{read.access}, ' for read in checked)})", {})
        types = [read.column.type for read in checked]
        self._plains = [  # each with its first column and the one after its last
            (plain_, types.index(type_), types.index(type_) + types.count(type_))
            for type_, plain_ in {read.column.type: read.plain for read in checked}.items()
            if plain_
        ]
        times = [read.access for read in checked if read.column.type == "timestamp"]
        self._first_time, self._times = (types.index("timestamp") if times else 0), len(times)
        names = [f"t{index}" for index in range(len(times))]
        time_names = dict(zip(times, names, strict=True))
        values = ", ".join(read.expression(time_names) for read in reads)
        self._make = _compile(
            f"lambda {', '.join(['change', 'image', *names])}: row("
            f"change.event_id, change.op, change.sequence, change.changed_at, {values}, change.before, change.after)",
            {"row": row, "int": int, "raw": Raw},
        )

    def rows(self, changes: Sequence[Change]) -> list[Struct | None]:
        """A row for each change, or None where the image is not plain.

        All at once; when one of them is not plain, each eighth by itself.
        """
        try:
            return self._rows(changes)
        except (ValueError, RecursionError):  # of another type or form, or no JSON: the careful way says which
            if len(changes) == 1:
                return [None]
        size = max(1, len(changes) // _PARTS)
        parts = (changes[start : start + size] for start in range(0, len(changes), size))
        return [row for part in parts for row in self.rows(part)]

    def _rows(self, changes: Sequence[Change]) -> list[Struct | None]:
        images = [self._decode(change.image) for change in changes]
        texts = [*chain.from_iterable(zip(*map(self._texts, images), strict=True))]
        count = len(changes)
        self._check(texts, count)
        first = self._first_time * count
        times = plain_utc(texts[first : first + self._times * count])
        columns = [times[index * count : (index + 1) * count] for index in range(self._times)]
        return [*map(self._make, changes, images, *columns)]

    def _check(self, texts: list[str], count: int) -> None:
        """UnfitError unless all these texts are plain and fit; they are so many of one column after another."""
        forms = form("\n".join(texts)).split(b"\n")
        if len(forms) != max(len(texts), 1):  # a text with a newline in it makes two
            raise UnfitError
        for plain_, start, end in self._plains:
            if not plain_.forms.issuperset(forms[start * count : end * count]):
                raise UnfitError
            if plain_.holds is not None and not plain_.holds(texts[start * count : end * count]):
                raise UnfitError


class _Read:
    """How one column is read from the decoded image; `access` is the expression for its content."""

    def __init__(self, column: Column, descriptor: Descriptor, attribute: str) -> None:
        self.column = column
        self.access = f"{attribute}.{descriptor}"
        self.plain = plain(column)

    def expression(self, time_names: dict[str, str]) -> str:
        """The expression for the value in the row."""
        match self.column.type:
            case "int" | "bigint":
                return f"int({self.access}) if {self.access} else None"
            case "double":
                return f"raw({self.access}) if {self.access} else None"
            case "timestamp":
                return f"{time_names[self.access]} or None"
            case _:
                return f"{self.access} or None" if self.plain else self.access


class _Node:
    """An attribute that columns read: as a scalar of one DynamoDB type, or as a map of further attributes."""

    def __init__(self) -> None:
        self.members: dict[str, _Node] = {}
        self.descriptor: Descriptor | None = None
        self.is_checked = False
        self.is_key = False

    def path(self, column: Column, table: Table) -> str:
        """Add a column's path; returns the expression for its attribute in the decoded `image`."""
        node, expression = self, "image"
        for depth, name in enumerate(column.attribute):
            child = node.members.setdefault(name, _Node())
            expression += f"{'.M' if depth else ''}.f{list(node.members).index(name)}"
            node = child
        node.descriptor = table.descriptor(column)
        node.is_checked = plain(column) is not None
        node.is_key = column in table.key_columns
        return expression

    def struct(self, name: str) -> type[Struct]:
        """The struct type of a map with these members; what no column reads is skipped."""
        fields: list[_Field] = []
        for index, member in enumerate(self.members.values()):
            attribute = member.attribute()
            fields.append((f"f{index}", attribute) if member.is_key else (f"f{index}", attribute, attribute()))
        rename = {f"f{index}": attribute_name for index, attribute_name in enumerate(self.members)}
        return defstruct(name, fields, frozen=True, gc=False, rename=rename)

    def attribute(self) -> type[Struct]:
        """The struct type of this attribute's value, such as {"S": text}; no other DynamoDB type is accepted.

        NULL is accepted for all but a key, which must be there.
        """
        if self.descriptor is not None:
            return _scalar(self.descriptor, self.is_checked, self.is_key)
        members = self.struct("Members")
        return _attribute(("M", members, members()), _NULL)


_NULL: _Field = ("NULL", bool, False)


@cache  # few types for many attributes: what the codec knows of them stays in the processor's cache
def _scalar(descriptor: Descriptor, is_checked: bool, is_key: bool) -> type[Struct]:
    content: Any = bool if descriptor == "BOOL" else _CheckedText if is_checked else str
    if is_key:
        return _attribute((descriptor, content))
    return _attribute((descriptor, content, "") if is_checked else (descriptor, content | None, None), _NULL)


def _attribute(*fields: _Field) -> type[Struct]:
    return defstruct("Attribute", fields, frozen=True, gc=False, forbid_unknown_fields=True)


def _compile(expression: str, names: dict[str, Any]) -> Callable[..., Any]:
    """The function that an expression of ours denotes; it has attributes' positions, never a schema's own text."""
    return eval(expression, {"__builtins__": {}, **names})  # noqa: S307 - three times as fast as operator.attrgetter
