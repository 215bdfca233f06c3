"""asin, acos, atan, atan2, sinh, cosh, tanh and cbrt are Java's to the last digit: what OpenJDK 17.0.15 gave.

java.lang.Math and StrictMath gave the same for each, on x86-64.
"""

from __future__ import annotations

import math

import pytest

from sandbox.athena.functions import fdlibm

JAVA = (
    "asin 0.09050155047776455 0.09062555067633875",
    "asin -0.43360009778805175 -0.44848415624373944",
    "asin -0.005 -0.005000020833567712",
    "asin 0.06109918585922327 0.06113726486505677",
    "asin 0.034999999999999996 0.03500714977534864",
    "asin -0.225 -0.22694303617851996",
    "asin 0.16999999999999998 0.1708296691291045",
    "asin 0.18988012321036132 0.1910400470034437",
    "acos 0.09050155047776455 1.4801707761185579",
    "acos -0.43360009778805175 2.019280483038636",
    "acos -0.005 1.5757963476284644",
    "acos 0.06109918585922327 1.5096590619298398",
    "acos 0.034999999999999996 1.535789177019548",
    "acos -0.225 1.7977393629734166",
    "acos 0.16999999999999998 1.399966657665792",
    "acos 0.18988012321036132 1.3797562797914529",
    "atan 1.810031009555291 1.0660535902528998",
    "atan -8.672001955761035 -1.455989777506077",
    "atan -0.1 -0.09966865249116204",
    "atan 1.2219837171844654 0.8849711665496427",
    "atan 0.7 0.6107259643892086",
    "atan -4.5 -1.3521273809209546",
    "atan 3.4 1.2847448850775784",
    "atan 3.7976024642072264 1.3133172393292663",
    "sinh 1.810031009555291 2.9734939276933194",
    "sinh -8.672001955761035 -2918.5866258915357",
    "sinh -0.1 -0.10016675001984403",
    "sinh 1.2219837171844654 1.5496342653967123",
    "sinh 0.7 0.7585837018395334",
    "sinh -4.5 -45.003011151991785",
    "sinh 3.4 14.965363388718343",
    "sinh 3.7976024642072264 22.285857852568075",
    "cosh 1.810031009555291 3.1371429897327032",
    "cosh -8.672001955761035 2918.58679720733",
    "cosh -0.1 1.0050041680558035",
    "cosh 1.2219837171844654 1.8442793596664275",
    "cosh 0.7 1.255169005630943",
    "cosh -4.5 45.014120148530026",
    "cosh 3.4 14.998736658678668",
    "cosh 3.7976024642072264 22.308282323497483",
    "tanh 1.810031009555291 0.9478350006439052",
    "tanh -8.672001955761035 -0.9999999413017991",
    "tanh -0.1 -0.09966799462495582",
    "tanh 1.2219837171844654 0.8402383604602031",
    "tanh 0.7 0.6043677771171636",
    "tanh -4.5 -0.9997532108480275",
    "tanh 3.4 0.9977749279342794",
    "tanh 3.7976024642072264 0.9989947916830071",
    "cbrt 1.810031009555291 1.2186958673709363",
    "cbrt -8.672001955761035 -2.0545014670499646",
    "cbrt -0.1 -0.4641588833612779",
    "cbrt 1.2219837171844654 1.0691085588291949",
    "cbrt 0.7 0.8879040017426006",
    "cbrt -4.5 -1.6509636244473134",
    "cbrt 3.4 1.5036945962049748",
    "cbrt 3.7976024642072264 1.5601624946074248",
    "atan2 1.810031009555291 -0.7820409445585892 1.9786311375416106",
    "atan2 -8.672001955761035 0.6418424419597698 -1.4969178511536956",
    "atan2 -0.1 -2.560954670561986 -3.102564543143777",
    "atan2 1.2219837171844654 -0.47130448951703796 1.938904240349906",
    "atan2 0.7 0.25653019701009505 1.21952339571222",
    "atan2 -4.5 -3.872961170261703 -2.28144548087084",
    "atan2 3.4 -2.226789020957489 2.150635034878791",
    "atan2 3.7976024642072264 -3.739447062363064 2.3484787059755807",
)
"""A function, its arguments and Java's answer."""


@pytest.mark.parametrize("line", JAVA)
def test_the_last_digit_is_javas(line: str) -> None:
    name, *numbers = line.split()
    *arguments, answer = map(float, numbers)

    assert getattr(fdlibm, name)(*arguments) == answer


@pytest.mark.parametrize("name", ["asin", "acos", "atan", "sinh", "cosh", "tanh", "cbrt"])
@pytest.mark.parametrize("x", [0.0, -0.0, 1.0, -1.0, 1e-320, 3e-9, 1e300, math.inf, -math.inf, math.nan])
def test_limits_are_those_of_the_c_library(name: str, x: float) -> None:
    if name == "cbrt":
        expected = math.copysign(abs(x) ** (1 / 3), x)
    else:
        try:
            expected = getattr(math, name)(x)
        except ValueError:
            expected = math.nan
        except OverflowError:
            expected = math.inf if name == "cosh" else math.copysign(math.inf, x)
    found = getattr(fdlibm, name)(x)

    assert found == pytest.approx(expected, rel=1e-13, abs=0.0, nan_ok=True)
    assert math.isnan(found) or math.copysign(1.0, found) == math.copysign(1.0, expected)
