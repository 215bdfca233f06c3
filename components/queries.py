"""The saved queries: common queries of a change log, independent of the table's columns."""

from __future__ import annotations

from dataclasses import dataclass
from string import Template

from components.view import PARTITION, columns, history, names, quoted
from transform.schema import LakeTable


@dataclass(frozen=True)
class SavedQuery:
    """A named query of the workgroup."""

    name: str
    purpose: str
    sql: str


MOMENTS = frozenset({"state-as-of", "versions-since"})
"""The queries whose parameter is a moment of the change log."""

_QUERIES = {
    "current-state": ("The table's current state", "SELECT * FROM $view LIMIT 100"),
    "latest-changes": (
        "The last day's changes, newest first",
        "SELECT * FROM $change_log WHERE $last_day ORDER BY changed_at DESC LIMIT 100",
    ),
    "changes-per-hour": (
        "How many changes of each kind arrived in each of the last 24 hours",
        """SELECT $partition, op, count(DISTINCT event_id) AS changes FROM $change_log WHERE $last_day
        GROUP BY $partition, op ORDER BY $partition DESC, op""",
    ),
    "repeated-deliveries": (
        "Changes of the last day with duplicates, which the view ignores",
        """SELECT event_id, $keys, count(*) AS deliveries FROM $change_log WHERE $last_day
        GROUP BY event_id, $keys HAVING count(*) > 1 ORDER BY deliveries DESC LIMIT 100""",
    ),
    "state-as-of": (
        "The state as of a moment, a parameter such as '2026-11-28 14:00:00' (UTC)",
        """WITH at AS (SELECT CAST(? AS timestamp) AS moment) SELECT $state FROM $history, at
        WHERE valid_from <= moment AND (valid_to IS NULL OR valid_to > moment) LIMIT 100""",
    ),
    "versions-since": (
        "The versions written since a moment, a parameter, newest first, from the partitions since then",
        """WITH log AS (SELECT * FROM $change_log
        WHERE $partition >= date_format(CAST(? AS timestamp) - INTERVAL '1' HOUR, '%Y-%m-%d-%H'))
        SELECT * FROM ($history_of_log) ORDER BY valid_from DESC LIMIT 100""",
    ),
    "busiest-keys": (
        "The keys with the most changes in the last day: possible hot partitions",
        """SELECT $keys, count(DISTINCT event_id) AS changes FROM $change_log WHERE $last_day
        GROUP BY $keys ORDER BY changes DESC LIMIT 100""",
    ),
    "removed": (
        "Keys deleted in the last day, with the last image of the item",
        """SELECT $keys, changed_at, "before" FROM $change_log WHERE op = 'REMOVE' AND $last_day
        ORDER BY changed_at DESC LIMIT 100""",
    ),
}


def saved(table: LakeTable) -> tuple[SavedQuery, ...]:
    """The queries, in Athena's SQL, on a table's change log and view."""
    partition = quoted(PARTITION)
    past = history(table)
    values = {
        "change_log": quoted(table.change_log),
        "view": quoted(table.view),
        "keys": names(table.key_columns),
        "partition": partition,
        "state": names(columns(table)[:-1]),
        "history": quoted(past.name),
        "history_of_log": history(table, quoted("log")).sql,
        "last_day": f"{partition} >= date_format(current_timestamp - INTERVAL '24' HOUR, '%Y-%m-%d-%H')",
    }
    return tuple(
        SavedQuery(name, purpose, " ".join(Template(sql).substitute(values).split()))
        for name, (purpose, sql) in _QUERIES.items()
    )
