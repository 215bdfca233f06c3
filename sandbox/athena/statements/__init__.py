"""The recognition of statements: every form that Athena supports, as values, and their readers.

`forms` has a class for each statement; `recognition` reads a text into one, or refuses it as StartQueryExecution does.
https://docs.aws.amazon.com/athena/latest/ug/ddl-sql-reference.html
"""

from sandbox.athena.statements.forms import Output, Statement, StatementKind
from sandbox.athena.statements.recognition import recognise

__all__ = ["Output", "Statement", "StatementKind", "recognise"]
