"""The selection of a call's signature by Trino's rules: exact, then generic, then with coercions.

Source: trino 435, core/trino-main/src/main/java/io/trino/metadata/FunctionBinder.java.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sandbox.athena.functions.equality import has_variants
from sandbox.athena.functions.function import TrinoFunction
from sandbox.athena.functions.signature import Bindings, Signature, TypePattern, has_trait, parse_signature
from sandbox.athena.types import Type, function_of
from sandbox.athena.values import Value


@dataclass(frozen=True)
class LambdaArgument:
    """A lambda expression of `count` parameters; `bind` returns its body's Value for the parameters' types."""

    count: int
    bind: Callable[[tuple[Type, ...]], Value]


Argument = Value | LambdaArgument
_MAX_ROUNDS = 4
"""SignatureBinder's SOLVE_ITERATION_LIMIT."""


@dataclass(frozen=True)
class Match:
    """A function, the types to coerce the arguments to, the values of lambda arguments, and the result's type."""

    function: TrinoFunction
    signature: Signature
    parameters: tuple[Type, ...]
    lambdas: dict[int, Value]
    result: Type
    coerced: frozenset[int]

    @property
    def compares_variants(self) -> bool:
        """Whether the function tests for equality values that have several forms in DuckDB."""
        if not any(has_variants(type_) for type_ in self.parameters):
            return False
        bindings = Bindings({}, coerce=True)
        for pattern, type_ in zip(self.signature.patterns(len(self.parameters)) or (), self.parameters, strict=True):
            bindings.bind(pattern, type_)
        compared = (name for name, trait in self.signature.traits.items() if trait == "comparable")
        return any(has_variants(bindings.types.get(name, Type("unknown"))) for name in compared)


def resolve(functions: Sequence[TrinoFunction], arguments: Sequence[Argument]) -> list[Match]:
    """The best matches of a call: one, an empty list if no signature fits, several if the call is ambiguous."""
    candidates = [(f, parse_signature(text)) for f in functions for text in f.signatures]
    for generic in (False, True):
        exact = [m for f, s in candidates if s.is_generic == generic and (m := _match(f, s, arguments, coerce=False))]
        if exact:
            return exact[:1]
    matches = [m for f, s in candidates if (m := _match(f, s, arguments, coerce=True))]
    if len(matches) > 1:
        unknown = {i for i, a in enumerate(arguments) if isinstance(a, Value) and a.type.name == "unknown"}
        matches = _most_specific(matches)
        if unknown:
            matches = [m for m in matches if m.coerced <= unknown] or matches
    if len({match.result for match in matches}) == 1 and all(_is_null_of(match, arguments) for match in matches):
        return matches[:1]
    return matches


def lambda_arguments(functions: Sequence[TrinoFunction], arguments: Sequence[Argument]) -> tuple[int, int] | None:
    """The number of parameters that a function's lambda has, and that of a given one, if only that is wrong."""
    for signature in (parse_signature(text) for function in functions for text in function.signatures):
        pairs = list(zip(signature.patterns(len(arguments)) or (), arguments, strict=False))
        bindings = Bindings(signature.traits, coerce=True)
        lambdas = [(len(p.components) - 1, a.count) for p, a in pairs if isinstance(a, LambdaArgument)]
        fits = (p.name == "function" if isinstance(a, LambdaArgument) else bindings.bind(p, a.type) for p, a in pairs)
        wrong = next((counts for counts in lambdas if counts[0] != counts[1]), None)
        if wrong is not None and all(fits):
            return wrong
    return None


def _is_null_of(match: Match, arguments: Sequence[Argument]) -> bool:
    """Whether a NULL of an unknown type makes a call NULL, or none of its NULLs could matter."""
    strict = match.function.strict
    return strict is None or any(isinstance(a, Value) and a.type.name == "unknown" for a in arguments[:strict])


def _most_specific(matches: list[Match]) -> list[Match]:
    """The matches whose types fit no other signature better."""
    chosen: list[Match] = []
    for match in matches:
        if any(_is_more_specific(other, match) for other in chosen):
            continue
        chosen = [other for other in chosen if not _is_more_specific(match, other)]
        chosen.append(match)
    return chosen


def _is_more_specific(match: Match, other: Match) -> bool:
    """Return whether the types of one match can be bound to the other's signature."""
    patterns = other.signature.patterns(len(match.parameters)) or ()
    bindings = Bindings(other.signature.traits, coerce=True)
    pairs = zip(patterns, match.parameters, strict=True)
    return all(type_.name == "function" or bindings.bind(pattern, type_) for pattern, type_ in pairs)


def _match(
    function: TrinoFunction, signature: Signature, arguments: Sequence[Argument], *, coerce: bool
) -> Match | None:
    patterns = signature.patterns(len(arguments))
    if patterns is None:
        return None
    bindings = Bindings(signature.traits, coerce)
    for pattern, argument in zip(patterns, arguments, strict=True):
        if isinstance(argument, LambdaArgument):
            if pattern.name != "function" or len(pattern.components) != argument.count + 1:
                return None
        elif pattern.name == "function" or not bindings.bind(pattern, argument.type):
            return None
    lambdas = _bind_lambdas(bindings, patterns, arguments)
    if lambdas is None:
        return None
    parameters = tuple(
        lambdas[i].type if isinstance(a, LambdaArgument) else _parameter(bindings, p, a)
        for i, (p, a) in enumerate(zip(patterns, arguments, strict=True))
    )
    if not all(has_trait(bindings.types.get(name, Type("unknown")), trait) for name, trait in signature.traits.items()):
        return None
    result = bindings.resolve(signature.result)
    coerced = frozenset(
        i for i, (a, t) in enumerate(zip(arguments, parameters, strict=True)) if isinstance(a, Value) and a.type != t
    )
    return Match(function, signature, parameters, lambdas, result, coerced)


def _parameter(bindings: Bindings, pattern: TypePattern, argument: Value) -> Type:
    return argument.type if pattern.name == "any" else bindings.resolve(pattern)


def _bind_lambdas(
    bindings: Bindings, patterns: Sequence[TypePattern], arguments: Sequence[Argument]
) -> dict[int, Value] | None:
    """The lambda arguments' values; a result may widen a variable's type, for which they are bound again."""
    for _ in range(_MAX_ROUNDS):
        before = dict(bindings.types)
        lambdas: dict[int, Value] = {}
        for i, (pattern, argument) in enumerate(zip(patterns, arguments, strict=True)):
            if isinstance(argument, LambdaArgument):
                value = _bind_lambda(bindings, pattern, argument)
                if value is None:
                    return None
                lambdas[i] = value
        if all(bindings.types[name] == type_ for name, type_ in before.items()):
            return lambdas
    return None


def _bind_lambda(bindings: Bindings, pattern: TypePattern, argument: LambdaArgument) -> Value | None:
    parameters = tuple(bindings.resolve(component) for component in pattern.components[:-1])
    body = argument.bind(parameters)
    result = pattern.components[-1]
    fits = _is_bound(result, bindings) and body.type == bindings.resolve(result)
    if not fits and not bindings.bind(result, body.type):
        return None
    expected = bindings.resolve(result)
    if body.type != expected:
        return None
    return Value(function_of(*parameters, expected), body.sql, parameters=body.parameters)


def _is_bound(pattern: TypePattern, bindings: Bindings) -> bool:
    """Return whether all type variables of a pattern have types that a lambda expression's result does not change."""
    if pattern.is_variable:
        return pattern.name in bindings.types
    return all(_is_bound(component, bindings) for component in pattern.components)
