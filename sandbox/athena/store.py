"""The loaded objects of the lake: one DuckDB file with each object's rows once.

An object with the same ETag never changes, so the cost of a query is the listing and the new objects since the previous
one. A query reads exactly the objects that were listed for it, through a temporary table of object numbers and
partition values; a stored row only refers to its object. The rows of an Iceberg table's files are dropped when no
snapshot has the file any more, behind the last query that reads them.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Collection, Generator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from sandbox.athena import casts, planning
from sandbox.athena.catalogue import CatalogueTable, Storage, TypedColumn
from sandbox.athena.conversions.texts import MACROS as TEXTS
from sandbox.athena.delimited import DelimitedReader, LazySimpleReader, OpenCsvReader
from sandbox.athena.errors import StatementError
from sandbox.athena.holds import Holds, RunningQuery
from sandbox.athena.native import Library
from sandbox.athena.objects import Objects, S3Object
from sandbox.athena.partitions import Found
from sandbox.athena.rows import LineReader
from sandbox.athena.sql import identifier, literal, select
from sandbox.athena.types import parse

_log = logging.getLogger(__name__)
_BATCH_BYTES = 32 * 2**20
_BATCH_OBJECTS = 256
_READERS = 4
_THREADS = 4
"""DuckDB's threads, of which the two branches of a view wait less for one than of as many as there are cores."""
RESULTS = ("athena_ip_text", "athena_local", "athena_shown_order")
"""The macros that a result's texts call besides those of `TEXTS`."""
_SAMPLE_ROWS = 2048
"""The number of a table's first rows that determine how its columns are stored."""
_SHORT_BYTES = 64
_LAYOUT = "2"  # part of each data table's name: increase it when the stored form of an object changes


@dataclass(frozen=True)
class Slice:
    """One storage format of a table: the DuckDB table of its rows, and the required objects by number.

    `finer` are the places of the columns of timestamps that have a value between two milliseconds.
    """

    name: str
    objects: tuple[tuple[int, Found], ...]
    finer: frozenset[int] = frozenset()


class RowStore:
    """The DuckDB file of the loaded rows. Thread-safe."""

    def __init__(self, path: Path, objects: Objects, *, memory: str = "2GB", threads: int = _THREADS) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._objects = objects
        self._path = path
        self._library = planning.library()
        self._connection = _open(path, memory, threads, self._library)
        self._locks: dict[str, threading.Lock] = {}
        self._known: dict[str, dict[S3Object, int]] = {}
        self._finer: dict[str, set[int]] = {}
        self._lock = threading.Lock()
        self._holds = Holds()
        self._read = ThreadPoolExecutor(_READERS, thread_name_prefix="read")
        self._load_known()

    def close(self) -> None:
        """Write everything to the file and close it."""
        self._read.shutdown()
        self._connection.close()

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A separate connection to the same data."""
        return self._connection.cursor()

    def require(self, sql: str) -> None:
        """Create the macros and functions that a plan's SQL calls."""
        self._library.require(self._connection, sql)

    def text(self, sql: str) -> str | None:
        """The text that a constant's SQL gives; None if it gives none, or fails."""
        try:
            self.require(sql)
            with closing(self.cursor()) as cursor:
                (found,) = cursor.execute(f"SELECT {sql}").fetchone() or (None,)
        except duckdb.Error:
            return None
        return found if isinstance(found, str) else None

    @contextmanager
    def reading(self) -> Generator[RunningQuery]:
        """A query's reading, from before it looks up its tables to its end: what it loads stays as long."""
        reading = self._holds.begin()
        try:
            yield reading
        finally:
            for name in self._holds.end(reading):
                self._drop(name)

    def keep(self, database: str, table: str, files: Collection[S3Object]) -> None:
        """Drop the rows of an Iceberg table's other files than these, which are those of all its snapshots."""
        self._holds.keep(f"{database}.{table}", files)
        for name in [name for name in list(self._known) if name.rpartition("/")[0] == f"{database}.{table}"]:
            self._drop(name, files)

    def load(
        self, table: CatalogueTable, found: Sequence[Found], stopped: Callable[[], bool], reading: RunningQuery
    ) -> list[Slice]:
        """Load the rows of those objects that are not yet in the store.

        `stopped` is polled between batches.

        Raises:
            StatementError: an object cannot be read.
        """
        slices: list[Slice] = []
        by_storage: dict[tuple[str, str], list[Found]] = {}
        for entry in found:
            key = (entry.storage.format, repr(sorted(entry.storage.parameters.items())))
            by_storage.setdefault(key, []).append(entry)
        if not by_storage and table.storage is not None:
            by_storage["", ""] = []
        for entries in by_storage.values():
            storage = entries[0].storage if entries else table.storage
            if storage is not None:
                slices.append(self._slice(table, storage, entries, stopped, reading))
        return slices

    def _slice(
        self,
        table: CatalogueTable,
        storage: Storage,
        entries: list[Found],
        stopped: Callable[[], bool],
        reading: RunningQuery,
    ) -> Slice:
        name = _data_table(table, storage)
        with self._locked(name):
            missing = sorted({entry.item for entry in entries} - self._known.get(name, {}).keys(), key=_key)
            if not missing and name not in self._known:
                self._connection.cursor().execute(_definition(name, table.columns))
                self._known[name] = {}
            for batch in _batches(missing):
                if stopped():
                    break
                self._ingest(name, table, storage, batch)
            known = self._known.get(name, {})
            if table.objects is not None:
                loaded = (entry.item for entry in entries if entry.item in known)
                self._holds.take(reading, f"{table.database}.{table.name}", name, loaded)
            objects = tuple((known[entry.item], entry) for entry in entries if entry.item in known)
            return Slice(name, objects, frozenset(self._finer.get(name, ())))

    def _locked(self, name: str) -> threading.Lock:
        with self._lock:
            return self._locks.setdefault(name, threading.Lock())

    def _drop(self, name: str, kept: Collection[S3Object] | None = None) -> None:
        """Drop the rows of a data table's condemned objects, and of those that are not `kept`, if no query holds them.

        What DuckDB cannot drop now stays condemned: it costs space alone.
        """
        with self._locked(name), closing(self._connection.cursor()) as cursor:
            known = self._known[name]
            if kept is not None:
                self._holds.condemn(name, known.keys() - kept)
            free = self._holds.free(name)
            numbers = [known[item] for item in free if item in known]
            if not numbers:
                return
            among = "IN (SELECT unnest(?::INTEGER[]))"
            cursor.execute("BEGIN")
            try:
                cursor.execute(f'DELETE FROM "{name}" WHERE object {among}', [numbers])  # noqa: S608 - our own name
                cursor.execute(f"DELETE FROM objects WHERE name = ? AND number {among}", [name, numbers])  # noqa: S608
                cursor.execute("COMMIT")
            except duckdb.Error as error:
                cursor.execute("ROLLBACK")
                self._holds.condemn(name, free)
                _log.warning("%s: rows of objects without a snapshot cannot be dropped: %s", name, error)
                return
            for item in free:
                known.pop(item, None)

    def _ingest(self, name: str, table: CatalogueTable, storage: Storage, batch: list[S3Object]) -> None:
        known = self._known.get(name)
        start = max((known or {}).values(), default=0) + 1
        numbers = dict(zip(batch, range(start, start + len(batch)), strict=True))
        cursor = self._connection.cursor()
        with TemporaryDirectory(dir=self._path.parent, prefix="batch-") as directory:
            if storage.format == "parquet":
                select = self._parquet(cursor, Path(directory), table, numbers)
            else:
                select = self._lines(Path(directory), table, storage, numbers)
            cursor.execute("BEGIN")
            try:
                if known is None:
                    cursor.execute(_definition(name, table.columns, _unique_texts(cursor, select, table.columns)))
                cursor.execute(f'INSERT INTO "{name}" {select}')
                cursor.execute(
                    "INSERT INTO objects SELECT ?, unnest(?::INTEGER[]), unnest(?::VARCHAR[]), unnest(?::VARCHAR[]),"
                    " unnest(?::VARCHAR[]), unnest(?::BIGINT[])",
                    [name, list(numbers.values()), *_columns_of(numbers)],
                )
                finer = _between_milliseconds(cursor, name, table.columns, numbers.values())
                cursor.execute("INSERT INTO finer SELECT ?, unnest(?::INTEGER[])", [name, finer])
                cursor.execute("COMMIT")
            except duckdb.Error as error:
                cursor.execute("ROLLBACK")
                message = str(error).partition("HIVE_BAD_DATA: ")[2] or f"Table {table.name}: {error}"
                raise StatementError("HIVE_BAD_DATA", message) from error
        self._known.setdefault(name, {}).update(numbers)
        self._finer.setdefault(name, set()).update(finer)

    def _lines(self, directory: Path, table: CatalogueTable, storage: Storage, numbers: dict[S3Object, int]) -> str:
        reader = _reader(table, storage)
        rows = directory / "rows.json"
        texts = self._read.map(self._objects.read_text, numbers)
        with rows.open("wb") as out:
            for (item, number), text in zip(numbers.items(), texts, strict=True):
                out.writelines(reader.lines(text, number, item.path))
        columns = list(enumerate(table.columns))
        types = "".join(f", 'c{i}': 'VARCHAR'" for i, _ in columns)
        read = f"read_json({literal(rows)}, format = 'newline_delimited', columns = {{'object': 'INTEGER'{types}}})"
        values = [f"c{i}, {casts.from_text(f'c{i}', column.type)} AS v{i}" for i, column in columns]
        selected = [
            f"v{i}" if reader.ignore_malformed else casts.checked(f"c{i}", f"v{i}", i, column.type)
            for i, column in columns
        ]
        return select(["object", *selected], f"({select(['object', *values], read)})")

    def _parquet(
        self, cursor: duckdb.DuckDBPyConnection, directory: Path, table: CatalogueTable, numbers: dict[S3Object, int]
    ) -> str:
        for item, content in zip(numbers, self._read.map(self._objects.read, numbers), strict=True):
            (directory / f"{numbers[item]}.parquet").write_bytes(content)
        source = f"read_parquet({literal(directory / '*.parquet')}, union_by_name = true, filename = 'object path')"
        try:
            described = cursor.execute(f"DESCRIBE FROM {source}").fetchall()
        except duckdb.Error as error:
            detail = str(error).partition("\n")[0].replace(str(directory), "")
            raise StatementError("HIVE_BAD_DATA", f"Not valid Parquet file: table {table.name}: {detail}") from error
        stored = {str(row[0]).lower(): (str(row[0]), parse(str(row[1]))) for row in described}
        selected = ["CAST(regexp_extract(\"object path\", '(\\d+)\\.parquet$', 1) AS INTEGER)"]
        for column in table.columns:
            name, type_ = stored.get(column.name, ("", column.type))
            sql = casts.from_parquet(identifier(name), type_, column.type) if name else "NULL"
            if sql is None:
                message = (
                    f"Field {column.name}'s type {type_.athena} in the parquet files of table {table.name} "
                    f"is incompatible with type {column.type.athena} defined in table schema"
                )
                raise StatementError("HIVE_BAD_DATA", message)
            selected.append(sql)
        return select(selected, source)

    def _load_known(self) -> None:
        for name, number, bucket, key, etag, size in self._connection.execute("FROM objects").fetchall():
            self._known.setdefault(name, {})[S3Object(bucket, key, etag, size)] = number
        for (name,) in self._connection.execute("SELECT table_name FROM duckdb_tables()").fetchall():
            if name not in {"objects", "finer"}:
                self._known.setdefault(name, {})
        for name, place in self._connection.execute("SELECT DISTINCT name, place FROM finer").fetchall():
            self._finer.setdefault(name, set()).add(place)


def _reader(table: CatalogueTable, storage: Storage) -> LineReader | DelimitedReader:
    if storage.format == "text":
        return LazySimpleReader(table.columns, storage.parameters)
    if storage.format == "csv":
        return OpenCsvReader(table.columns, storage.parameters)
    return LineReader([column.name for column in table.columns], storage.parameters)


def _open(path: Path, memory: str, threads: int, library: Library) -> duckdb.DuckDBPyConnection:
    """Open the DuckDB file, or recreate it if it is unreadable: all its data can be reloaded.

    What each store has is created in one transaction: each one waits until the disk has it.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory,
        "threads": threads,
        "temp_directory": str(path.parent / "spill"),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        # It gives rows that do not exist, in DuckDB 2.0.1, where equal joins are below a LATERAL and a condition.
        "disabled_optimizers": "common_subplan",
    }
    try:
        connection = duckdb.connect(path, config=config)
        layout = connection.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'objects'").fetchone()
    except duckdb.Error as error:
        if "lock" in str(error).lower():
            raise
        _log.warning("starting over: %s cannot be read: %s", path, error)
        for stale in (path, path.with_name(path.name + ".wal")):
            stale.unlink(missing_ok=True)
        connection, layout = duckdb.connect(path, config=config), (0,)
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    connection.execute("BEGIN")
    if layout == (0,):
        connection.execute(
            "CREATE TABLE objects"
            " (name VARCHAR, number INTEGER, bucket VARCHAR, key VARCHAR, etag VARCHAR, size BIGINT)"
        )
    connection.execute("CREATE TABLE IF NOT EXISTS finer (name VARCHAR, place INTEGER)")
    for macro in casts.MACROS:
        connection.execute(f"CREATE OR REPLACE MACRO {macro}")
    library.require(connection, " ".join((*TEXTS, *RESULTS)))
    connection.execute("COMMIT")
    return connection


def _data_table(table: CatalogueTable, storage: Storage) -> str:
    """The name of the DuckDB table for rows of this storage format and these columns."""
    reading = [_LAYOUT, storage.format, sorted(storage.parameters.items())]
    columns = [(column.name, column.type.glue) for column in table.columns]
    digest = hashlib.sha256(repr((reading, columns)).encode()).hexdigest()[:16]
    return f"{table.database}.{table.name}/{digest}"


def _definition(name: str, columns: Sequence[TypedColumn], unique: Collection[int] = ()) -> str:
    """The statement that creates a data table; the columns at the places in `unique` are stored as they are."""
    stored = (
        f", c{i} {column.type.duckdb}{' USING COMPRESSION uncompressed' if i in unique else ''}"
        for i, column in enumerate(columns)
    )
    return f'CREATE TABLE "{name}" (object INTEGER{"".join(stored)})'


def _unique_texts(cursor: duckdb.DuckDBPyConnection, rows: str, columns: Sequence[TypedColumn]) -> list[int]:
    """The places of the columns of short texts of which hardly any repeats in the first rows, such as keys.

    DuckDB compresses texts by a dictionary and by symbols. Of texts that repeat it reads each once; unique ones take
    half the bytes, and three times the time of a scan or a join.
    """
    places = [i for i, column in enumerate(columns) if column.type.duckdb == "VARCHAR"]
    tests = [
        f"count(DISTINCT c{i}) > 0.9 * {_SAMPLE_ROWS} AND max(strlen(c{i})) <= {_SHORT_BYTES} AS t{i}" for i in places
    ]
    names = ", ".join(["object", *(f"c{i}" for i in range(len(columns)))])
    sample = f"(FROM ({rows}) LIMIT {_SAMPLE_ROWS}) AS r({names})"
    found = cursor.execute(select(["count(*)", *tests], sample)).fetchone() or ()
    return [place for place, unique in zip(places, found[1:], strict=True) if unique]


def _between_milliseconds(
    cursor: duckdb.DuckDBPyConnection, name: str, columns: Sequence[TypedColumn], numbers: Iterable[int]
) -> list[int]:
    """The places of the columns of timestamps that have a value between two milliseconds in these objects."""
    places = [i for i, column in enumerate(columns) if column.type.duckdb == "TIMESTAMP"]
    if not places:
        return []
    tests = [f"coalesce(bool_or(epoch_us(c{i}) % 1000 <> 0), false)" for i in places]
    rows = f"{identifier(name)} WHERE object IN (SELECT unnest(?::INTEGER[]))"
    found = cursor.execute(select(tests, rows), [list(numbers)]).fetchone() or ()
    return [place for place, finer in zip(places, found, strict=True) if finer]


def _key(item: S3Object) -> str:
    return item.key


def _batches(items: Sequence[S3Object]) -> Iterable[list[S3Object]]:
    batch: list[S3Object] = []
    size_bytes = 0
    for item in items:
        if batch and (len(batch) >= _BATCH_OBJECTS or size_bytes + item.size > _BATCH_BYTES):
            yield batch
            batch, size_bytes = [], 0
        batch.append(item)
        size_bytes += item.size
    if batch:
        yield batch


def _columns_of(items: Iterable[S3Object]) -> tuple[list[str], list[str], list[str], list[int]]:
    listed = list(items)
    return [o.bucket for o in listed], [o.key for o in listed], [o.etag for o in listed], [o.size for o in listed]
