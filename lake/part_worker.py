"""`python -m lake.part_worker`: digests the parts of a table that its input names, one message each."""

from __future__ import annotations

import sys

from lake.parts import digest_part
from lake.processes import read_message, write_message


def main() -> None:
    """Digest parts until the input ends."""
    while (message := read_message(sys.stdin.buffer)) is not None:
        write_message(sys.stdout.buffer, digest_part(message))


if __name__ == "__main__":
    main()
