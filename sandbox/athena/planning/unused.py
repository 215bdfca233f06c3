"""Columns of subqueries that nothing reads: they are left out, so that DuckDB neither binds nor reads them.

A view has all columns of its table in each of its layers, and a query uses few. Trino leaves the others out too: trino
435, core/trino-main/src/main/java/io/trino/sql/planner/iterative/rule/PruneProjectColumns.java and its like. It is done
with the text of the planned statement, whose columns have unique names, when all names are bound and all types checked.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

_BEGIN, _NEXT, _END = "\ufdd0", "\ufdd1", "\ufdd2"
"""Around and between the items of a list: noncharacters of Unicode. A user's text is in quotes, and passed over."""
_TOKEN = re.compile(rf"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\bc\d+(?:v\d+)?\b|[{_BEGIN}{_NEXT}{_END}]")


@dataclass
class _Item:
    """An item of a select list: its text, in which lists are those of subqueries, and the columns that it names.

    The last of them is its own.
    """

    parts: list[str | list[_Item]] = field(default_factory=list["str | list[_Item]"])
    names: list[str] = field(default_factory=list[str])


def listed(items: Iterable[str]) -> str:
    """A select list of which items may be left out: each ends in AS and a unique name of a column."""
    return _BEGIN + _NEXT.join(items) + _END


def with_last(sql: str, names: Collection[str]) -> str:
    """A SELECT whose items of these columns are the last of its list; any other statement as it is."""
    head = f"SELECT {_BEGIN}"
    if not sql.startswith(head):
        return sql
    items, depth, begin = list[str](), 0, len(head)
    for found in _TOKEN.finditer(sql, begin):
        token = found[0]
        if depth == 0 and token in {_NEXT, _END}:
            items.append(sql[begin : found.start()])
            begin = found.end()
            if token == _END:
                break
        depth += (token == _BEGIN) - (token == _END)
    items.sort(key=lambda item: item.rpartition(" ")[2] in names)
    return f"{head}{_NEXT.join(items)}{_END}{sql[begin:]}"


def with_names(sql: str, names: Mapping[str, str]) -> str:
    """A statement whose columns of these names have others."""
    return _TOKEN.sub(lambda found: names.get(found[0], found[0]), sql)


def without_unused(sql: str, droppable: Collection[str]) -> str:
    """A statement without those of its `droppable` columns that nothing in it reads, and without the lists' marks."""
    whole, items = _parsed(sql)
    by_name: dict[str, list[_Item]] = {}
    for item in items:
        by_name.setdefault(item.names[-1], []).append(item)
    used: set[str] = set()
    waiting = [*whole.names, *(name for name in by_name if name not in droppable)]
    while waiting:
        name = waiting.pop()
        if name not in used:
            used.add(name)
            waiting += [other for item in by_name.get(name, ()) for other in item.names[:-1]]
    return _text(whole, used)


def _parsed(sql: str) -> tuple[_Item, list[_Item]]:
    """The statement as an item, and all items of its lists."""
    whole = _Item()
    open_items, items, end = [whole], list[_Item](), 0
    lists: list[list[_Item]] = []
    for found in _TOKEN.finditer(sql):
        token = found[0]
        if token[0] == "c":
            open_items[-1].names.append(token)
        elif token in {_BEGIN, _NEXT, _END}:
            open_items[-1].parts.append(sql[end : found.start()])
            end = found.end()
            if token == _BEGIN:
                lists.append([])
                open_items[-1].parts.append(lists[-1])
            else:
                open_items.pop()
            if token == _END:
                lists.pop()
            else:
                item = _Item()
                items.append(item)
                lists[-1].append(item)
                open_items.append(item)
    whole.parts.append(sql[end:])
    return whole, items


def _text(item: _Item, used: Collection[str]) -> str:
    return "".join(
        part
        if isinstance(part, str)
        else ", ".join(_text(one, used) for one in part if one.names[-1] in used) or "true"
        for part in item.parts
    )
