"""How each statement is run: one module for the statements about one thing.

`Commands` hands a statement to the function that runs it. `session` has what a function gets and returns.
"""

from sandbox.athena.commands.commands import Commands
from sandbox.athena.commands.session import AthenaEngine, Session, StatementResult

__all__ = ["AthenaEngine", "Commands", "Session", "StatementResult"]
