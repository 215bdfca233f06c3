"""UPDATE, DELETE and MERGE as queries: the files of a table that they change, and the remaining rows of those.

https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-updating-iceberg-table-data.html. Iceberg tables are
written copy-on-write, so a change replaces each file that has a changed row by one with the remaining rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sandbox.athena.errors import StatementError
from sandbox.athena.sql import identifier, literal, select
from sandbox.athena.statements.tokens import Reader

PATH = '"$path"'
FILE = '"$file"'
PRESENT = '"$present"'
ROW = '"$row"'


@dataclass(frozen=True)
class Changed:
    """`touched` returns the paths of the files with changed rows, `count` the number of rows changed.

    `rows` returns the rows that replace files, by their paths: the remaining rows, and new ones. `repeated` returns the
    largest number of source rows that match one row of the target; empty if that is not an error.
    """

    rows: Callable[[Sequence[str]], str]
    touched: str
    count: str
    repeated: str = ""


def delete(text: str, columns: Sequence[str]) -> Changed:
    """DELETE FROM t [[AS] alias] [WHERE condition]."""
    reader = Reader(text)
    reader.take("DELETE", "FROM")
    source, _ = _source(reader, ("WHERE",))
    condition = reader.rest() if reader.accepts("WHERE") else "true"
    reader.end()
    named = ", ".join(map(identifier, columns))
    return Changed(
        lambda paths: select([named], f"{source} WHERE NOT coalesce(({condition}), false) AND {among(PATH, paths)}"),
        select([f"DISTINCT {PATH}"], f"{source} WHERE ({condition})"),
        select(["count(*)"], f"{source} WHERE ({condition})"),
    )


def update(text: str, columns: Sequence[str]) -> Changed:
    """UPDATE t [[AS] alias] SET column = value, … [WHERE condition]."""
    reader = Reader(text)
    reader.take("UPDATE")
    source, _ = _source(reader, ("SET",))
    reader.take("SET")
    values = dict(_assignments(reader, lambda: reader.sees("WHERE")))
    condition = reader.rest() if reader.accepts("WHERE") else "true"
    reader.end()
    _check(values, columns)
    new = [
        f"CASE WHEN ({condition}) THEN {values[name]} ELSE {identifier(name)} END AS {identifier(name)}"
        if name in values
        else identifier(name)
        for name in columns
    ]
    return Changed(
        lambda paths: select(new, f"{source} WHERE {among(PATH, paths)}"),
        select([f"DISTINCT {PATH}"], f"{source} WHERE ({condition})"),
        select(["count(*)"], f"{source} WHERE ({condition})"),
    )


def among(path: str, paths: Sequence[str]) -> str:
    """The condition that a row belongs to one of these files."""
    return f"{path} IN ({', '.join(map(literal, paths))})" if paths else "false"


@dataclass(frozen=True)
class _Clause:
    """WHEN [NOT] MATCHED [AND condition] THEN …: `values` by column; empty for DELETE."""

    matched: bool
    condition: str
    values: dict[str, str]
    deletes: bool


def merge(text: str, columns: Sequence[str]) -> Changed:
    """MERGE INTO t [[AS] alias] USING source [[AS] alias] ON condition WHEN …."""
    reader = Reader(text)
    reader.take("MERGE", "INTO")
    target, target_alias = _source(reader, ("USING",))
    reader.take("USING")
    source, source_alias = _source(reader, ("ON",))
    reader.take("ON")
    condition = _until(reader, lambda: reader.sees("WHEN"))
    clauses: list[_Clause] = []
    while reader.accepts("WHEN"):
        clauses.append(_clause(reader, columns))
    reader.end()
    numbered = select(["*", f"{PATH} AS {FILE}", f"true AS {PRESENT}", f"row_number() OVER () AS {ROW}"], target)
    marked_target = f"({numbered}) AS {target_alias}"
    marked_source = f"({select(['*', f'true AS {PRESENT}'], source)}) AS {source_alias}"
    found = f"{marked_target} LEFT JOIN {marked_source} ON ({condition})"
    matched = [clause for clause in clauses if clause.matched]
    case = _case(matched, f"{source_alias}.{PRESENT}")
    deleted = ", ".join(str(i) for i, clause in enumerate(matched, 1) if clause.deletes) or "-1"
    kept = [_kept(name, matched, case, target_alias) for name in columns]
    absent = [clause for clause in clauses if not clause.matched]
    missing = f"{marked_source} LEFT JOIN {marked_target} ON ({condition}) WHERE {target_alias}.{PRESENT} IS NULL"
    added, counts = list[str](), [select(["count(*)"], f"{found} WHERE {case} > 0")]
    earlier = "false"
    for clause in absent:
        chosen = f"{missing} AND ({clause.condition}) AND NOT ({earlier})"
        added.append(select([f"{clause.values.get(name, 'NULL')} AS {identifier(name)}" for name in columns], chosen))
        counts.append(select(["count(*)"], chosen))
        earlier = f"{earlier} OR coalesce(({clause.condition}), false)"
    total = " + ".join(f"({count})" for count in counts)
    repeated = select(["count(*) AS n"], f"{found} WHERE {case} > 0 GROUP BY {target_alias}.{ROW}")

    def rows(paths: Sequence[str]) -> str:
        left = f"{found} WHERE {case} NOT IN ({deleted}) AND {among(f'{target_alias}.{FILE}', paths)}"
        return " UNION ALL ".join([*([select(kept, left)] if paths or not added else []), *added])

    touched = select([f"DISTINCT {target_alias}.{FILE}"], f"{found} WHERE {case} > 0")
    return Changed(rows, touched, f"SELECT {total}", select(["max(n)"], f"({repeated})"))


def _kept(name: str, matched: Sequence[_Clause], case: str, alias: str) -> str:
    own, named = f"{alias}.{identifier(name)}", f" AS {identifier(name)}"
    choices = [
        f"WHEN {case} = {i} THEN {clause.values[name]}" for i, clause in enumerate(matched, 1) if name in clause.values
    ]
    return (f"CASE {' '.join(choices)} ELSE {own} END" if choices else own) + named


def _case(matched: Sequence[_Clause], present: str) -> str:
    """The number of the first WHEN MATCHED that holds; 0 if there is no such clause."""
    choices = " ".join(f"WHEN {present} AND ({clause.condition}) THEN {i}" for i, clause in enumerate(matched, 1))
    return f"(CASE {choices} ELSE 0 END)" if choices else "0"


def _clause(reader: Reader, columns: Sequence[str]) -> _Clause:
    matched = not reader.accepts("NOT")
    reader.take("MATCHED")
    condition = _until(reader, lambda: reader.sees("THEN")) if reader.accepts("AND") else "true"
    reader.take("THEN")
    if matched and reader.accepts("DELETE"):
        return _Clause(matched, condition, {}, deletes=True)
    if matched:
        reader.take("UPDATE", "SET")
        values = dict(_assignments(reader, lambda: reader.sees("WHEN")))
        _check(values, columns)
        return _Clause(matched, condition, values, deletes=False)
    reader.take("INSERT")
    names = reader.names() if reader.sees("(") else tuple(columns)
    _check(names, columns)
    reader.take("VALUES")
    reader.take("(")
    values = _list(reader)
    if len(values) != len(names):
        reader.fail(f"<{len(names)} values>")
    return _Clause(matched, condition, dict(zip(names, values, strict=True)), deletes=False)


def _source(reader: Reader, ends: tuple[str, ...]) -> tuple[str, str]:
    """A table or a parenthesized query with its alias, as SQL, and the alias."""
    start = reader.next.start
    if reader.sees("("):
        reader.inside()
        alias = "source"
    else:
        alias = reader.name().table
    text = reader.text[start : reader.next.start].strip()
    reader.accepts("AS")
    if not reader.done and not any(reader.sees(end) for end in ends) and not reader.sees(";"):
        alias = reader.identifier()
    return f"{text} AS {identifier(alias)}", identifier(alias)


def _assignments(reader: Reader, ended: Callable[[], bool]) -> Iterable[tuple[str, str]]:
    while True:
        name = reader.identifier()
        reader.take("=")
        yield name, _until(reader, lambda: reader.sees(",") or ended())
        if not reader.accepts(","):
            return


def _list(reader: Reader) -> list[str]:
    """Read expressions between commas, and their closing parenthesis."""
    values = [_until(reader, lambda: reader.sees(",") or reader.sees(")"))]
    while reader.accepts(","):
        values.append(_until(reader, lambda: reader.sees(",") or reader.sees(")")))
    reader.take(")")
    return values


def _until(reader: Reader, ended: Callable[[], bool]) -> str:
    """An expression up to an end outside of parentheses and CASE, as written."""
    start, end, depth = reader.next.start, reader.next.start, 0
    while not reader.done and not (depth == 0 and (ended() or reader.sees(";"))):
        token = reader.step()
        word = token.text.upper() if token.kind in {"word", "sign"} else ""
        depth += {"(": 1, "[": 1, ")": -1, "]": -1, "CASE": 1, "END": -1}.get(word, 0)
        end = token.end
    if end == start:
        reader.fail("<expression>")
    return reader.text[start:end]


def _check(names: Iterable[str], columns: Sequence[str]) -> None:
    for name in names:
        if name not in columns:
            raise StatementError("COLUMN_NOT_FOUND", f"line 1:1: The target table does not have a column {name}")
