"""A workload of your own: other tables, other items.

Write a module with a class that has `tables` (the names of those it writes to)
and `change`, which says what write n is:

    from decimal import Decimal
    from random import Random
    from loadgen import Delete, ItemWrite, Put, Update, WorkloadBase

    class Readings(WorkloadBase):
        def __init__(self, table: str) -> None:
            self.tables = (table, f"{table}-devices")

        def change(self, n: int, rng: Random) -> ItemWrite:
            device = f"device-{rng.randrange(1000)}"
            if n % 10 == 0:
                return Update(self.tables[1], {"id": device}, {"last": n})
            if n % 100 == 99:
                return Delete(self.tables[0], {"id": f"{device}/{rng.randrange(n)}"})
            return Put(self.tables[0], {"id": f"{device}/{n}", "celsius": Decimal(rng.randrange(400)) / 10})

and name it (here both tables have the partition key `id`, a string):

    python -m loadgen --rps 500 --workload readings:Readings --table readings

`table` is what --table, --stack or the sandbox say. `rng` has the same
numbers for the same seed and n, so `change` must depend on nothing else; then
runs are reproducible, however they are split. Values are plain Python: str,
int, Decimal, bool, None, bytes, lists, dicts, and sets of str, numbers or bytes.

A change of an item whose last change is unanswered is dropped, and counted. An
error in `change` ends the run: what is in flight is waited for and reported.
"""

from __future__ import annotations

import base64
import importlib
import random
import sys
import traceback
import zlib
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple, Protocol, cast

import msgspec
from msgspec import Struct

from loadgen.dynamodb.item import Attribute, item_size, write_units
from loadgen.dynamodb.writes import Target, Write, WriteResult
from loadgen.schedule.arrivals import Arrival
from loadgen.schedule.mix import Op
from stack import UserError

Value = object


class Put(Struct, frozen=True):
    """Write a whole item."""

    table: str
    item: Mapping[str, Value]


class Update(Struct, frozen=True):
    """Set attributes of an item, whether it is there or not; `key` has its key attributes."""

    table: str
    key: Mapping[str, Value]
    attributes: Mapping[str, Value]


class Delete(Struct, frozen=True):
    """Delete an item; `key` has its key attributes."""

    table: str
    key: Mapping[str, Value]


ItemWrite = Put | Update | Delete


class Script(Protocol):
    """What a workload of your own implements."""

    @property
    def tables(self) -> Sequence[str]:
        """The names of the tables that it writes to."""
        ...

    def change(self, n: int, rng: random.Random, /) -> ItemWrite:
        """Write n of the run, from 0; `rng` has its random numbers."""
        ...


class WorkloadBase:
    """Base of a workload: set `tables` and define `change`. Any class with both will do."""

    tables: Sequence[str] = ()

    def change(self, n: int, rng: random.Random, /) -> ItemWrite:
        """Write n of the run, from 0; `rng` has its random numbers. NotImplementedError unless it is defined."""
        raise NotImplementedError(f"{type(self).__name__} defines no change(n, rng)")


def load(name: str, table: str) -> Script:
    """The script called "module:Class", made for a table. UserError when it is not found."""
    module_name, colon, class_name = name.partition(":")
    if not colon:
        raise UserError(f"--workload {name} names no class: write it as module:Class.")
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and error.name in _packages(module_name):
            raise UserError(f"--workload {name}: there is no module {error.name!r} here or on the path.") from None
        raise UserError(f"--workload {name}: module {module_name!r} does not load: {_said(error)}.") from error
    made = cast("Callable[[str], object] | None", getattr(module, class_name, None))
    if made is None:
        raise UserError(f"--workload {name}: module {module_name!r} has no {class_name!r}.")
    try:
        script = made(table)
    except Exception as error:
        raise UserError(
            f"--workload {name}: {class_name}({table!r}) fails: {_said(error)}; "
            "a workload is made with the table's name alone."
        ) from error
    return _checked(name, script)


def _packages(module: str) -> set[str]:
    """A module's name and those of the packages that it is in."""
    parts = module.split(".")
    return {".".join(parts[:end]) for end in range(1, len(parts) + 1)}


def _checked(name: str, script: object) -> Script:
    """The script; UserError when it has no `tables` or no `change`."""
    tables = getattr(script, "tables", None)
    names = cast("Sequence[object]", tables) if isinstance(tables, list | tuple) else ()
    if not names or not all(isinstance(one, str) for one in names):
        raise UserError(f"--workload {name}: its `tables` must be a list of the tables' names, not {tables!r}.")
    if not callable(getattr(script, "change", None)):
        raise UserError(f"--workload {name}: it needs a method change(n, rng), which says what write n is.")
    return cast("Script", script)


def units_each(script: Script, writes: int = 100) -> float:
    """About how many write units a write of the script takes, by its first writes. UserError when one fails."""
    units = 0
    for n in range(writes):
        with _failing(n):
            units += write_units(_render(_change(script, n, random.Random(n))).size)
    return units / writes


class Scripted:
    """A script as a workload. `keys` are the key attributes of each table."""

    def __init__(
        self, script: Script, keys: Mapping[str, tuple[str, ...]], *, seed: int, segment: int = 0, segments: int = 1
    ) -> None:
        self._script = script
        self._keys = keys
        self._seed = seed
        self._segment = segment
        self._segments = segments
        self._busy: set[tuple[str, str]] = set()
        self.failure: str | None = None

    def arrivals(self, offsets_ns: Iterator[int]) -> Iterator[Arrival]:
        """The segment's part of the arrivals: an item's key says whose it is, so that one segment writes all of it."""
        for arrival, offset_ns in enumerate(offsets_ns):
            try:
                with _failing(arrival):
                    change = _change(self._script, arrival, random.Random(f"{self._seed}/{arrival}"))
                    key = self._key(change)
                    if self._segments > 1 and zlib.crc32(key.encode()) % self._segments != self._segment:
                        continue
                    rendered = _render(change)
            except UserError as error:
                self.failure = str(error)
                return
            yield Arrival(arrival, offset_ns, rendered.op, arrival, 0, (key, rendered))

    def write(self, arrival: Arrival) -> Write | None:
        """Render the change that was drawn; None when the item's last change is unanswered."""
        key, rendered = cast("tuple[str, _Rendered]", arrival.subject)
        if (rendered.table, key) in self._busy:
            return None
        self._busy.add((rendered.table, key))
        op, target, table, parameters, size = rendered
        # The ledger's version 0: what a version of the item would be, only its script knows.
        return Write(op, target, table, key, 0, (parameters,), write_units(size))

    def finish(self, write: Write, result: WriteResult) -> None:  # noqa: ARG002 - whatever became of it, the item may be written
        """The item may be written again."""
        self._busy.discard((write.table, write.key))

    def _key(self, change: ItemWrite) -> str:
        values = change.item if isinstance(change, Put) else change.key
        names = self._keys.get(change.table)
        if names is None:
            raise ValueError(f"{change.table!r} is not one of its `tables`")
        missing = [name for name in names if name not in values]
        if missing:
            raise ValueError(f"{change.table!r} has the key attribute {missing[0]!r}, which is missing")
        return "/".join(_text(attribute(values[name])) for name in names)


class _Rendered(NamedTuple):
    """A change: the kind of write, its operation, its parameters and about how many bytes it touches."""

    op: Op
    target: Target
    table: str
    parameters: bytes
    size: int


@contextmanager
def _failing(n: int) -> Generator[None]:
    """UserError tells what the script's write n fails with, and where."""
    try:
        yield
    except Exception as error:
        raise UserError(f"The workload failed at write {n} with {_said(error)}.") from error


def _said(error: BaseException) -> str:
    """An error in a line: its type, its text and the user's line that raised it."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename != __file__ and not frame.filename.startswith("<frozen")
    ]
    place = (frames[-1].filename, frames[-1].lineno) if frames else (None, None)
    text = str(error)
    if isinstance(error, SyntaxError) and error.filename is not None:
        place, text = (error.filename, error.lineno), error.msg
    where = f", at {Path(place[0]).name}:{place[1]}" if place[0] is not None else ""
    return f"{type(error).__name__}: {text}{where}"


def _change(script: Script, n: int, rng: random.Random) -> ItemWrite:
    """What the script says write n is. TypeError when that is no write."""
    change = cast("object", script.change(n, rng))
    if not isinstance(change, Put | Update | Delete):
        raise TypeError(f"change returned {change!r}, which is no Put, Update or Delete")
    return change


def _render(change: ItemWrite) -> _Rendered:
    if isinstance(change, Put):
        item = _attributes(change.item)
        return _Rendered("insert", "PutItem", change.table, b'"Item":' + msgspec.json.encode(item), item_size(item))
    key = _attributes(change.key)
    parameters = b'"Key":' + msgspec.json.encode(key)
    if isinstance(change, Delete):
        return _Rendered("delete", "DeleteItem", change.table, parameters, item_size(key))
    values = _attributes(change.attributes)
    names = {f"#{number}": name for number, name in enumerate(values)}
    expression = {
        "UpdateExpression": "SET " + ",".join(f"#{number}=:{number}" for number in range(len(values))),
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": {f":{number}": value for number, value in enumerate(values.values())},
    }
    parameters += b"," + msgspec.json.encode(expression)[1:-1]
    return _Rendered("update", "UpdateItem", change.table, parameters, item_size(key) + item_size(values))


def _attributes(values: Mapping[str, Value]) -> dict[str, Attribute]:
    return {name: attribute(value) for name, value in values.items()}


def attribute(value: Value) -> Attribute:
    """A plain Python value as a DynamoDB attribute in JSON form. TypeError for what DynamoDB cannot hold."""
    match value:
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": value}
        case int() | Decimal():
            return {"N": str(value)}
        case bytes():
            return {"B": _base64(value)}
        case None:
            return {"NULL": True}
        case dict():
            return {"M": _attributes(cast("dict[str, Value]", value))}
        case list() | tuple():
            return {"L": [attribute(element) for element in cast("Sequence[Value]", value)]}
        case set() | frozenset():
            return _set(cast("set[Value]", value))
        case _:
            raise TypeError(f"{value!r} is of no type that DynamoDB holds: floats must be Decimal")


def _set(values: set[Value]) -> Attribute:
    if values and all(isinstance(value, str) for value in values):
        return {"SS": sorted(cast("set[str]", values))}
    if values and all(isinstance(value, bytes) for value in values):
        return {"BS": sorted(map(_base64, cast("set[bytes]", values)))}
    if values and all(isinstance(value, int | Decimal) and not isinstance(value, bool) for value in values):
        return {"NS": sorted(map(str, values))}
    raise TypeError(f"{values!r} is no set that DynamoDB holds: all str, all numbers or all bytes, and not empty")


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _text(value: Attribute) -> str:
    return str(next(iter(value.values())))
