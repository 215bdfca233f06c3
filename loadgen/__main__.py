"""`python -m loadgen`."""

import signal
import sys

try:
    # It waits: an interrupt that breaks off the definition of a msgspec.Struct ends the process with SIGSEGV.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    from loadgen.cli import main

    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
except KeyboardInterrupt:  # Ctrl-C while it is imported
    sys.exit(130)

if __name__ == "__main__":
    sys.exit(main())
