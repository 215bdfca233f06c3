"""Starts AWS's runtime client in a function's process: `python -I -S launch.py RUNTIME_DIR HANDLER`.

Run as a file, never imported. -I and -S leave the standard library alone on the
path; the function's own files go before it and the runtime's behind it, as in
AWS's Python runtimes.
"""

import os
import runpy
import sys

sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
sys.path.append(sys.argv.pop(1))
runpy.run_module("awslambdaric", run_name="__main__", alter_sys=True)
