"""`python -m sandbox`."""

import sys

try:
    from sandbox.cli import main
except KeyboardInterrupt:  # Ctrl-C while it is imported
    sys.exit(130)

if __name__ == "__main__":
    sys.exit(main())
