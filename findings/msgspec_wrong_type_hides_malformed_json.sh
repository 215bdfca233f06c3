#!/usr/bin/env bash
# msgspec 0.22.0 (PyPI); needs Python 3.11.
#
# A decoder with a type raises ValidationError at the first value of a wrong type, before it has read the rest of the
# text. So a text that is not JSON at all can fail as valid JSON of a wrong type: a server that answers malformed JSON
# in one way and a wrong type in another has to decode a second time, without a type.
#
# Seen:
#   without a type: DecodeError, JSON is malformed: invalid character (byte 13)
#   with a type: ValidationError, Expected `int`, got `str` - at `$.a`
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check msgspec==0.22.0
venv/bin/python - <<'PY' | tee seen
from typing import Any

import msgspec


class Item(msgspec.Struct):
    a: int
    b: int


for name, type_ in (("without", Any), ("with", Item)):
    try:
        msgspec.json.decode(b'{"a":"x","b":}', type=type_)
    except msgspec.MsgspecError as error:
        print(f"{name} a type: {type(error).__name__}, {error}")
PY
diff seen - <<'SEEN'
without a type: DecodeError, JSON is malformed: invalid character (byte 13)
with a type: ValidationError, Expected `int`, got `str` - at `$.a`
SEEN
