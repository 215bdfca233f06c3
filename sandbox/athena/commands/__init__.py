"""The execution of statements: one module for the statements about one subject.

`Commands` calls the function that runs a statement. `session` has a function's input and output.
"""

from sandbox.athena.commands.commands import Commands
from sandbox.athena.commands.session import AthenaEngine, Session, StatementResult

__all__ = ["AthenaEngine", "Commands", "Session", "StatementResult"]
