"""The server as `python -m sandbox.server`, with snapshots as often as a test needs them."""

from __future__ import annotations

import sandbox.front.saving.upkeep
from sandbox.server import main

if __name__ == "__main__":
    sandbox.front.saving.upkeep.LEAST_BYTES = 5_000
    sandbox.front.saving.upkeep.EVERY_S = 0.05
    main()
