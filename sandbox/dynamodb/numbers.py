"""DynamoDB's numbers: 38 decimal digits, exact, with a canonical spelling.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html#HowItWorks.DataTypes.Number
"""

from __future__ import annotations

import re
from decimal import Context, Decimal

from sandbox.dynamodb.errors import DynamoError, invalid

MAX_DIGITS = 38
_MAX_QUICK = 18
_MAX_EXPONENT = 125
_MIN_EXPONENT = -130

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,9})?", re.ASCII)
CANONICAL = re.compile(r"(?:0|-?[1-9][0-9]{0,17}|-?(?:0|[1-9][0-9]{0,17})\.[0-9]{0,16}[1-9])", re.ASCII)
"""Matches most numbers that already have the canonical spelling."""
# The exact sum of the largest and the smallest number of 38 digits has at most this many digits.
_EXACT = Context(prec=_MAX_EXPONENT - _MIN_EXPONENT + MAX_DIGITS + 2)


def canonical_number(text: str) -> str:
    """The number as DynamoDB returns it: plain digits without leading or trailing zeros.

    Raises:
        DynamoError: it is not a number, out of range, or has too many digits.
    """
    if CANONICAL.fullmatch(text):
        return text
    if _NUMBER.fullmatch(text) is None:
        raise not_a_number(text)
    return spelled(Decimal(text))


_MAX_KNOWN = 1 << 16
_known: dict[str, tuple[str, int]] = {}


def sized_number(text: str) -> tuple[str, int]:
    """The number as DynamoDB returns it, and its bytes; cached, because the same few numbers recur.

    Raises:
        DynamoError: as `canonical_number`.
    """
    known = _known.get(text)
    if known is None:
        if len(_known) >= _MAX_KNOWN:
            _known.clear()
        canonical = canonical_number(text)
        known = _known[text] = canonical, number_size(canonical)
    return known


def spelled(number: Decimal) -> str:
    """The canonical spelling of a number; raises DynamoError if DynamoDB cannot store it."""
    if not number:
        return "0"
    if number.adjusted() > _MAX_EXPONENT:
        raise invalid("Number overflow. Attempting to store a number with magnitude larger than supported range")
    if number.adjusted() < _MIN_EXPONENT:
        raise invalid("Number underflow. Attempting to store a number with magnitude smaller than supported range")
    digits = "".join(map(str, number.as_tuple().digits)).strip("0")
    if len(digits) > MAX_DIGITS:
        raise invalid(f"Attempting to store more than {MAX_DIGITS} significant digits in a Number")
    plain = format(number, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def _are_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def add(left: str, right: str, sign: int) -> str:
    """left + right, or left - right for a negative sign: exact, or refused; raises DynamoError as `spelled` does."""
    if len(left) < _MAX_QUICK and len(right) < _MAX_QUICK and _are_digits(left + right):
        return str(int(left) + int(right) * sign)
    a, b = Decimal(left), Decimal(right)
    return spelled(_EXACT.add(a, b) if sign > 0 else _EXACT.subtract(a, b))


def number_size(text: str) -> int:
    """The bytes of a number in the canonical spelling.

    One byte for every two digits on each side of the decimal point, without the zeros at both ends, one more, and one
    for a minus sign. As measured on AWS by nubo-db/dynoxide (pull request 195); AWS documents it as "approximate":
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    if text[-1] != "0" and text.isdigit():
        return (len(text) + 1) // 2 + 1
    negative = text[0] == "-"
    whole, _, fraction = (text[1:] if negative else text).partition(".")
    if not fraction:
        whole = whole.rstrip("0")
    elif whole == "0":
        whole, fraction = "", fraction.lstrip("0")
    return (len(whole) + 1) // 2 + (len(fraction) + 1) // 2 + 1 + negative


def not_a_number(text: str) -> DynamoError:
    """The error for a text that is not a number."""
    shown = f": {text}" if text else ""
    return invalid(f"The parameter cannot be converted to a numeric value{shown}")
