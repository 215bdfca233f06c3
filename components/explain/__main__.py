"""`python -m components.explain`."""

import sys

from components.explain.cli import main

if __name__ == "__main__":
    sys.exit(main())
