"""Generates valid and invalid calls of DynamoDB's data plane, with few names so that they interact."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

Json = dict[str, Any]
Call = tuple[str, Json]

TABLES: dict[str, Json] = {
    "oracle-one": {"KeySchema": [("pk", "HASH")], "Definitions": {"pk": "S"}},
    "oracle-two": {
        "KeySchema": [("pk", "HASH"), ("sk", "RANGE")],
        "Definitions": {"pk": "S", "sk": "N", "g": "S"},
        "Index": [("g", "HASH"), ("sk", "RANGE")],
    },
}
_NAMES = ("a", "b", "l", "m", "n", "s", "ss", "ns", "g")
_PATHS = (
    "a",
    "b",
    "n",
    "s",
    "ss",
    "ns",
    "l",
    "m",
    "l[0]",
    "l[1]",
    "m.k",
    "m.l[0]",
    "l[1].k",
    "m.gone.deep",
    "gone",
    "#n",
)
_REFUSED_PATHS = ("l[00]", "l[2147483648]", "pk.x")
_SCALARS: tuple[Json, ...] = (
    {"S": ""},
    {"S": "x"},
    {"S": "xy"},
    {"S": "é"},
    {"N": "0"},
    {"N": "1"},
    {"N": "-2.50"},
    {"N": "12345678901234567890123456789012345678"},
    {"N": "1E3"},
    {"B": "YQ=="},
    {"B": "YWI="},
    {"BOOL": True},
    {"NULL": True},
)
_COLLECTIONS: tuple[Json, ...] = (
    {"L": [{"N": "1"}, {"M": {"k": {"S": "x"}}}]},
    {"L": []},
    {"M": {"k": {"N": "1"}, "l": {"L": [{"S": "x"}]}}},
    {"SS": ["x", "y"]},
    {"SS": ["y", "z"]},
    {"NS": ["1", "2.0"]},
    {"BS": ["YQ=="]},
)
_WRONG: tuple[Json, ...] = ({"N": "x"}, {"SS": []}, {"N": "1E200"}, {"S": "x", "N": "1"}, {}, {"NS": ["1", "1.0"]})
_COMPARATORS = ("=", "<>", "<", "<=", ">", ">=")
_TYPES = ("S", "N", "B", "BOOL", "NULL", "L", "M", "SS", "NS", "BS")


class Generator:
    """Draws calls."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._values: Json = {}

    def calls(self, count: int) -> list[Call]:
        """Return this number of calls in order."""
        makers: tuple[Callable[[], Call], ...] = (
            *([self._put] * 4),
            *([self._update] * 6),
            *([self._delete] * 2),
            self._get,
            *([self._query] * 2),
            *([self._scan] * 2),
            self._batch_write,
            self._batch_get,
            self._transact,
        )
        return [self._random.choice(makers)() for _ in range(count)]

    # Calls

    def _put(self) -> Call:
        self._values = {}
        table = self._table()
        request: Json = {"TableName": table, "Item": self._item(table)}
        request |= self._conditional() | self._sometimes(ReturnValues=self._pick("ALL_OLD", "NONE"))
        return "PutItem", self._with_values(request)

    def _update(self) -> Call:
        self._values = {}
        table = self._table()
        request: Json = {"TableName": table, "Key": self._key(table), "UpdateExpression": self._update_expression()}
        returned = self._pick("ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW", "NONE")
        request |= self._conditional() | self._sometimes(ReturnValues=returned)
        return "UpdateItem", self._with_values(request)

    def _delete(self) -> Call:
        self._values = {}
        table = self._table()
        request: Json = {"TableName": table, "Key": self._key(table)}
        request |= self._conditional() | self._sometimes(ReturnValues="ALL_OLD")
        return "DeleteItem", self._with_values(request)

    def _get(self) -> Call:
        self._values = {}
        table = self._table()
        request: Json = {"TableName": table, "Key": self._key(table)}
        if self._random.random() < 0.7:
            request["ProjectionExpression"] = ", ".join(self._path() for _ in range(self._random.randint(1, 3)))
        return "GetItem", self._with_values(request)

    def _query(self) -> Call:
        self._values = {}
        by_index = self._random.random() < 0.4
        hash_ = "g" if by_index else "pk"
        condition = f"{hash_} = {self._value({'S': self._pick('x', 'xy', 'p1', 'p2')})}"
        if self._random.random() < 0.7:
            condition += " AND " + self._range_condition()
        request: Json = {"TableName": "oracle-two", "KeyConditionExpression": condition}
        if self._random.random() < 0.1:
            # Of the older parameters this one may stand beside the expressions of other kinds.
            equals = {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": self._pick("x", "p1")}]}
            self._values = {}
            request = {"TableName": "oracle-two", "KeyConditions": {hash_: equals}}
        request |= {"IndexName": "by-g"} if by_index else {}
        request |= self._sometimes(ScanIndexForward=False) | self._sometimes(Limit=self._random.randint(1, 3))
        if self._random.random() < 0.3:
            request["FilterExpression"] = self._condition(1)
        return "Query", self._with_values(request)

    def _scan(self) -> Call:
        self._values = {}
        request: Json = {"TableName": self._table(), "FilterExpression": self._condition(2)}
        return "Scan", self._with_values(request)

    def _batch_write(self) -> Call:
        table = self._table()
        writes = [
            {"PutRequest": {"Item": self._item(table)}}
            if self._random.random() < 0.7
            else {"DeleteRequest": {"Key": self._key(table)}}
            for _ in range(self._random.randint(1, 3))
        ]
        return "BatchWriteItem", {"RequestItems": {table: writes}}

    def _batch_get(self) -> Call:
        table = self._table()
        return "BatchGetItem", {"RequestItems": {table: {"Keys": [self._key(table) for _ in range(2)]}}}

    def _transact(self) -> Call:
        actions: list[Json] = []
        for _ in range(self._random.randint(1, 3)):
            operation, request = self._random.choice((self._put, self._update, self._delete))()
            request.pop("ReturnValues", None)
            actions.append({operation.removesuffix("Item"): request})
        return "TransactWriteItems", {"TransactItems": actions}

    # Parts of calls

    def _table(self) -> str:
        return self._pick(*TABLES)

    def _key(self, table: str) -> Json:
        key: Json = {"pk": {"S": self._pick("p1", "p2")}}
        if table == "oracle-two":
            key["sk"] = {"N": self._pick("1", "2", "10", "-1.5")}
        if self._random.random() < 0.03:
            key["pk"] = self._pick({"S": ""}, {"N": "1"})
        return key

    def _item(self, table: str) -> Json:
        item = self._key(table)
        for name in self._random.sample(_NAMES, self._random.randint(0, 5)):
            item[name] = {"S": self._pick("x", "xy")} if name == "g" else self._any(name)
        return item

    def _any(self, name: str) -> Json:
        if self._random.random() < 0.02:
            return self._pick(*_WRONG)
        typed = {"l": "L", "m": "M", "ss": "SS", "ns": "NS", "n": "N", "s": "S"}.get(name)
        values = [*_SCALARS, *_COLLECTIONS]
        fitting = [value for value in values if typed in value]
        return self._pick(*(fitting if fitting and self._random.random() < 0.9 else values))

    def _value(self, value: Json | None = None) -> str:
        name = f":v{len(self._values)}"
        self._values[name] = self._any("") if value is None else value
        return name

    def _path(self) -> str:
        return self._pick(*(_REFUSED_PATHS if self._random.random() < 0.01 else _PATHS))

    def _operand(self) -> str:
        drawn = self._random.random()
        if drawn < 0.5:
            return self._value()
        return f"size({self._path()})" if drawn < 0.6 else self._path()

    def _condition(self, depth: int) -> str:
        if depth and self._random.random() < 0.4:
            left, right = self._condition(depth - 1), self._condition(depth - 1)
            joined = self._pick(f"{left} AND {right}", f"{left} OR {right}", f"NOT {left}")
            return joined if self._random.random() < 0.7 else f"NOT ({joined})"
        path = self._path()
        return self._pick(
            lambda: f"attribute_exists({path})",
            lambda: f"attribute_not_exists({path})",
            lambda: f"attribute_type({path}, {self._value({'S': self._pick(*_TYPES)})})",
            lambda: f"begins_with({path}, {self._value()})",
            lambda: f"contains({path}, {self._operand()})",
            lambda: f"{path} {self._pick(*_COMPARATORS)} {self._operand()}",
            lambda: f"{path} BETWEEN {self._value()} AND {self._value()}",
            lambda: f"{path} IN ({self._operand()}, {self._value()})",
            lambda: f"({path}) = {self._value()}",
            lambda: f"{path} = {self._operand() if self._random.random() < 0.8 else ''}",
        )()

    def _range_condition(self) -> str:
        number = lambda: self._value({"N": self._pick("1", "2", "5", "-3")})  # noqa: E731 - drawn each time
        return self._pick(
            lambda: f"sk {self._pick('=', '<', '<=', '>', '>=')} {number()}",
            lambda: f"sk BETWEEN {number()} AND {number()}",
            lambda: f"sk > {number()} AND sk < {number()}",
            lambda: f"{number()} < sk",
            lambda: f"sk <> {number()}",
        )()

    def _update_expression(self) -> str:
        sections = self._random.sample(("SET", "REMOVE", "ADD", "DELETE"), self._random.randint(1, 2))
        return " ".join(self._section(section) for section in sections)

    def _section(self, section: str) -> str:
        actions: list[str] = []
        for _ in range(self._random.randint(1, 2)):
            path = self._path()
            actions.append(
                {
                    "SET": lambda path=path: f"{path} = {self._set_value()}",
                    "REMOVE": lambda path=path: path,
                    "ADD": lambda path=path: f"{path} {self._value(self._any(path))}",
                    "DELETE": lambda path=path: f"{path} {self._value(self._any(path))}",
                }[section]()
            )
        return f"{section} {', '.join(actions)}"

    def _set_value(self) -> str:
        return self._pick(
            self._value,
            self._path,
            lambda: f"{self._path()} + {self._value({'N': self._pick('1', '0.1', '-5')})}",
            lambda: f"{self._value()} - {self._path()}",
            lambda: f"if_not_exists({self._path()}, {self._value()})",
            lambda: f"list_append({self._path()}, {self._value(self._any('l'))})",
            lambda: f"({self._path()}) {self._pick('+', '-')} ({self._value({'N': '2'})})",
            lambda: f"(if_not_exists({self._path()}, {self._value({'N': '1'})}) - {self._path()})",
            lambda: f"list_append(if_not_exists({self._path()}, {self._value({'L': []})}), {self._nested_append()})",
        )()

    def _nested_append(self) -> str:
        """Return a list; rarely a call that an expression does not allow there."""
        value = self._value(self._any("l"))
        return f"list_append({self._path()}, {value})" if self._random.random() < 0.1 else value

    def _conditional(self) -> Json:
        if self._random.random() < 0.6:
            return {}
        more = self._sometimes(ReturnValuesOnConditionCheckFailure="ALL_OLD")
        return {"ConditionExpression": self._condition(1)} | more

    def _with_values(self, request: Json) -> Json:
        """Return the request with the values of its placeholders; sometimes with a surplus one."""
        texts = " ".join(value for value in request.values() if isinstance(value, str))
        if "#n" in texts:
            request["ExpressionAttributeNames"] = {"#n": self._pick("n", "status")}
        values = dict(self._values)
        if self._random.random() < 0.02:
            values[":unused"] = {"N": "1"}
        if values:
            request["ExpressionAttributeValues"] = values
        return request

    def _sometimes(self, **parameters: Any) -> Json:
        return parameters if self._random.random() < 0.4 else {}

    def _pick(self, *candidates: Any) -> Any:
        return candidates[self._random.randrange(len(candidates))]
