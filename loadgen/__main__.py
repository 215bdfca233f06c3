"""`python -m loadgen`."""

import sys

try:
    from loadgen.cli import main
except KeyboardInterrupt:  # Ctrl-C while it is imported
    sys.exit(130)

if __name__ == "__main__":
    sys.exit(main())
