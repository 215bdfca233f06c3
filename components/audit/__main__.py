"""Runs the audit as a program: `python -m components.audit`."""

from __future__ import annotations

import sys

from components.audit.cli import main

if __name__ == "__main__":
    sys.exit(main())
