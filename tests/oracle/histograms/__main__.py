"""Record the results of the Java and JavaScript libraries for encoded histograms."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from loadgen.metrics.histogram import Buckets, coarse, encode, new_buckets

HERE = Path(__file__).parent
PERCENTILES = (0, 1, 7, 25, 50, 75, 90, 95, 99, 99.9, 99.99, 100)


def samples() -> list[list[int]]:
    """Samples in µs: one value, 1 to 60 ms, a latency's usual form, ties, values of all sizes, the extremes."""
    rng = random.Random(16)
    return [
        [1],
        [3_600_000_000],
        [0, 0, 1, 2047, 2048, 2049],
        [1000 * ms for ms in range(1, 61)],
        list(range(1, 101)),
        [500] * 99 + [70_000],
        [round(rng.lognormvariate(7.5, 0.8)) for _ in range(5_000)],
        [int(10 ** rng.uniform(0, 9.5)) for _ in range(2_000)],
    ]


def buckets_of(sample: list[int]) -> Buckets:
    """Return the sample as counted by the hot path."""
    buckets = new_buckets()
    for value in sample:
        buckets[coarse(value)] += 1
    return buckets


def main(jar: str, modules: str) -> None:
    """Run both libraries and write recorded.json."""
    encoded = [encode(buckets_of(sample)) for sample in samples()]
    lines = "".join(f"{one} {' '.join(map(str, PERCENTILES))}\n" for one in encoded)
    java = ["java", "-cp", jar, str(HERE / "Percentiles.java")]
    node = ["node", str(HERE / "percentiles.cjs")]
    said = {
        name: [json.loads(line) for line in _run(command, lines, modules).splitlines()]
        for name, command in (("HdrHistogram 2.2.2 (Java)", java), ("hdr-histogram-js 3.0.1", node))
    }
    texts = _run([*java, "text"], lines, modules).split("==\n")[:-1]
    recorded = {
        "date": datetime.now(UTC).date().isoformat(),
        "percentiles": PERCENTILES,
        "encoded": encoded,
        "said": said,
        "texts": texts,
    }
    (HERE / "recorded.json").write_text(json.dumps(recorded, indent=1) + "\n")


def _run(command: list[str], lines: str, modules: str) -> str:
    environment = {**os.environ, "NODE_PATH": modules}
    return subprocess.run(command, input=lines, env=environment, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    main(*sys.argv[1:])
