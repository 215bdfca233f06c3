"""Starts AWS's runtime client in a function's process: `python -I -S launch.py RUNTIME_DIR LIFE_FD HANDLER`.

Run as a file, never imported. With -I and -S only the standard library is on the path; the function's files go before
it and the runtime's after it, as in AWS's Python runtimes. The process ends when the other end of the pipe LIFE_FD is
closed, at any time.
"""

import os
import runpy
import sys
import threading


def _end_with(descriptor: int) -> None:
    os.read(descriptor, 1)
    os._exit(1)


sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
sys.path.append(sys.argv.pop(1))
threading.Thread(target=_end_with, args=(int(sys.argv.pop(1)),), daemon=True).start()
runpy.run_module("awslambdaric", run_name="__main__", alter_sys=True)
