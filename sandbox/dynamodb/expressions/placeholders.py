"""The names and values that a request defines for the placeholders in its expressions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, cast

from sandbox.dynamodb.expressions.reserved import is_reserved
from sandbox.dynamodb.expressions.syntax import Element, Literal, NameRef, Path, ValueRef, WrittenName
from sandbox.dynamodb.expressions.tokens import ExpressionError
from sandbox.dynamodb.values import Value

_UNUSED = "Value provided in {} unused in expressions: keys: {{{}}}"


class Marks(NamedTuple):
    """The placeholders that an expression has used, and the attributes within which it reads."""

    placeholders: frozenset[str]
    within: frozenset[str]


class Placeholders:
    """A request's placeholders with their values, and the set of those that its expressions have used."""

    def __init__(self, names: Mapping[str, str] | None = None, values: Mapping[str, Value] | None = None) -> None:
        self._names = names or {}
        self.values = values or {}
        self._used: set[str] = set()
        self._within: set[str] = set()
        self._signature: object = None

    @property
    def signature(self) -> object:
        """The key of an expression's binding: the names, and the types of the values."""
        if self._signature is None:
            self._signature = tuple(self._names.items()), tuple([(name, *value) for name, value in self.values.items()])
        return self._signature

    @property
    def marks(self) -> Marks:
        """What expressions have used until now."""
        return Marks(frozenset(self._used), frozenset(self._within))

    @property
    def within(self) -> frozenset[str]:
        """The attributes within which expressions read a member or an element."""
        return frozenset(self._within)

    def unused_copy(self) -> Placeholders:
        """The same names and values, all marked as unused."""
        return Placeholders(self._names, self.values)

    def use(self, marks: Marks) -> None:
        """Mark as used what an expression used when it was bound."""
        self._used |= marks.placeholders
        self._within |= marks.within

    def value(self, name: str) -> Value:
        """The value of a placeholder; raises ExpressionError if the request does not define it."""
        value = self.values.get(name)
        if value is None:
            raise ExpressionError(
                f"An expression attribute value used in expression is not defined; attribute value: {name}"
            )
        self._used.add(name)
        return value

    def path(self, path: Path) -> tuple[Element, ...]:
        """A path that an expression reads, with the attributes' own names.

        Raises:
            ExpressionError: a name is not defined, or is a reserved word.
        """
        resolved = self.target(path)
        if len(resolved) > 1:
            self._within.add(str(resolved[0]))
        return resolved

    def target(self, path: Path) -> tuple[Element, ...]:
        """A path that an update changes; otherwise as `path`."""
        return tuple(self._element(element) for element in path.elements)

    def resolve(self, node: object) -> None:
        """Mark all placeholders of a part of an expression as used, in order of appearance.

        Raises:
            ExpressionError: one is not defined, or a name is a reserved word.
        """
        if isinstance(node, Path):
            self.path(node)
        elif isinstance(node, ValueRef):
            self.value(node.name)
        elif isinstance(node, tuple) and not isinstance(node, Literal):
            for part in cast("tuple[object, ...]", node):
                self.resolve(part)

    def unused(self) -> str | None:
        """DynamoDB's message about a name or value that no expression uses; None if all are used."""
        for parameter, given in (
            ("ExpressionAttributeNames", self._names),
            ("ExpressionAttributeValues", self.values),
        ):
            if not self._used.issuperset(given):
                return _UNUSED.format(parameter, ", ".join(name for name in given if name not in self._used))
        return None

    def _element(self, element: Element) -> Element:
        if isinstance(element, NameRef):
            name = self._names.get(element)
            if name is None:
                raise ExpressionError(
                    f"An expression attribute name used in the document path is not defined; attribute name: {element}"
                )
            self._used.add(element)
            return name
        if isinstance(element, WrittenName) and is_reserved(element):
            raise ExpressionError(f"Attribute name is a reserved keyword; reserved keyword: {element}")
        return element
