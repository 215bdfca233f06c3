"""Expressions: one function for each rule of Trino's grammar. Source: trino 435, SqlBase.g4."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sandbox.athena.syntax import nodes as n
from sandbox.athena.syntax.forms import SpecialForms
from sandbox.athena.syntax.lexer import TokenKind
from sandbox.athena.syntax.tokens import Tokens, folded
from sandbox.athena.syntax.typenames import unknown_type

Item = TypeVar("Item")
_COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
_PATTERN_WORDS = ("AFTER", "INITIAL", "SEEK", "PATTERN")
_LITERAL_TYPES = frozenset(
    {"date", "time", "timestamp", "decimal", "json", "char", "varchar", "tinyint", "smallint", "integer", "int"}
    | {"bigint", "real", "double", "boolean", "varbinary", "uuid", "ipaddress"}
)


class ExpressionParser(SpecialForms):
    """Reads expressions from tokens; `query` reads the query of a subquery."""

    def __init__(self, tokens: Tokens, query: Callable[[], n.Query]) -> None:
        super().__init__(tokens)
        self._read_query = query

    def _query(self) -> n.Query:
        return self._read_query()

    def expression(self) -> n.Expression:
        """expression: terms with OR between them."""
        return self._logical("OR", lambda: self._logical("AND", self._not))

    def _logical(self, word: str, term: Callable[[], n.Expression]) -> n.Expression:
        offset = self._tokens.current.offset
        terms = [term()]
        while self._tokens.accept(word):
            terms.append(term())
        return terms[0] if len(terms) == 1 else n.Logical(word, tuple(terms), offset=offset)

    def _not(self) -> n.Expression:
        offset = self._tokens.current.offset
        if self._tokens.accept("NOT"):
            return n.Not(self._not(), offset=offset)
        return self._predicate()

    def _predicate(self) -> n.Expression:
        left = self.value()
        tokens, offset = self._tokens, self._tokens.current.offset
        if tokens.is_operator(*_COMPARISONS):
            return self._comparison(left, tokens.advance().value, offset)
        if tokens.accept("IS"):
            return self._is(left, offset)
        negated = tokens.accept("NOT")
        if tokens.accept("BETWEEN"):
            low = self.value()
            tokens.expect("AND")
            found: n.Expression = n.Between(left, low, self.value(), offset=offset)
        elif tokens.accept("IN"):
            found = self._in(left, offset)
        elif tokens.accept("LIKE"):
            pattern = self.value()
            found = n.Like(left, pattern, self.value() if tokens.accept("ESCAPE") else None, offset=offset)
        elif negated:
            raise tokens.unexpected("'BETWEEN', 'IN', 'LIKE'")
        else:
            return left
        return n.Not(found, offset=offset) if negated else found

    def _comparison(self, left: n.Expression, operator: str, offset: int) -> n.Expression:
        tokens = self._tokens
        for quantifier in ("ALL", "ANY", "SOME"):
            if tokens.is_word(quantifier) and tokens.ahead(1).value == "(":
                tokens.advance()
                tokens.expect_operator("(")
                query = self._query()
                tokens.expect_operator(")")
                return n.Quantified(operator, "ALL" if quantifier == "ALL" else "ANY", left, query, offset=offset)
        return n.Comparison(operator, left, self.value(), offset=offset)

    def _is(self, left: n.Expression, offset: int) -> n.Expression:
        negated = self._tokens.accept("NOT")
        if self._tokens.accept("NULL"):
            found: n.Expression = n.IsNull(left, offset=offset)
        else:
            self._tokens.expect("DISTINCT", "FROM")
            found = n.Comparison("IS DISTINCT FROM", left, self.value(), offset=offset)
        return n.Not(found, offset=offset) if negated else found

    def _in(self, left: n.Expression, offset: int) -> n.Expression:
        self._tokens.expect_operator("(")
        if self._is_query():
            found: n.Expression = n.InQuery(left, self._query(), offset=offset)
        else:
            found = n.InList(left, self.list_of(self.expression), offset=offset)
        self._tokens.expect_operator(")")
        return found

    def _is_query(self) -> bool:
        """Return whether a query comes next, possibly in parentheses (then it must be read to determine that)."""
        tokens, depth = self._tokens, 0
        while tokens.ahead(depth).value == "(" and tokens.ahead(depth).kind == TokenKind.OPERATOR:
            depth += 1
        token = tokens.ahead(depth)
        if token.kind != TokenKind.WORD or token.value not in {"SELECT", "WITH", "VALUES", "TABLE"}:
            return False
        return depth == 0 or self._closes_as_query()

    def _closes_as_query(self) -> bool:
        mark = self._tokens.mark()
        parameters = self._parameters
        try:
            self._query()
        except Exception:
            return False
        else:
            return self._tokens.is_operator(")")
        finally:
            self._tokens.reset(mark)
            self._parameters = parameters

    def value(self) -> n.Expression:
        """valueExpression: || binds least."""
        left = self._sum()
        while self._tokens.is_operator("||"):
            offset = self._tokens.advance().offset
            left = n.Concat(left, self._sum(), offset=offset)
        return left

    def _sum(self) -> n.Expression:
        left = self._product()
        while self._tokens.is_operator("+", "-"):
            token = self._tokens.advance()
            left = n.Arithmetic(token.value, left, self._product(), offset=token.offset)
        return left

    def _product(self) -> n.Expression:
        left = self._signed()
        while self._tokens.is_operator("*", "/", "%"):
            token = self._tokens.advance()
            left = n.Arithmetic(token.value, left, self._signed(), offset=token.offset)
        return left

    def _signed(self) -> n.Expression:
        if self._tokens.is_operator("+", "-"):
            token = self._tokens.advance()
            return n.Negative(token.value, self._signed(), offset=token.offset)
        found = self._postfix(self._primary())
        while self._tokens.is_word("AT", "TIME", "ZONE"):
            offset = self._tokens.current.offset
            self._tokens.expect("AT", "TIME", "ZONE")
            if not (self._tokens.current.kind == TokenKind.STRING or self._tokens.is_word("INTERVAL")):
                raise self._tokens.unexpected("'INTERVAL', <string>")
            found = n.AtTimeZone(found, self._postfix(self._primary()), offset=offset)
        return found

    def _postfix(self, base: n.Expression) -> n.Expression:
        tokens = self._tokens
        while True:
            if tokens.is_operator("["):
                tokens.advance()
                base = n.Subscript(base, self.value(), offset=base.offset)
                tokens.expect_operator("]")
            elif tokens.is_operator(".") and tokens.ahead(1).value != "*":
                tokens.advance()
                token = tokens.name()
                base = n.Dereference(base, folded(token), token.value if token.kind == TokenKind.QUOTED else token.text,
                                     offset=base.offset)  # fmt: skip
                if tokens.is_operator("("):
                    base = self._qualified_call(base)
            else:
                return base

    def _qualified_call(self, base: n.Expression) -> n.Expression:
        parts: list[str] = []
        inner = base
        while isinstance(inner, n.Dereference):
            parts.insert(0, inner.name)
            inner = inner.base
        if not isinstance(inner, n.Name):
            raise self._tokens.unexpected("<expression>")
        return self._call(".".join([inner.name, *parts]), base.offset)

    def _primary(self) -> n.Expression:
        token, offset = self._tokens.current, self._tokens.current.offset
        match token.kind:
            case TokenKind.STRING | TokenKind.BINARY | TokenKind.INTEGER | TokenKind.DECIMAL | TokenKind.DOUBLE:
                self._tokens.advance()
                return n.Literal(token.kind.name.lower(), token.value, offset=offset)
            case TokenKind.OPERATOR if token.value == "?":
                self._tokens.advance()
                self._parameters += 1
                return n.Parameter(self._parameters - 1, offset=offset)
            case TokenKind.OPERATOR if token.value == "(":
                return self._parenthesis(offset)
            case TokenKind.QUOTED:
                return self._named(offset)
            case TokenKind.WORD:
                special = self.SPECIAL.get(token.value)
                found = special(self, offset) if special is not None else None
                return found if found is not None else self._named(offset)
            case _:
                raise self._tokens.unexpected("<expression>")

    def _parenthesis(self, offset: int) -> n.Expression:
        tokens = self._tokens
        if self._is_lambda():
            tokens.expect_operator("(")
            names = () if tokens.is_operator(")") else self.list_of(lambda: folded(tokens.name()))
            tokens.expect_operator(")")
            tokens.expect_operator("->")
            return n.Lambda(names, self.expression(), offset=offset)
        tokens.expect_operator("(")
        if self._is_query():
            found: n.Expression = n.Subquery(self._query(), offset=offset)
        else:
            items = self.list_of(self.expression)
            found = items[0] if len(items) == 1 else n.Row(items, offset=offset)
        tokens.expect_operator(")")
        return found

    def _is_lambda(self) -> bool:
        i = 1
        while self._tokens.ahead(i).kind in {TokenKind.WORD, TokenKind.QUOTED}:
            i += 1
            if self._tokens.ahead(i).value != ",":
                break
            i += 1
        return self._tokens.ahead(i).value == ")" and self._tokens.ahead(i + 1).value == "->"

    def _named(self, offset: int) -> n.Expression:
        tokens = self._tokens
        token = tokens.name()
        name = folded(token)
        if token.kind == TokenKind.WORD and tokens.current.kind == TokenKind.STRING:
            if name not in _LITERAL_TYPES:
                tokens.postpone(unknown_type(tokens, name, offset))
            return n.TypedLiteral(name, tokens.advance().value, offset=offset)
        if name == "double" and tokens.is_word("PRECISION") and tokens.ahead(1).kind == TokenKind.STRING:
            tokens.advance()
            return n.TypedLiteral(name, tokens.advance().value, offset=offset)
        if tokens.is_operator("("):
            return self._call(name, offset)
        if tokens.accept_operator("->"):
            return n.Lambda((name,), self.expression(), offset=offset)
        return n.Name(name, token.value if token.kind == TokenKind.QUOTED else token.text, offset=offset)

    def _call(self, name: str, offset: int) -> n.Expression:
        tokens = self._tokens
        tokens.expect_operator("(")
        if tokens.accept_operator("*"):
            tokens.expect_operator(")")
            return self._behind(n.Call(name, (), star=True, offset=offset))
        distinct = tokens.accept("DISTINCT")
        if not distinct:
            tokens.accept("ALL")
        arguments: tuple[n.Expression, ...] = ()
        if not tokens.is_operator(")") and not tokens.is_word("ORDER", "BY"):
            arguments = self.list_of(self.expression)
        order_by = self.order_by()
        tokens.expect_operator(")")
        return self._behind(n.Call(name, arguments, distinct=distinct, order_by=order_by, offset=offset))

    def _behind(self, call: n.Call) -> n.Call:
        """FILTER, IGNORE NULLS and OVER after a call."""
        tokens = self._tokens
        condition: n.Expression | None = None
        if tokens.is_word("FILTER") and tokens.ahead(1).value == "(":
            tokens.advance()
            tokens.expect_operator("(")
            tokens.expect("WHERE")
            condition = self.expression()
            tokens.expect_operator(")")
        nulls = ""
        for word in ("IGNORE", "RESPECT"):
            if tokens.accept(word, "NULLS"):
                nulls = f"{word} NULLS"
        over: n.Window | str | None = None
        if tokens.accept("OVER"):
            over = self.window() if tokens.is_operator("(") else folded(tokens.name())
        elif nulls:
            raise tokens.unexpected("'OVER'")
        return n.Call(
            call.name, call.arguments, call.star, call.distinct, call.order_by, condition, nulls, over,
            offset=call.offset,
        )  # fmt: skip

    def order_by(self) -> tuple[n.Sort, ...]:
        """[ORDER BY items]"""
        if not self._tokens.accept("ORDER", "BY"):
            return ()
        return self.list_of(self._sort)

    def _sort(self) -> n.Sort:
        tokens, offset = self._tokens, self._tokens.current.offset
        expression = self.expression()
        descending = tokens.accept("DESC")
        if not descending:
            tokens.accept("ASC")
        first = False
        if tokens.accept("NULLS"):
            first = tokens.accept("FIRST")
            if not first:
                tokens.expect("LAST")
        return n.Sort(expression, descending, first, offset=offset)

    def row_count(self) -> n.Expression:
        """An integer or a parameter: the number of LIMIT, OFFSET and FETCH FIRST."""
        return self._primary()

    def window(self) -> n.Window:
        """A window in parentheses."""
        tokens, offset = self._tokens, self._tokens.current.offset
        tokens.expect_operator("(")
        base = None
        if tokens.is_name() and not any(tokens.is_word(word) for word in ("PARTITION", "ROWS", "RANGE", "GROUPS")):
            base = folded(tokens.name())
        partition: tuple[n.Expression, ...] = ()
        if tokens.accept("PARTITION"):
            tokens.expect("BY")
            partition = self.list_of(self.expression)
        order_by = self.order_by()
        if tokens.is_word("MEASURES"):
            raise tokens.lacking("row pattern recognition in a window")
        frame = self._frame()
        if frame is not None and any(tokens.is_word(word) for word in _PATTERN_WORDS):
            raise tokens.lacking("row pattern recognition in a window")
        tokens.expect_operator(")")
        return n.Window(base, partition, order_by, frame, offset=offset)

    def _frame(self) -> n.Frame | None:
        tokens, offset = self._tokens, self._tokens.current.offset
        for unit in ("ROWS", "RANGE", "GROUPS"):
            if tokens.accept(unit):
                if tokens.accept("BETWEEN"):
                    start = self._bound()
                    tokens.expect("AND")
                    return n.Frame(unit, start, self._bound(), offset=offset)
                return n.Frame(unit, self._bound(), ("CURRENT ROW", None), offset=offset)
        return None

    def _bound(self) -> tuple[str, n.Expression | None]:
        tokens = self._tokens
        for words in (("UNBOUNDED", "PRECEDING"), ("UNBOUNDED", "FOLLOWING"), ("CURRENT", "ROW")):
            if tokens.accept(*words):
                return " ".join(words), None
        value = self.expression()
        if tokens.accept("PRECEDING"):
            return "PRECEDING", value
        tokens.expect("FOLLOWING")
        return "FOLLOWING", value
