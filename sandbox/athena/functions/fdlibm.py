"""The functions that Java computes by fdlibm on every machine, to the last digit.

They are asin, acos, atan, atan2, sinh, cosh, tanh and cbrt. For sin, cos, tan, exp, log, log10 and pow Java has
different code for each processor, so that their last digit is not specified. Sources: OpenJDK 17, java.lang.StrictMath
("the algorithms of fdlibm, version 5.3") and Math, which calls it for these; https://www.netlib.org/fdlibm, s_atan.c,
e_asin.c, e_acos.c, e_atan2.c, e_sinh.c, e_cosh.c, s_tanh.c, s_cbrt.c, e_exp.c, s_expm1.c.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence

_HALF_PI, _HALF_PI_REST = math.pi / 2, 6.12323399573676603587e-17
_QUARTER_PI = math.pi / 4
_PI_REST = 2 * _HALF_PI_REST
_LN2, _LN2_REST, _BY_LN2 = 6.93147180369123816490e-01, 1.90821492927058770002e-10, 1.44269504088896338700e00
_LARGEST_HALF = 0x40862E42
"""The high word of the greatest argument whose exp is finite."""

_ATAN_STEPS = (
    (4.63647609000806093515e-01, 2.26987774529616870924e-17),
    (_QUARTER_PI, 3.06161699786838301793e-17),
    (9.82793723247329054082e-01, 1.39033110312309984516e-17),
    (_HALF_PI, _HALF_PI_REST),
)
"""atan of 0.5, 1, 1.5 and infinity, and the remainders that a double cannot represent."""
_ATAN_ODD = (
    3.33333333333329318027e-01, 1.42857142725034663711e-01, 9.09088713343650656196e-02, 6.66107313738753120669e-02,
    4.97687799461593236017e-02, 1.62858201153657823623e-02,
)  # fmt: skip
_ATAN_EVEN = (
    -1.99999999998764832476e-01, -1.11111104054623557880e-01, -7.69187620504482999495e-02,
    -5.83357013379057348645e-02, -3.65315727442169155270e-02,
)  # fmt: skip
_ASIN_P = (
    1.66666666666666657415e-01, -3.25565818622400915405e-01, 2.01212532134862925881e-01, -4.00555345006794114027e-02,
    7.91534994289814532176e-04, 3.47933107596021167570e-05,
)  # fmt: skip
_ASIN_Q = (
    1.0, -2.40339491173441421878e00, 2.02094576023350569471e00, -6.88283971605453293030e-01,
    7.70381505559019352791e-02,
)  # fmt: skip
_EXP = (
    1.66666666666666019037e-01, -2.77777777770155933842e-03, 6.61375632143793436117e-05, -1.65339022054652515390e-06,
    4.13813679705723846039e-08,
)  # fmt: skip
_EXPM1 = (
    1.0, -3.33333333333331316428e-02, 1.58730158725481460165e-03, -7.93650757867487942473e-05,
    4.00821782732936239552e-06, -2.01099218183624371326e-07,
)  # fmt: skip


def atan(x: float) -> float:
    """The arc tangent."""
    size = abs(x)
    if math.isnan(x) or size < 2.0**-29:
        return x
    if size >= 2.0**66:
        return math.copysign(_HALF_PI, x)
    if size < 0.4375:
        return x - x * _atan_series(x)
    if size < 0.6875:
        step, rest = 0, (2.0 * size - 1.0) / (2.0 + size)
    elif size < 1.1875:
        step, rest = 1, (size - 1.0) / (size + 1.0)
    elif size < 2.4375:
        step, rest = 2, (size - 1.5) / (1.0 + 1.5 * size)
    else:
        step, rest = 3, -1.0 / size
    high, low = _ATAN_STEPS[step]
    return math.copysign(high - ((rest * _atan_series(rest) - low) - rest), x)


def atan2(y: float, x: float) -> float:
    """The angle of a point."""
    if x == 0 or y == 0 or not math.isfinite(x) or not math.isfinite(y):
        return math.atan2(y, x)
    if x == 1.0:
        return atan(y)
    magnitudes = (_high(abs(y)) - _high(abs(x))) >> 20
    if magnitudes > 60:
        angle = _HALF_PI + 0.5 * _PI_REST
    elif x < 0 and magnitudes < -60:
        angle = 0.0
    else:
        angle = atan(abs(y / x))
    if x < 0:
        return math.pi - (angle - _PI_REST) if y > 0 else (angle - _PI_REST) - math.pi
    return math.copysign(angle, y)


def asin(x: float) -> float:
    """The arc sine; NaN outside -1 to 1."""
    size = abs(x)
    if math.isnan(x) or size > 1:
        return math.nan
    if size == 1:
        return x * _HALF_PI + x * _HALF_PI_REST
    if size < 0.5:
        return x if size < 2.0**-27 else x + x * _asin_ratio(x * x)
    square = (1.0 - size) * 0.5
    ratio, root = _asin_ratio(square), math.sqrt(square)
    if _high(size) >= 0x3FEF3333:
        return math.copysign(_HALF_PI - (2.0 * (root + root * ratio) - _HALF_PI_REST), x)
    chopped = _chopped(root)
    rest = (square - chopped * chopped) / (root + chopped)
    below = 2.0 * root * ratio - (_HALF_PI_REST - 2.0 * rest)
    return math.copysign(_QUARTER_PI - (below - (_QUARTER_PI - 2.0 * chopped)), x)


def acos(x: float) -> float:
    """The arc cosine; NaN outside -1 to 1."""
    size = abs(x)
    if math.isnan(x) or size > 1:
        return math.nan
    if size == 1:
        return 0.0 if x > 0 else math.pi + 2.0 * _HALF_PI_REST
    if size < 0.5:
        if _high(size) <= 0x3C600000:
            return _HALF_PI + _HALF_PI_REST
        return _HALF_PI - (x - (_HALF_PI_REST - x * _asin_ratio(x * x)))
    square = (1.0 - size) * 0.5
    ratio, root = _asin_ratio(square), math.sqrt(square)
    if x < 0:
        return math.pi - 2.0 * (root + (ratio * root - _HALF_PI_REST))
    chopped = _chopped(root)
    rest = (square - chopped * chopped) / (root + chopped)
    return 2.0 * (chopped + (ratio * root + rest))


def sinh(x: float) -> float:
    """The hyperbolic sine."""
    size, half = abs(x), math.copysign(0.5, x)
    if not math.isfinite(x) or size < 2.0**-28:
        return x
    if size < 22:
        t = _expm1(size)
        return half * (2.0 * t - t * t / (t + 1.0)) if size < 1 else half * (t + t / (t + 1.0))
    return _large(size, half)


def cosh(x: float) -> float:
    """The hyperbolic cosine."""
    size = abs(x)
    if not math.isfinite(x):
        return size
    if _high(size) < 0x3FD62E43:
        t = _expm1(size)
        return 1.0 + t if size < 2.0**-55 else 1.0 + (t * t) / (2.0 * (1.0 + t))
    if size < 22:
        t = _exp(size)
        return 0.5 * t + 0.5 / t
    return _large(size, 0.5)


def tanh(x: float) -> float:
    """The hyperbolic tangent."""
    size = abs(x)
    if math.isnan(x) or size < 2.0**-55:
        return x
    if size >= 22:
        return math.copysign(1.0, x)
    t = _expm1(2.0 * size if size >= 1 else -2.0 * size)
    return math.copysign(1.0 - 2.0 / (t + 2.0) if size >= 1 else -t / (t + 2.0), x)


def cbrt(x: float) -> float:
    """The cube root."""
    if x == 0 or not math.isfinite(x):
        return x
    size = abs(x)
    t = (
        _of_high(_high(size) // 3 + 715094163)
        if size >= 2.0**-1022
        else _of_high(_high(size * 2.0**54) // 3 + 696219795)
    )
    r = t * t / size
    s = 5.42857142857142815906e-01 + r * t
    t *= 3.57142857142857150787e-01 + 1.60714285714285720630e00 / (
        s + 1.41428571428571436819e00 + -7.05306122448979611050e-01 / s
    )
    t = _of_high(_high(t) + 1)
    r = size / (t * t)
    return math.copysign(t + t * ((r - t) / ((t + t) + r)), x)


def _atan_series(x: float) -> float:
    z = x * x
    w = z * z
    return z * _polynomial(w, _ATAN_ODD) + w * _polynomial(w, _ATAN_EVEN)


def _asin_ratio(t: float) -> float:
    return t * _polynomial(t, _ASIN_P) / _polynomial(t, _ASIN_Q)


def _large(size: float, half: float) -> float:
    """half * exp(size), which may be finite where exp(size) is not."""
    if _high(size) < _LARGEST_HALF:
        return half * _exp(size)
    if size > 710.4758600739439:
        return half * math.inf
    root = _exp(0.5 * size)
    return (half * root) * root


def _exp(x: float) -> float:
    """exp of a number from 0 to 709.78."""
    count, x, low, high = _reduced(x)
    t = x * x
    c = x - t * _polynomial(t, _EXP)
    if count == 0:
        return 1.0 - ((x * c) / (c - 2.0) - x)
    return math.ldexp(1.0 - ((low - (x * c) / (2.0 - c)) - high), count)


def _expm1(x: float) -> float:
    """exp - 1 of a number from -44 to 44."""
    if abs(x) < 2.0**-54:
        return x
    if x <= -56 * math.log(2):
        return -1.0
    count, x, low, high = _reduced(x)
    c = (high - x) - low if count else 0.0
    half = 0.5 * x
    square = x * half
    r = _polynomial(square, _EXPM1)
    t = 3.0 - r * half
    e = square * ((r - t) / (6.0 - x * t))
    if count == 0:
        return x - (x * e - square)
    e = (x * (e - c) - c) - square
    if count == -1:
        return 0.5 * (x - e) - 0.5
    if count == 1:
        return -2.0 * (e - (x + 0.5)) if x < -0.25 else 1.0 + 2.0 * (x - e)
    if count <= -2 or count > 56:
        return math.ldexp(1.0 - (e - x), count) - 1.0
    if count < 20:
        return math.ldexp((1.0 - 2.0**-count) - (e - x), count)
    return math.ldexp((x - (e + 2.0**-count)) + 1.0, count)


def _reduced(x: float) -> tuple[int, float, float, float]:
    """The multiple of ln 2 in a number, the rest, and the rest's two parts (rest = high - low)."""
    word = _high(abs(x))
    if word <= 0x3FD62E42:
        return 0, x, 0.0, x
    steps = math.copysign(1.0, x) if word < 0x3FF0A2B2 else _BY_LN2 * x + math.copysign(0.5, x)
    count = int(steps)
    high, low = x - count * _LN2, count * _LN2_REST
    return count, high - low, low, high


def _polynomial(x: float, coefficients: Sequence[float]) -> float:
    value = 0.0
    for coefficient in reversed(coefficients):
        value = coefficient + x * value
    return value


def _high(x: float) -> int:
    """The upper half of a double's bits."""
    return struct.unpack(">I", struct.pack(">d", x)[:4])[0]


def _of_high(word: int) -> float:
    return struct.unpack(">d", struct.pack(">II", word, 0))[0]


def _chopped(x: float) -> float:
    return _of_high(_high(x))
