"""A function's signature in Trino's notation, and the binding of a call's argument types to it.

concat(array(E), array(E)) -> array(E)
    round(decimal(p, s), integer) -> decimal(min(38, p + 1), s)
    reduce(array(T), S, function(S, T, S), function(S, R)) -> R
    <T: orderable> greatest(T, T...) -> T

A capital letter is a type variable, a small one that of a number; the last parameter may repeat (`...`, also zero
times), and `any` accepts every type. A trait before the signature limits a variable: orderable. The variables C and K
are comparable: the function tests their values for equality.

Source: trino 435, core/trino-main/src/main/java/io/trino/metadata/SignatureBinder.java.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from sandbox.athena.coercions import as_decimal, can_coerce, common_type
from sandbox.athena.types import Type

_NOTATION = re.compile(r"\s*(?:<(?P<traits>[^>]*)>)?\s*(?P<name>[\w$]+)\s*\((?P<parameters>.*)\)\s*->\s*(?P<result>.*)")
_UNBOUNDED = 2147483647
"""The length of an unbounded varchar, in a signature's arithmetic."""
_INCOMPARABLE, _UNORDERED = frozenset({"function", "hyperloglog", "tdigest"}), frozenset({"map", "json"})
_LONG_NAMES = ("interval day to second", "interval year to month")


@dataclass(frozen=True)
class TypePattern:
    """A type with variables: its name, numbers (expressions of number variables) and component types."""

    name: str
    numbers: tuple[str, ...] = ()
    components: tuple[TypePattern, ...] = ()

    @property
    def is_variable(self) -> bool:
        """Whether this is a type variable."""
        return len(self.name) == 1 and self.name.isupper()

    @property
    def has_variables(self) -> bool:
        """Whether a type variable is part of this."""
        return self.is_variable or any(component.has_variables for component in self.components)


@dataclass(frozen=True)
class Signature:
    """Parameters and result of a function; the last parameter of a variadic one repeats."""

    parameters: tuple[TypePattern, ...]
    result: TypePattern
    variadic: bool
    traits: Mapping[str, str]

    @property
    def is_generic(self) -> bool:
        """Whether the signature has a type variable."""
        return any(parameter.has_variables for parameter in self.parameters)

    def patterns(self, count: int) -> tuple[TypePattern, ...] | None:
        """A pattern for each of `count` arguments; None if the signature does not accept that number."""
        if not self.variadic:
            return self.parameters if len(self.parameters) == count else None
        fixed = self.parameters[:-1]
        return (*fixed, *[self.parameters[-1]] * (count - len(fixed))) if count >= len(fixed) else None


@dataclass
class Bindings:
    """The types and numbers of a signature's variables. Binding returns whether an argument fits."""

    traits: Mapping[str, str]
    coerce: bool
    types: dict[str, Type] = field(default_factory=dict[str, Type])
    numbers: dict[str, int] = field(default_factory=dict[str, int])

    def bind(self, pattern: TypePattern, type_: Type) -> bool:
        """Bind one argument's type to its parameter; return whether it fits."""
        if pattern.is_variable:
            return self._variable(pattern.name, type_)
        if pattern.name == "any":
            return True
        if type_.name == "unknown" and pattern.name != "unknown":
            return self.coerce and self._unknown(pattern)
        if pattern.components:
            if pattern.name != type_.name or len(pattern.components) != len(type_.fields):
                return False
            return all(self.bind(p, t) for p, t in zip(pattern.components, type_.members, strict=True))
        if pattern.numbers and not all(number.isdigit() for number in pattern.numbers):
            return self._numbers(pattern, type_)
        expected = self.resolve(pattern)
        return type_ == expected or (self.coerce and can_coerce(type_, expected))

    def resolve(self, pattern: TypePattern) -> Type:
        """The type of a pattern whose variables are bound; unknown for an unbound variable."""
        if pattern.is_variable:
            return self.types.get(pattern.name, Type("unknown"))
        if pattern.components:
            return Type(pattern.name, fields=_named(pattern.name, [self.resolve(p) for p in pattern.components]))
        numbers = tuple(_evaluated(number, self.numbers) for number in pattern.numbers)
        if pattern.name == "varchar" and numbers and numbers[0] >= _UNBOUNDED:
            return Type("varchar")
        default = {"time": 3, "timestamp": 3, "timestamp with time zone": 3}.get(pattern.name)
        return Type(pattern.name, () if numbers == (default,) else numbers)

    def _unknown(self, pattern: TypePattern) -> bool:
        """Bind NULL to any type; if its numbers are unbound, to the smallest type of that name."""
        smallest = (1, 0) if pattern.name in {"decimal", "char"} else (0,)
        for number, value in zip(pattern.numbers, smallest, strict=False):
            if number.isidentifier():
                self.numbers.setdefault(number, value)
        return True

    def _variable(self, name: str, type_: Type) -> bool:
        bound = self.types.get(name)
        if bound is not None and bound != type_:
            common = common_type(bound, type_) if self.coerce else None
            if common is None:
                return False
            type_ = common
        if not has_trait(type_, self.traits.get(name, "")):
            return False
        self.types[name] = type_
        return True

    def _numbers(self, pattern: TypePattern, type_: Type) -> bool:
        """Bind decimal(p, s), varchar(n), char(n), timestamp(p) and the like."""
        actual = self._as(pattern, type_)
        if actual is None:
            return False
        for number, value in zip(pattern.numbers, actual, strict=True):
            if number.isidentifier():
                bound = self.numbers.setdefault(number, value)
                if bound != value:
                    if not self.coerce:
                        return False
                    self.numbers[number] = max(bound, value)
        return True

    def _as(self, pattern: TypePattern, type_: Type) -> tuple[int, ...] | None:
        name = pattern.name
        if type_.name == name:
            if name == "decimal":
                return type_.decimal
            if name.startswith("time"):
                return (type_.precision,)
            return type_.arguments or (_UNBOUNDED,)
        if not self.coerce:
            return None
        if name == "decimal":
            return as_decimal(type_)
        example = {"char": Type("char", (1,)), "varchar": Type("varchar", (1,))}.get(name, Type(name, (0,)))
        common = common_type(type_, example)
        if common is None or common.name != name:
            return None
        return (common.precision,) if name.startswith("time") else common.arguments or (_UNBOUNDED,)


def has_trait(type_: Type, trait: str) -> bool:
    """Return whether values of a type can be compared, or ordered."""
    if trait and type_.name in _INCOMPARABLE | (_UNORDERED if trait == "orderable" else set()):
        return False
    return not trait or type_.name == "function" or all(has_trait(member, trait) for member in type_.members)


@cache
def parse_signature(text: str) -> Signature:
    """Parse a signature; ValueError for any other text."""
    match = _NOTATION.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a signature")
    parts = _split(match["parameters"])
    variadic = bool(parts) and parts[-1].endswith("...")
    parameters = tuple(_pattern(part.removesuffix("...")) for part in parts)
    pairs = [pair.split(":") for pair in (match["traits"] or "").split(",") if pair.strip()]
    traits = {"C": "comparable", "K": "comparable"} | {name.strip(): trait.strip() for name, trait in pairs}
    return Signature(parameters, _pattern(match["result"]), variadic, traits)


def _named(name: str, members: Sequence[Type]) -> tuple[tuple[str, Type], ...]:
    names = {"array": ("element",), "map": ("key", "value")}.get(name, ("",) * len(members))
    return tuple(zip(names, members, strict=True))


def _pattern(text: str) -> TypePattern:
    text = text.strip()
    if text in _LONG_NAMES or "(" not in text:
        return TypePattern(text)
    name, _, rest = text.partition("(")
    inner, _, tail = rest.rpartition(")")
    name = f"{name.strip()} {tail.strip()}".strip()
    parts = _split(inner)
    if name in {"array", "map", "row", "function"}:
        return TypePattern(name, components=tuple(_pattern(part) for part in parts))
    return TypePattern(name, numbers=tuple(part.strip() for part in parts))


def _split(text: str) -> list[str]:
    parts, depth, start = list[str](), 0, 0
    for i, letter in enumerate(text):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    return [*parts, text[start:]] if text.strip() else []


def _evaluated(expression: str, numbers: Mapping[str, int]) -> int:
    return _number(ast.parse(expression.strip(), mode="eval").body, numbers)


def _number(node: ast.expr, numbers: Mapping[str, int]) -> int:
    match node:
        case ast.Constant(value=int() as value):
            return value
        case ast.Name(id=name):
            return numbers[name]
        case ast.BinOp(left=left, op=operator, right=right):
            a, b = _number(left, numbers), _number(right, numbers)
            if isinstance(operator, (ast.Mult, ast.FloorDiv)):
                return a * b if isinstance(operator, ast.Mult) else a // b
            return a + b if isinstance(operator, ast.Add) else a - b
        case ast.Call(func=ast.Name(id=("min" | "max") as name), args=arguments):
            values = [_number(argument, numbers) for argument in arguments]
            return min(values) if name == "min" else max(values)
        case _:
            raise ValueError(f"{ast.dump(node)} is not a number of a signature")
