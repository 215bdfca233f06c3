"""Queries: SELECT, VALUES, TABLE, set operations, WITH. Source: trino 435, SqlBase.g4."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

from sandbox.athena.errors import StatementError, at
from sandbox.athena.syntax import nodes as n
from sandbox.athena.syntax.expressions import ExpressionParser
from sandbox.athena.syntax.lexer import Token, TokenKind, malformed, position
from sandbox.athena.syntax.tokens import Tokens, folded, written

_MAX_GROUPING_SETS = 2048


class QueryParser:
    """Reads a query from a text."""

    def __init__(self, text: str) -> None:
        self._tokens = Tokens(text)
        self._expressions = ExpressionParser(self._tokens, self.query)

    def whole_query(self) -> n.Query:
        """Read the query that is the whole text, possibly followed by a semicolon."""
        query = self.query()
        tokens = self._tokens
        if tokens.accept_operator(";") and tokens.current.kind != TokenKind.END:
            message = "Only one sql statement is allowed. Got: " + tokens.text
            raise malformed(tokens.text, tokens.current.offset, message)
        tokens.end()
        return query

    def whole_expression(self) -> n.Expression:
        """Read the expression that is the whole text."""
        expression = self._expressions.expression()
        self._tokens.end()
        return expression

    def query(self) -> n.Query:
        """[WITH …] body [ORDER BY …] [OFFSET …] [LIMIT … | FETCH FIRST …]"""
        tokens, offset = self._tokens, self._tokens.current.offset
        recursive, ctes = False, tuple[n.With, ...]()
        if tokens.accept("WITH"):
            if tokens.is_word("FUNCTION") and tokens.ahead(1).value not in {"AS", "("}:
                raise tokens.lacking("WITH FUNCTION")
            recursive = tokens.accept("RECURSIVE")
            ctes = self._expressions.list_of(self._cte)
        return self._behind_with(recursive, ctes, offset)

    def _behind_with(self, recursive: bool, ctes: tuple[n.With, ...], offset: int) -> n.Query:
        """The grammar's queryNoWith: body [ORDER BY …] [OFFSET …] [LIMIT … | FETCH FIRST …]"""
        tokens = self._tokens
        body = self._body()
        order_by = self._expressions.order_by()
        skipped: n.Expression | None = None
        if tokens.accept("OFFSET"):
            skipped = self._row_count()
            if not tokens.accept("ROWS"):
                tokens.accept("ROW")
        limit, fetch = self._limit()
        return n.Query(recursive, ctes, body, order_by, skipped, limit, fetch, offset=offset)

    def _limit(self) -> tuple[n.Expression | None, n.Fetch | None]:
        tokens, offset = self._tokens, self._tokens.current.offset
        if tokens.accept("LIMIT"):
            return (None if tokens.accept("ALL") else self._row_count()), None
        if not tokens.accept("FETCH"):
            return None, None
        if not tokens.accept("FIRST"):
            tokens.expect("NEXT")
        limit: n.Expression = n.Literal("integer", "1")
        if not (tokens.is_word("ROW") or tokens.is_word("ROWS")):
            limit = self._row_count()
        if not tokens.accept("ROWS"):
            tokens.expect("ROW")
        ties = tokens.accept("WITH", "TIES")
        if not ties:
            tokens.expect("ONLY")
        return limit, n.Fetch(ties, offset=offset)

    def _row_count(self) -> n.Expression:
        token = self._tokens.current
        if token.kind != TokenKind.INTEGER and token.value != "?":
            raise self._tokens.unexpected("<integer>")
        return self._expressions.row_count()

    def _cte(self) -> n.With:
        tokens, offset = self._tokens, self._tokens.current.offset
        name = folded(tokens.name())
        names = self._names() if tokens.is_operator("(") else None
        tokens.expect("AS")
        tokens.expect_operator("(")
        query = self.query()
        tokens.expect_operator(")")
        return n.With(name, _each(folded, names), query, _each(written, names), offset=offset)

    def _names(self) -> tuple[Token, ...]:
        self._tokens.expect_operator("(")
        names = self._expressions.list_of(self._tokens.name)
        self._tokens.expect_operator(")")
        return names

    def _body(self) -> n.Body:
        """Set operations: INTERSECT binds more closely than UNION and EXCEPT."""
        return self._set_operation(("UNION", "EXCEPT"))

    def _set_operation(self, words: tuple[str, ...]) -> n.Body:
        tokens = self._tokens
        left = self._operand(words)
        while any(tokens.is_word(word) for word in words):
            token = tokens.advance()
            every = tokens.accept("ALL")
            if not every:
                tokens.accept("DISTINCT")
            left = n.SetOperation(token.value, every, left, self._operand(words), offset=token.offset)
        return left

    def _operand(self, words: tuple[str, ...]) -> n.Body:
        return self._primary() if words == ("INTERSECT",) else self._set_operation(("INTERSECT",))

    def _primary(self) -> n.Body:
        tokens, offset = self._tokens, self._tokens.current.offset
        if tokens.is_word("SELECT"):
            return self._select()
        if tokens.accept("VALUES"):
            return n.Values(self._expressions.list_of(self._expressions.expression), offset=offset)
        if tokens.accept("TABLE"):
            table = self._table_name()
            star = n.Star(None, (), offset=offset)
            return n.Select(False, (star,), table, None, (), False, None, (), offset=offset)
        if tokens.accept_operator("("):
            query = self._behind_with(recursive=False, ctes=(), offset=tokens.current.offset)
            tokens.expect_operator(")")
            return n.Nested(query, offset=offset)
        raise tokens.unexpected("'(', 'SELECT', 'TABLE', 'VALUES'")

    def _select(self) -> n.Select:
        tokens, offset = self._tokens, self._tokens.current.offset
        tokens.expect("SELECT")
        distinct = tokens.accept("DISTINCT")
        if not distinct:
            tokens.accept("ALL")
        items = self._expressions.list_of(self._item)
        source = self._from() if tokens.accept("FROM") else None
        where = self._expressions.expression() if tokens.accept("WHERE") else None
        groups, group_distinct = self._group_by()
        having = self._expressions.expression() if tokens.accept("HAVING") else None
        windows = self._expressions.list_of(self._window) if tokens.accept("WINDOW") else ()
        return n.Select(distinct, items, source, where, groups, group_distinct, having, windows, offset=offset)

    def _window(self) -> tuple[str, n.Window]:
        name = folded(self._tokens.name())
        self._tokens.expect("AS")
        return name, self._expressions.window()

    def _item(self) -> n.SelectItem | n.Star:
        tokens, offset = self._tokens, self._tokens.current.offset
        if tokens.accept_operator("*"):
            return n.Star(None, (), offset=offset)
        expression = self._expressions.expression()
        if tokens.is_operator(".") and tokens.ahead(1).value == "*":
            tokens.advance()
            tokens.advance()
            names = self._names() if tokens.accept("AS") else ()
            shown = (name.value if name.kind == TokenKind.QUOTED else name.text.upper() for name in names)
            return n.Star(expression, tuple(map(folded, names)), tuple(shown), offset=offset)
        token = self._alias()
        if token is None:
            return n.SelectItem(expression, None, None, offset=offset)
        return n.SelectItem(expression, folded(token), written(token), offset=offset)

    def _alias(self) -> Token | None:
        if self._tokens.accept("AS"):
            return self._tokens.name()
        return self._tokens.advance() if self._tokens.is_name() and not self._is_clause() else None

    def _is_clause(self) -> bool:
        """Return whether a word that could be an alias begins a clause."""
        token, following = self._tokens.current, self._tokens.ahead(1)
        if token.kind != TokenKind.WORD:
            return False
        if token.value in {"LIMIT", "OFFSET"}:
            return following.kind == TokenKind.INTEGER or following.value in {"?", "ALL"}
        if token.value == "WINDOW":
            return following.kind in {TokenKind.WORD, TokenKind.QUOTED} and self._tokens.ahead(2).value == "AS"
        behind = {"FETCH": {"FIRST", "NEXT"}, "MATCH_RECOGNIZE": {"("}, "TABLESAMPLE": {"BERNOULLI", "SYSTEM"}}
        return following.value in behind.get(token.value, ())

    def _group_by(self) -> tuple[tuple[n.Grouping, ...], bool]:
        tokens = self._tokens
        if not tokens.accept("GROUP", "BY"):
            return (), False
        distinct = tokens.accept("DISTINCT")
        if not distinct:
            tokens.accept("ALL")
        return self._expressions.list_of(self._grouping), distinct

    def _grouping(self) -> n.Grouping:
        tokens, offset = self._tokens, self._tokens.current.offset
        if tokens.accept("GROUPING", "SETS"):
            tokens.expect_operator("(")
            sets = self._expressions.list_of(self._grouping_set)
            tokens.expect_operator(")")
            return n.Grouping(sets, simple=False, offset=offset)
        for word in ("ROLLUP", "CUBE"):
            if tokens.accept(word):
                tokens.expect_operator("(")
                parts = () if tokens.is_operator(")") else self._expressions.list_of(self._grouping_set)
                tokens.expect_operator(")")
                return n.Grouping(self._combined(word, parts, offset), simple=False, offset=offset)
        return n.Grouping((self._grouping_set(),), simple=True, offset=offset)

    def _combined(
        self, word: str, parts: tuple[tuple[n.Expression, ...], ...], offset: int
    ) -> tuple[tuple[n.Expression, ...], ...]:
        if word == "ROLLUP":
            chosen = [parts[:count] for count in range(len(parts), -1, -1)]
        else:
            if 2 ** len(parts) > _MAX_GROUPING_SETS:
                place = position(self._tokens.text, offset)
                message = at(place, "GROUP BY has too many grouping sets")
                self._tokens.postpone(StatementError("TOO_MANY_GROUPING_SETS", message))
                return parts
            chosen = [c for count in range(len(parts), -1, -1) for c in combinations(parts, count)]
        return tuple(tuple(e for part in some for e in part) for some in chosen)

    def _grouping_set(self) -> tuple[n.Expression, ...]:
        """(a, b), () or one expression. A parenthesis that continues as an expression is an expression."""
        tokens = self._tokens
        if tokens.is_operator("("):
            if tokens.ahead(1).value == ")":
                tokens.advance()
                tokens.advance()
                return ()
            expression = self._expressions.expression()
            return expression.items if isinstance(expression, n.Row) else (expression,)
        return (self._expressions.expression(),)

    def _from(self) -> n.Relation:
        relation = self._relation()
        while self._tokens.is_operator(","):
            offset = self._tokens.advance().offset
            relation = n.Join("CROSS", relation, self._relation(), None, (), offset=offset)
        return relation

    def _relation(self) -> n.Relation:
        left = self._sampled()
        while True:
            joined = self._join(left)
            if joined is None:
                return left
            left = joined

    def _join(self, left: n.Relation) -> n.Relation | None:
        tokens, offset = self._tokens, self._tokens.current.offset
        if tokens.accept("CROSS", "JOIN"):
            return n.Join("CROSS", left, self._sampled(), None, (), offset=offset)
        natural = tokens.accept("NATURAL")
        if natural:
            message = at(position(tokens.text, offset), "Natural join not supported")
            tokens.postpone(StatementError("NOT_SUPPORTED", message))
        kind = "INNER"
        mark = tokens.mark()
        for word in ("LEFT", "RIGHT", "FULL"):
            if tokens.accept(word):
                kind = word
                tokens.accept("OUTER")
        if kind == "INNER":
            tokens.accept("INNER")
        if not tokens.accept("JOIN"):
            if natural or tokens.mark() != mark:
                raise tokens.unexpected("'JOIN'")
            return None
        if natural:
            return n.Join("CROSS", left, self._sampled(), None, (), offset=offset)
        right = self._relation_of_join()
        if tokens.accept("USING"):
            return n.Join(kind, left, right, None, tuple(map(folded, self._names())), offset=offset)
        tokens.expect("ON")
        return n.Join(kind, left, right, self._expressions.expression(), (), offset=offset)

    def _relation_of_join(self) -> n.Relation:
        """The right side of a join: joins may nest, a JOIN b JOIN c ON … ON …."""
        right = self._sampled()
        tokens = self._tokens
        while not (tokens.is_word("ON") or tokens.is_word("USING")):
            joined = self._join(right)
            if joined is None:
                break
            right = joined
        return right

    def _sampled(self) -> n.Relation:
        relation = self._aliased()
        tokens, offset = self._tokens, self._tokens.current.offset
        if tokens.is_word("MATCH_RECOGNIZE"):
            raise tokens.lacking("MATCH_RECOGNIZE")
        if not tokens.accept("TABLESAMPLE"):
            return relation
        if not (tokens.is_word("BERNOULLI") or tokens.is_word("SYSTEM")):
            raise tokens.unexpected("'BERNOULLI', 'SYSTEM'")
        method = tokens.advance().value
        tokens.expect_operator("(")
        percentage = self._expressions.expression()
        tokens.expect_operator(")")
        return n.Sampled(relation, method, percentage, offset=offset)

    def _aliased(self) -> n.Relation:
        tokens, offset = self._tokens, self._tokens.current.offset
        relation = self._primary_relation()
        token = self._alias()
        if token is None:
            return relation
        names = self._names() if tokens.is_operator("(") else None
        return n.Aliased(relation, folded(token), _each(folded, names), _each(written, names), offset=offset)

    def _primary_relation(self) -> n.Relation:
        tokens, offset = self._tokens, self._tokens.current.offset
        if tokens.accept("UNNEST"):
            tokens.expect_operator("(")
            expressions = self._expressions.list_of(self._expressions.expression)
            tokens.expect_operator(")")
            return n.Unnest(expressions, tokens.accept("WITH", "ORDINALITY"), offset=offset)
        if tokens.accept("LATERAL"):
            tokens.expect_operator("(")
            query = self.query()
            tokens.expect_operator(")")
            return n.Derived(query, lateral=True, offset=offset)
        if tokens.is_word("TABLE") and tokens.ahead(1).value == "(":
            raise tokens.lacking("table functions")
        if tokens.is_word("JSON_TABLE"):
            raise tokens.lacking("JSON_TABLE")
        if tokens.is_operator("("):
            return self._parenthesis()
        return self._table_name()

    def _parenthesis(self) -> n.Relation:
        """A query or a relation in parentheses; which one it is shows only when it is read."""
        tokens, offset = self._tokens, self._tokens.current.offset
        mark = tokens.mark()
        tokens.expect_operator("(")
        depth = 0
        while tokens.ahead(depth).value == "(" and tokens.ahead(depth).kind == TokenKind.OPERATOR:
            depth += 1
        token = tokens.ahead(depth)
        if token.kind == TokenKind.WORD and token.value in {"SELECT", "WITH", "VALUES", "TABLE"}:
            try:
                query = self.query()
                tokens.expect_operator(")")
            except Exception:
                if depth == 0:
                    raise
                tokens.reset(mark)
                tokens.expect_operator("(")
            else:
                return n.Derived(query, lateral=False, offset=offset)
        relation = self._from_one()
        tokens.expect_operator(")")
        return relation

    def _from_one(self) -> n.Relation:
        return self._relation()

    def _table_name(self) -> n.Table:
        tokens, offset = self._tokens, self._tokens.current.offset
        parts = [folded(tokens.name())]
        while len(parts) < 3 and tokens.accept_operator("."):
            parts.append(folded(tokens.name()))
        version = None
        if tokens.accept("FOR"):
            kind = tokens.advance().value
            if kind not in {"VERSION", "TIMESTAMP"}:
                raise malformed(tokens.text, tokens.current.offset, "Expecting: 'TIMESTAMP', 'VERSION'")
            tokens.expect("AS", "OF")
            version = (kind, self._expressions.value())
        return n.Table(tuple(parts), version, offset=offset)


def _each(form: Callable[[Token], str], names: tuple[Token, ...] | None) -> tuple[str, ...] | None:
    return None if names is None else tuple(map(form, names))
