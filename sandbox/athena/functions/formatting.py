"""format() with Java's patterns: https://trino.io/docs/435/functions/conversion.html#format."""

from __future__ import annotations

import math
import re
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, localcontext
from functools import lru_cache

from sandbox.athena.doubles import java_double
from sandbox.athena.errors import StatementError
from sandbox.athena.functions.building import INVALID
from sandbox.athena.functions.function import TypedCall, entry
from sandbox.athena.functions.moments import MOMENTS, is_shown, moment_text, shown_moment
from sandbox.athena.functions.native import Native, TrinoError
from sandbox.athena.sql import literal
from sandbox.athena.types import Type

_SPECIFIER = re.compile(r"%(?:(\d+)\$)?([-#+ 0,(<]*)(\d+)?(?:\.(\d+))?(?P<code>[tT]?[a-zA-Z%])")
_KINDS = {
    "tinyint": "integer", "smallint": "integer", "integer": "integer", "bigint": "integer", "real": "double",
    "double": "double", "decimal": "decimal", "boolean": "boolean", "varchar": "text", "char": "text", "json": "text",
    "date": "date", "time": "time", "timestamp": "timestamp", "uuid": "text", "ipaddress": "text",
    "interval day to second": "text", "interval year to month": "text", "unknown": "null",
}  # fmt: skip
_TEXTS = {
    "ipaddress": "athena_ip_text", "date": "athena_date_text", "interval day to second": "athena_day_to_second",
    "interval year to month": "athena_year_to_month",
}  # fmt: skip
_BAD_FLAGS = {
    **dict.fromkeys("sb", "+ 0,(#"), "d": "#", "x": ",+ (", "o": ",+ (", "f": "", "e": ",", "g": "#", "t": "+ 0,(#",
    "%": "+ 0,(#", "n": "+ 0,(#-",
}  # fmt: skip
"""The flags that each conversion refuses. Source: java.util.Formatter."""


def _format(call: TypedCall) -> str:
    if len(call) < 2:
        raise StatementError("SYNTAX_ERROR", "line 1:8: The 'format' function must have at least two arguments")
    texts, kinds = list[str](), list[str]()
    for i, argument in enumerate(call.arguments[1:], 1):
        name = argument.type.name
        if name == "timestamp with time zone":
            raise StatementError("NOT_SUPPORTED", f"The sandbox's Athena cannot format a {name}")
        if name not in _KINDS:
            raise StatementError("NOT_SUPPORTED", f"Type not supported for formatting: {argument.type.athena}")
        kinds.append(_KINDS[name])
        texts.append(_argument(call[i], argument.type))
    return f"athena_format({call[0]}, [{', '.join(texts)}], {literal(','.join(kinds))})"


def _argument(sql: str, type_: Type) -> str:
    if type_.name == "char":
        return f"rpad({sql}, {type_.arguments[0]}, ' ')"
    return f"{_TEXTS[type_.name]}({sql})" if type_.name in _TEXTS else f"CAST({sql} AS VARCHAR)"


def _python_format(pattern: str | None, values: list[str | None], kinds: str) -> str | None:
    if pattern is None:
        return None
    pieces, next_index, last = list[str](), 0, -1
    for kind, text in _parsed(pattern):
        if kind is None:
            pieces.append(text)
            continue
        index, flags, width, precision, code = kind
        if code in {"%", "n"}:
            pieces.append(_wide("%" if code == "%" else "\n", flags, width))
            continue
        if "<" in flags:
            index = last
        elif index is None:
            index, next_index = next_index, next_index + 1
        last = index
        if not 0 <= index < len(values):
            raise _wrong(pattern, f"MissingFormatArgument: Format specifier '{text}'")
        shown = _shown(pattern, values[index], kinds.split(",")[index], flags, precision, code, width)
        pieces.append(_wide(shown.upper() if code[0].isupper() else shown, flags, width))
    return "".join(pieces)


_Specifier = tuple[int | None, str, int, int | None, str]


@lru_cache(64)
def _parsed(pattern: str) -> tuple[tuple[_Specifier | None, str], ...]:
    parts, at = list[tuple[_Specifier | None, str]](), 0
    for found in _SPECIFIER.finditer(pattern):
        parts.append((None, pattern[at : found.start()]))
        index, flags, width, precision, code = found.groups()
        if code.lower() not in {"s", "d", "f", "e", "g", "x", "o", "b", "n", "%"} and _plain(code) not in MOMENTS:
            if code[0] in "tTgGcCaAhH":
                raise TrinoError("NOT_SUPPORTED", f"The sandbox's Athena cannot format by {found[0]}")
            raise _wrong(pattern, f"UnknownFormatConversion: Conversion = '{code}'")
        number = int(precision) if precision else None
        _check(pattern, found[0], flags, width, number, code)
        parts.append(((int(index) - 1 if index else None, flags, int(width or 0), number, code), found[0]))
        at = found.end()
    rest = pattern[at:]
    if "%" in rest or any("%" in text for kind, text in parts if kind is None):
        raise _wrong(pattern, "UnknownFormatConversion: Conversion = '%'")
    return (*parts, (None, rest))


def _check(pattern: str, spelled: str, flags: str, width: str | None, precision: int | None, code: str) -> None:
    """Refuse the flags, the width and the precision that Java refuses beside a conversion."""
    lower = code[0].lower()
    bad = next((flag for flag in flags if flag in _BAD_FLAGS[lower]), None)
    if bad is not None:
        raise _wrong(pattern, f"FormatFlagsConversionMismatch: Conversion = {code}, Flags = {bad}")
    if precision is not None and lower in "dxotn%":
        raise _wrong(pattern, f"IllegalFormatPrecision: {precision}")
    if len(set(flags)) < len(flags):
        raise _wrong(pattern, f"DuplicateFormatFlags: Flags = '{flags}'")
    if {"+", " "} <= set(flags) or {"-", "0"} <= set(flags):
        raise _wrong(pattern, f"IllegalFormatFlags: Flags = '{flags}'")
    if not width and set(flags) & {"-", "0"}:
        raise _wrong(pattern, f"MissingFormatWidth: {spelled}")


def _wrong(pattern: str, reason: str) -> TrinoError:
    return TrinoError(INVALID, f"Invalid format string: {pattern} ({reason})")


def _wide(text: str, flags: str, width: int) -> str:
    """A text with spaces to a width, which Java counts in the units of UTF-16."""
    spaces = " " * (width - len(text.encode("utf-16-le")) // 2)
    return text + spaces if "-" in flags else spaces + text


def _shown(pattern: str, value: str | None, kind: str, flags: str, precision: int | None, code: str, width: int) -> str:
    lower = code.lower()
    if lower == "b":
        return _cut(str(value is not None and (kind != "boolean" or value == "true")).lower(), precision)
    if value is None:
        return _cut("null", precision)
    if lower == "s":
        return _cut(_text(value, kind), precision)
    if _plain(code) in MOMENTS:
        if kind == "integer":
            raise TrinoError("NOT_SUPPORTED", "The sandbox's Athena cannot format a number as a moment")
        if not is_shown(kind, _plain(code)):
            raise _wrong(pattern, f"IllegalFormatConversion: {code[1:]}")
        return shown_moment(value, kind, _plain(code))
    if lower in {"d", "x", "o"}:
        if kind != "integer":
            raise _wrong(pattern, f"IllegalFormatConversion: {code}")
        return _integer(int(value), flags, lower, width)
    if kind not in {"double", "decimal"}:
        raise _wrong(pattern, f"IllegalFormatConversion: {code}")
    return _decimal(value, flags, 6 if precision is None else precision, lower, width)


def _plain(code: str) -> str:
    """A conversion's letters; a first capital only means capitals."""
    return code[0].lower() + code[1:]


def _cut(text: str, precision: int | None) -> str:
    """The first units of UTF-16; half a character becomes a question mark, as in Java's UTF-8."""
    if precision is None:
        return text
    units = text.encode("utf-16-le")[: 2 * precision]
    whole = units.decode("utf-16-le", "ignore")
    return whole if whole.encode("utf-16-le") == units else f"{whole}?"


def _text(value: str, kind: str) -> str:
    if kind == "double":
        return java_double(float(value))
    if kind == "decimal":
        return str(Decimal(value))  # as BigDecimal.toString: with an exponent below 1e-6
    return moment_text(value, kind) if kind in {"time", "timestamp"} else value


def _integer(value: int, flags: str, code: str, width: int) -> str:
    if code != "d":
        base = {"x": "0x", "o": "0"}[code] if "#" in flags else ""
        digits = f"{value % 2**64:{code}}"
        return base + (digits.rjust(width - len(base), "0") if "0" in flags else digits)
    digits = f"{abs(value):,}" if "," in flags else str(abs(value))
    return _signed(digits, value < 0, flags, width)


def _decimal(value: str, flags: str, precision: int, code: str, width: int) -> str:
    number = float(value) if value.lower() in {"nan", "inf", "-inf"} else None
    if number is not None:
        return "NaN" if math.isnan(number) else ("Infinity" if number > 0 else "-Infinity")
    exact = Decimal(value)
    if code == "g":
        digits = _general(abs(exact), precision or 1, flags)
    else:
        digits = _scientific(abs(exact), precision) if code == "e" else _fixed(abs(exact), precision, flags)
        digits += "." if "#" in flags and not precision and code == "f" else ""
    return _signed(digits, exact.is_signed(), flags, width)


def _fixed(value: Decimal, places: int, flags: str) -> str:
    with localcontext(prec=400):
        rounded = value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    return f"{rounded:,f}" if "," in flags else f"{rounded:f}"


def _general(value: Decimal, digits: int, flags: str) -> str:
    """A number of digits in all: plain from 1e-4 to as many digits before the point, else with an exponent."""
    with localcontext(prec=digits, rounding=ROUND_HALF_UP):
        rounded = +value
    exponent = rounded.adjusted() if rounded else 0
    if -4 <= exponent < digits:
        return _fixed(rounded, digits - 1 - exponent, flags)
    return _scientific(rounded, digits - 1)


def _scientific(value: Decimal, precision: int) -> str:
    if value == 0:
        return f"{0:.{precision}f}e+00"
    exponent = value.adjusted()
    mantissa = value.scaleb(-exponent).quantize(Decimal(1).scaleb(-precision), rounding=ROUND_HALF_UP)
    if mantissa >= 10:
        mantissa, exponent = (mantissa / 10).quantize(Decimal(1).scaleb(-precision)), exponent + 1
    return f"{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02}"


def _signed(digits: str, negative: bool, flags: str, width: int) -> str:
    before, after = ("(", ")") if negative and "(" in flags else ("-", "") if negative else ("", "")
    if not negative:
        before = "+" if "+" in flags else " " if " " in flags else ""
    if "0" in flags:
        digits = digits.rjust(width - len(before) - len(after), "0")
    return before + digits + after


_UNITS = ("", "K", "M", "B", "T", "Q")


def _number(value: float) -> str:
    """format_number: three digits and a unit."""
    if not math.isfinite(value):
        raise TrinoError("NOT_SUPPORTED", "The sandbox's Athena cannot give NaN and Infinity a unit")
    scaled, unit = Decimal(repr(value)), 0
    while abs(scaled) >= 1000 and unit < len(_UNITS) - 1:
        scaled, unit = scaled / 1000, unit + 1
    if unit == 0:
        return str(int(scaled))
    places = 2 if abs(scaled) < 10 else 1 if abs(scaled) < 100 else 0
    shown = f"{scaled.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN):f}"
    return (shown.rstrip("0").rstrip(".") if places else shown) + _UNITS[unit]


FUNCTIONS = (
    entry(
        "format_number(bigint) -> varchar; format_number(double) -> varchar",
        "athena_format_number({0}::DOUBLE)",
        "format_number(123456)",
        "123K",
    ),
    entry(
        "format(varchar, any...) -> varchar", _format, "format('%s|%05d|%,.2f', 'a', 42, 1234.5)", "a|00042|1,234.50"
    ),
)
MACROS: tuple[str, ...] = ()
NATIVES = (
    Native("athena_format", _python_format, ("VARCHAR", "VARCHAR[]", "VARCHAR"), "VARCHAR", takes_null=True),
    Native("athena_format_number", _number, ("DOUBLE",), "VARCHAR"),
)
