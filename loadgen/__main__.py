"""`python -m loadgen`."""

import signal
import sys

try:
    # It waits: an import that is broken off half-way can crash a compiled library.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    from loadgen.cli import main

    signal.pthread_sigmask(signal.SIG_SETMASK, before)
except KeyboardInterrupt:  # Ctrl-C while it is imported
    sys.exit(130)

if __name__ == "__main__":
    sys.exit(main())
