"""Date patterns of Java's two libraries: one grammar, and a table of letters for each.

| where | library | here |
|---|---|---|
| Firehose's `!{timestamp:...}` | java.time.format.DateTimeFormatter | `java` |
| Athena's partition projection | java.time.format.DateTimeFormatter | `java` |
| format_datetime, parse_datetime | Joda-Time's DateTimeFormat | `sandbox.athena.joda` |

Sources: "Amazon S3 object name format" and "Custom prefixes" of Firehose's guide, "Supported types for partition
projection" of Athena's, and Trino's "Date and time functions and operators", section "Java date functions". Results of
the JDK and Joda-Time are recorded in tests/oracle/dates.

Where the two differ, by JDK 17's DateTimeFormatterBuilder.parsePattern and Joda-Time 2.13's DateTimeFormat:

| | DateTimeFormatter | DateTimeFormat |
|---|---|---|
| a quote that is not closed | an error | quotes the rest |
| `[` and `]` | an optional section | text |
| `{`, `}`, `#` | reserved, an error | text |
| letters too many | an error by field: `HHH`, `aa`, `VVV` | padded, or the long form |
| `Y`, `x`, `C` | week-based year, offset, (none) | year of era, week-based year, century |
| `e`, `w` | first day of the week by the locale | by ISO 8601 |
| `S` | fraction of the nanosecond | fraction of the millisecond, then zeros |
| `u`, `n`, `N`, `A`, `Q`, `X`, `V` | known | an error |
| `MMMMM` | the first letter | the whole name |
| to read a number | as many digits as letters | one digit or more, up to the field's |

A letter that is not supported is refused by name, when the pattern is read.
"""

from __future__ import annotations

from sandbox.datepatterns.grammar import DatePatternError, DialectName, Run, UnsupportedPatternError, elements

__all__ = ["DatePatternError", "DialectName", "Run", "UnsupportedPatternError", "elements"]
