#!/usr/bin/env bash
# moto 5.2.5 (PyPI); needs Python 3.11.
#
# moto draws its identifiers from a generator that it creates at import, a subclass of random.Random. Python
# reseeds only the random module's own generator in a fork. So servers that are forked from a process that has
# imported moto (preforking, multiprocessing's forkserver with a preload) assign the same ids.
#
# Seen:
#   ids that two forked processes give the first message of a queue: equal
#   numbers that Python's own generator draws there: different
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'moto[sqs]==5.2.5'
cat > show.py <<'PY'
import multiprocessing
import random

from moto.sqs.models import sqs_backends

def draw(found):
    queues = sqs_backends["123456789012"]["eu-west-1"]
    queues.create_queue("orders", {})
    found.put((queues.send_message("orders", "x").id, random.random()))


def drawn(context):
    found = context.Queue()
    process = context.Process(target=draw, args=(found,))
    process.start()
    values = found.get(timeout=60)
    process.join()
    return values


context = multiprocessing.get_context("fork")
(first, one), (second, other) = drawn(context), drawn(context)
print("ids that two forked processes give the first message of a queue:", "equal" if first == second else "different")
print("numbers that Python's own generator draws there:", "equal" if one == other else "different")
PY
venv/bin/python show.py | tee seen
diff seen - <<'SEEN'
ids that two forked processes give the first message of a queue: equal
numbers that Python's own generator draws there: different
SEEN
