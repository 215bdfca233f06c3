"""The digits of a double as Java 17 writes them, which are not always the shortest: 1e23 is 9.999999999999999E22.

Source: OpenJDK 17, jdk.internal.math.FloatingDecimal.BinaryToASCIIBuffer.dtoa.
"""

from __future__ import annotations

import math
import struct
from decimal import ROUND_HALF_UP, Context

_FRACTION_BITS = 52
_SMALLEST_EXPONENT, _LARGEST_EXPONENT = -21, 62
_DIGITS_A_BIT = 0.30103
_LONG_POWERS_OF_5 = 27
_SEVEN_DIGITS = Context(prec=7, rounding=ROUND_HALF_UP)


def java_double(value: float) -> str:
    """Java's Double.toString."""
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        digits = repr(value)
        return digits if "." in digits else f"{digits}.0"
    return scientific(value)


def scientific(value: float, width: int = 53) -> str:
    """A double other than zero with an exponent, 1.5E-7, or NaN, Infinity; `width` is 53, or 24 for a float."""
    if not math.isfinite(value):
        return _not_finite(value)
    binary_exponent, fraction, significant = _parts(abs(value), width)
    digits, exponent = _dtoa(binary_exponent, fraction, significant)
    text = digits.rstrip("0") or "0"
    return f"{'-' if value < 0 else ''}{text[0]}.{text[1:] or '0'}E{exponent}"


def trino_text(value: float, width: int) -> str:
    """Trino's CAST to varchar, always with an exponent; of a real, whose `width` is 24, seven of Java's digits.

    Source: trino 435, io.trino.type.RealOperators.
    """
    if value == 0:
        return "-0E0" if math.copysign(1, value) < 0 else "0E0"
    if width == 53 or not math.isfinite(value):
        return scientific(value)
    digits, _, exponent = f"{_SEVEN_DIGITS.create_decimal(float(scientific(value, 24))):.6e}".partition("e")
    whole, _, fraction = digits.partition(".")
    return f"{whole}.{fraction.rstrip('0') or '0'}E{int(exponent)}"


def _not_finite(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _parts(value: float, width: int) -> tuple[int, int, int]:
    """The exponent of the first bit, 53 bits that begin with it, and the number of significant bits."""
    if width == 53:
        bits = struct.unpack(">Q", struct.pack(">d", value))[0]
        exponent, fraction, bias, stored = bits >> 52 & 0x7FF, bits & (1 << 52) - 1, 1023, 52
    else:
        bits = struct.unpack(">I", struct.pack(">f", value))[0]
        exponent, fraction, bias, stored = bits >> 23 & 0xFF, bits & (1 << 23) - 1, 127, 23
    significant = stored + 1
    if exponent:
        fraction |= 1 << stored
    else:
        significant = fraction.bit_length()
        exponent = 1 - (stored + 1 - significant)
        fraction <<= stored + 1 - significant
    return exponent - bias, fraction << (_FRACTION_BITS - stored), significant


def _dtoa(binary_exponent: int, fraction: int, significant: int) -> tuple[str, int]:
    """The digits, and the exponent of the first one."""
    tail = (fraction & -fraction).bit_length() - 1
    bits = _FRACTION_BITS + 1 - tail
    tiny = max(0, bits - binary_exponent - 1)
    if tiny == 0 and _SMALLEST_EXPONENT <= binary_exponent <= _LARGEST_EXPONENT and bits + 1 < 64:
        return _whole(binary_exponent, fraction, significant)
    decimal_exponent = _estimated(fraction, binary_exponent)
    b5, s5 = max(0, -decimal_exponent), max(0, decimal_exponent)
    b2, s2 = b5 + tiny + binary_exponent, s5 + tiny
    m5, m2 = b5, b2 - significant
    fraction >>= tail
    b2 -= bits - 1
    common = min(b2, s2)
    b2, s2, m2 = b2 - common, s2 - common, m2 - common
    if bits == 1:
        m2 -= 1
    if m2 < 0:
        b2, s2, m2 = b2 - m2, s2 - m2, 0
    # Java computes with ints or longs where the numbers fit, and its comparisons may overflow.
    longest = max(bits + b2 + _bits_of_5(b5), s2 + 1 + _bits_of_5(s5 + 1))
    word = 32 if longest < 32 else 64 if longest < 64 else None
    return _developed(fraction * 5**b5 << b2, 5**s5 << s2, 5**m5 << m2, decimal_exponent, word)


def _developed(b: int, s: int, m: int, exponent: int, word: int | None) -> tuple[str, int]:
    tens = s * 10
    quotient, b = divmod(b, s)
    b, m = b * 10, _wrapped(m * 10, word)
    low, high = b < m, _reaches(b + m, tens, word)
    digits: list[int] = []
    if quotient == 0 and not high:
        exponent -= 1
    else:
        digits.append(quotient)
    if exponent < -3 or exponent >= 8:
        low = high = False
    while not low and not high:
        quotient, b = divmod(b, s)
        b, m = b * 10, _wrapped(m * 10, word)
        low, high = (b < m, _reaches(b + m, tens, word)) if m > 0 else (True, True)
        digits.append(quotient)
    difference = _wrapped(2 * b - tens, word)
    if high and (not low or difference > 0 or (difference == 0 and digits[-1] % 2 == 1)):
        exponent += _round_up(digits)
    return "".join(map(str, digits)), exponent


def _reaches(sum_: int, tens: int, word: int | None) -> bool:
    return sum_ >= tens if word is None else _wrapped(sum_, word) > tens


def _wrapped(number: int, word: int | None) -> int:
    """An integer wrapped to a word of a number of bits."""
    return number if word is None else (number + (1 << word - 1)) % (1 << word) - (1 << word - 1)


def _round_up(digits: list[int]) -> int:
    """Add one to the last digit; return the increase of the exponent."""
    for place in range(len(digits) - 1, -1, -1):
        if digits[place] < 9:
            digits[place] += 1
            return 0
        digits[place] = 0
    digits[0] = 1
    return 1


def _whole(binary_exponent: int, fraction: int, significant: int) -> tuple[str, int]:
    """A whole number below 2^63, without the digits that the bits do not determine."""
    spare = binary_exponent - significant - 1
    spared = math.floor(spare * _DIGITS_A_BIT) if spare > 1 else 0
    shift = binary_exponent - _FRACTION_BITS
    number = fraction << shift if shift >= 0 else fraction >> -shift
    unit = 10**spared
    number, rest = divmod(number, unit)
    number += spared > 0 and 2 * rest >= unit
    digits = str(number)
    return digits, len(digits) + spared - 1


def _estimated(fraction: int, binary_exponent: int) -> int:
    mantissa = 1 + (fraction & (1 << _FRACTION_BITS) - 1) / 2**_FRACTION_BITS
    return math.floor((mantissa - 1.5) * 0.289529654 + 0.176091259 + binary_exponent * 0.301029995663981)


def _bits_of_5(power: int) -> int:
    return (5**power - 1).bit_length() if power < _LONG_POWERS_OF_5 else power * 3
