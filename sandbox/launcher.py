"""Starts a process of the sandbox without garbage collection: `python -m sandbox.launcher MODULE [ARGUMENT…]`.

A start creates some hundred thousand objects, none of which is garbage; searching them would take a fifth of the start.
The process begins to collect when it is ready (`sandbox.garbage`).
"""

import gc

gc.disable()

# Garbage collection would search everything that is imported from here on.
import runpy  # noqa: E402
import sys  # noqa: E402


def main() -> None:
    """Run the module of the command line as `python -m` does."""
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
