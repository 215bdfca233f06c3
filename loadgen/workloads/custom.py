"""A user's workload: other tables, other items.

Write a module with a class that has `tables` (the names of the tables that it writes to) and `change`, which returns
write n:

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

`table` is the name from --table, --stack or the sandbox. `rng` has the same numbers for the same seed and n, so
`change` must depend on nothing else; then runs are reproducible for every number of segments. Values are plain Python:
str, int, Decimal, bool, None, bytes, lists, dicts, and sets of str, numbers or bytes.

`change` may also return a `Get` or a `QueryItems` of an item, or a `Transact` with several writes,
which are applied together or not at all; all but a `QueryItems` name whole keys.

A change of an item whose last change is unanswered is dropped, and counted. An
error in `change` ends the run: what is in flight is waited for and reported.
"""

from __future__ import annotations

import importlib
import inspect
import random
import secrets
import sys
import traceback
import zlib
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol, cast

import msgspec
from msgspec import Struct

from loadgen.dynamodb.item import Attribute, item_size, write_units
from loadgen.dynamodb.writes import CLOSING, Target, Transaction, Write, WriteResult, opening, transaction
from loadgen.schedule.arrivals import Arrival
from loadgen.schedule.mix import READS, Op
from loadgen.workloads.attributes import Value, attribute, attributes, text
from stack import UserError


class Put(Struct, frozen=True):
    """Write a whole item."""

    table: str
    item: Mapping[str, Value]


class Update(Struct, frozen=True):
    """Set attributes of an item, and create it if it does not exist; `key` has its key attributes."""

    table: str
    key: Mapping[str, Value]
    attributes: Mapping[str, Value]


class Delete(Struct, frozen=True):
    """Delete an item; `key` has its key attributes."""

    table: str
    key: Mapping[str, Value]


class Get(Struct, frozen=True):
    """Read an item, strongly consistent; `key` has its key attributes."""

    table: str
    key: Mapping[str, Value]


class QueryItems(Struct, frozen=True):
    """Read the items with this `key`: the partition key's value, and the sort key's if it is given.

    Strongly consistent, one page.
    """

    table: str
    key: Mapping[str, Value]


class Transact(Struct, frozen=True):
    """Up to 100 writes that are applied together or not at all, no two of the same item."""

    writes: Sequence[Put | Update | Delete]


_MAX_TRANSACTION = 100
_READING: dict[str, object] = {"ConsistentRead": True, "ReturnConsumedCapacity": "TOTAL"}
ItemWrite = Put | Update | Delete | Get | QueryItems | Transact


class Script(Protocol):
    """The interface of a user's workload."""

    @property
    def tables(self) -> Sequence[str]:
        """The names of the tables that the workload writes to."""
        ...

    def change(self, n: int, rng: random.Random, /) -> ItemWrite:
        """Return write n of the run, from 0; `rng` has its random numbers."""
        ...


class WorkloadBase:
    """Optional base of a workload: any class with `tables` and `change` is one."""

    tables: Sequence[str] = ()

    def change(self, n: int, rng: random.Random, /) -> ItemWrite:
        """Return write n of the run, from 0; `rng` has its random numbers. Subclasses must define it."""
        raise NotImplementedError(f"{type(self).__name__} defines no change(n, rng)")


def load(name: str, table: str) -> Script:
    """Load the script "module:Class" and construct it for a table. Raises: UserError: it is not found, or it fails.

    Every exception is its own, an interrupt too: Ctrl-C is a signal that the event loop handles between its callbacks.
    """
    module_name, colon, class_name = name.partition(":")
    if not colon:
        raise UserError(f"--workload {name} names no class: write it as module:Class.")
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        module = importlib.import_module(module_name)
    except BaseException as error:
        if isinstance(error, ModuleNotFoundError) and error.name in _packages(module_name):
            raise UserError(f"--workload {name}: there is no module {error.name!r} here or on the path.") from None
        raise UserError(f"--workload {name}: module {module_name!r} does not load: {_said(error)}.") from error
    made = cast("Callable[[str], object] | None", getattr(module, class_name, None))
    if made is None:
        raise UserError(f"--workload {name}: module {module_name!r} has no {class_name!r}.")
    try:
        script = made(table)
    except BaseException as error:
        raise UserError(
            f"--workload {name}: {class_name}({table!r}) fails: {_said(error)}; "
            "a workload is made with the table's name alone."
        ) from error
    return _checked(name, script)


def _packages(module: str) -> set[str]:
    """Return the names of a module and of its packages."""
    parts = module.split(".")
    return {".".join(parts[:end]) for end in range(1, len(parts) + 1)}


def _checked(name: str, script: object) -> Script:
    """Return the script. Raises: UserError: it has no `tables` or no `change`."""
    tables = getattr(script, "tables", None)
    names = cast("Sequence[object]", tables) if isinstance(tables, list | tuple) else ()
    if not names or not all(isinstance(one, str) for one in names):
        raise UserError(f"--workload {name}: its `tables` must be a list of the tables' names, not {tables!r}.")
    change = getattr(script, "change", None)
    if not callable(change) or inspect.iscoroutinefunction(change):
        raise UserError(f"--workload {name}: it needs a method change(n, rng), not async, which returns write n.")
    return cast("Script", script)


def units_each(script: Script, writes: int = 100) -> float:
    """Estimate the write units per write from the script's first writes. Raises: UserError: one of them fails."""
    units = 0
    for n in range(writes):
        with _failing(n):
            units += _units(_change(script, n, random.Random(n)))
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
        self._token = secrets.token_hex(8)
        self.failure: str | None = None

    def arrivals(self, offsets_ns: Iterator[int]) -> Iterator[Arrival]:
        """Yield the segment's arrivals: an item's key determines the segment, so one segment makes all its writes."""
        for arrival, offset_ns in enumerate(offsets_ns):
            try:
                with _failing(arrival):
                    change = _change(self._script, arrival, random.Random(f"{self._seed}/{arrival}"))
                    parts = change.writes if isinstance(change, Transact) else (change,)
                    keys = [self._key(each) for each in parts]
                    if self._segments > 1 and zlib.crc32(keys[0].encode()) % self._segments != self._segment:
                        continue
                    rendered = tuple(_render(each, key) for each, key in zip(parts, keys, strict=True))
            except UserError as error:
                self.failure = str(error)
                return
            op = "transact" if isinstance(change, Transact) else rendered[0].op
            yield Arrival(arrival, offset_ns, op, arrival, 0, rendered)

    def write(self, arrival: Arrival) -> Write | None:
        """Render the drawn change; None when the last change of one of its items is unanswered."""
        rendered = cast("tuple[_Rendered, ...]", arrival.subject)
        if arrival.op in READS:
            return rendered[0].write()
        places = {(one.table, one.key) for one in rendered}
        if not self._busy.isdisjoint(places):
            return None
        self._busy |= places
        if arrival.op == "transact":
            return transaction(tuple(one.write() for one in rendered), f"{self._token}-{arrival.index:x}")
        return rendered[0].write()

    def finish(self, write: Write, result: WriteResult) -> None:  # noqa: ARG002 - any result unlocks the item
        """Allow further writes of the item, or of a transaction's items."""
        if write.op not in READS:
            for change in write.changes if isinstance(write, Transaction) else (write,):
                self._busy.discard((change.table, change.key))

    def _key(self, change: Put | Update | Delete | Get | QueryItems) -> str:
        values = change.item if isinstance(change, Put) else change.key
        names = self._keys.get(change.table)
        if names is None:
            raise ValueError(f"{change.table!r} is not one of its `tables`")
        if isinstance(change, QueryItems):
            names = tuple(name for number, name in enumerate(names) if number == 0 or name in values)
            if extra := [name for name in values if name not in names]:
                raise ValueError(f"{change.table!r} has no key attribute {extra[0]!r} to query by")
        missing = [name for name in names if name not in values]
        if missing:
            raise ValueError(f"{change.table!r} has the key attribute {missing[0]!r}, which is missing")
        return "/".join(text(attribute(values[name])) for name in names)


class _Rendered(NamedTuple):
    """A change or a read: its kind, its operation, its item, its parameters and its write units."""

    op: Op
    target: Target
    table: str
    key: str
    parameters: bytes
    units: int

    def write(self) -> Write:
        """Return the write, with the ledger's version 0 because only the script could define an item's version."""
        pieces = (opening(self.table), self.parameters, CLOSING)
        return Write(self.target, pieces, self.op, self.table, self.key, 0, self.units)


@contextmanager
def _failing(n: int) -> Generator[None]:
    """Return a UserError with the failure of the script's write n and its line."""
    try:
        yield
    except BaseException as error:
        raise UserError(f"The workload failed at write {n} with {_said(error)}.") from error


def _said(error: BaseException) -> str:
    """Format an error in one line: its type, its text and the user's line that raised it."""
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
    return f"{type(error).__name__}{': ' if text else ''}{text}{where}"


def _change(script: Script, n: int, rng: random.Random) -> ItemWrite:
    """Return the script's write n. Raises: TypeError: the result is not a write."""
    change = cast("object", script.change(n, rng))
    if not isinstance(change, ItemWrite):
        raise TypeError(f"change returned {change!r}, which is not a Put, Update, Delete, Get, QueryItems or Transact")
    if isinstance(change, Transact):
        if not 1 <= len(change.writes) <= _MAX_TRANSACTION:
            raise ValueError(f"a transaction has 1 to {_MAX_TRANSACTION} writes, not {len(change.writes)}")
        for one in cast("Sequence[object]", change.writes):
            if not isinstance(one, Put | Update | Delete):
                raise TypeError(f"a transaction has {one!r}, which is not a Put, Update or Delete")
    return change


def _units(change: ItemWrite) -> int:
    """Return the write units of a change."""
    if isinstance(change, Transact):
        return 2 * sum(_render(each).units for each in change.writes)
    return _render(change).units


def _render(change: Put | Update | Delete | Get | QueryItems, key_text: str = "") -> _Rendered:
    if isinstance(change, Put):
        item = attributes(change.item)
        parameters = b'"Item":' + msgspec.json.encode(item)
        return _Rendered("insert", "PutItem", change.table, key_text, parameters, write_units(item_size(item)))
    key = attributes(change.key)
    if isinstance(change, QueryItems):
        condition = " AND ".join(f"#{number}=:{number}" for number in range(len(key)))
        query = {"KeyConditionExpression": condition} | _placeholders(key) | _READING
        return _Rendered("query", "Query", change.table, key_text, msgspec.json.encode(query)[1:-1], 0)
    parameters = b'"Key":' + msgspec.json.encode(key)
    if isinstance(change, Get):
        parameters += b"," + msgspec.json.encode(_READING)[1:-1]
        return _Rendered("get", "GetItem", change.table, key_text, parameters, 0)
    if isinstance(change, Delete):
        return _Rendered("delete", "DeleteItem", change.table, key_text, parameters, write_units(item_size(key)))
    values = attributes(change.attributes)
    assignments = ",".join(f"#{number}=:{number}" for number in range(len(values)))
    expression = {"UpdateExpression": f"SET {assignments}"} | _placeholders(values)
    parameters += b"," + msgspec.json.encode(expression)[1:-1]
    units = write_units(item_size(key) + item_size(values))
    return _Rendered("update", "UpdateItem", change.table, key_text, parameters, units)


def _placeholders(values: Mapping[str, Attribute]) -> dict[str, object]:
    """Return names and values with an expression's placeholders: #0 and :0 for the first."""
    return {
        "ExpressionAttributeNames": {f"#{number}": name for number, name in enumerate(values)},
        "ExpressionAttributeValues": {f":{number}": value for number, value in enumerate(values.values())},
    }
