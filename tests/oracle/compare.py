"""Compares two responses, regardless of undefined order and of DynamoDB Local's known deviations."""

from __future__ import annotations

import re
from typing import Any, cast

from sandbox.dynamodb.numbers import canonical_number

Json = dict[str, Any]

_INVALID = "One or more parameter values were invalid: "
_REPEATED = "Transaction request cannot include multiple operations on one item"
_MISMATCH = "The provided key element does not match the schema"

KNOWN: tuple[tuple[str, str], ...] = (
    ("A value provided cannot be converted into a number", "The parameter cannot be converted to a numeric value"),
    ("DynamoDB only supports precision up to 38 digits", "Attempting to store more than 38 significant digits"),
    (f"{_INVALID}Input collection", f"{_INVALID}Input collection"),
    ("The number of conditions on the keys is invalid", _MISMATCH),
    (f"{_INVALID}Type mismatch for key", _MISMATCH),
    (f"{_INVALID}Type mismatch for key", f"{_INVALID}Type mismatch for key"),
    (f"{_INVALID}Type mismatch for Index Key", f"{_INVALID}Type mismatch for Index Key"),
    ("One of the required keys was not given a value", f"{_INVALID}Missing the key"),
    ("Query condition missed key schema element", "Query condition missed key schema element"),
    ("Empty attribute name", f"{_INVALID}Empty attribute name"),
    ("Cannot do operations on a non-existent table", "Requested resource not found"),
)
"""Sentences in which DynamoDB Local 3.3.1 differs from AWS, by their beginnings: Local's and AWS's.

AWS's are recorded in mhart/dynalite (test/putItem.js, test/getItem.js, test/query.js) and
nubo-db/dynamodb-conformance (tests/tier3/error-messages). "Empty attribute name" is recorded nowhere.
"""

_KEY_ERRORS = (
    f"{_INVALID}Type mismatch for",
    "One or more parameter values are not valid. The AttributeValue for a key attribute",
    "One or more parameter values are not valid. A value specified for a secondary index key",
)
"""Local checks the keys before the expressions; AWS checks expressions first (mhart/dynalite validations/)."""

_KEY_PATHS = ("Key attributes must be scalars", f"{_INVALID}Cannot update attribute")
"""AWS checks an update's paths before the condition (mhart/dynalite actions/updateItem.js); Local tests it first."""

_FOUND_IN_ITEM = re.compile(
    r"The provided expression refers to an attribute|The document path provided in the update expression"
    r"|An operand in the update expression has an incorrect data type"
)
_SAME_KIND = (
    # Of several errors of a kind, Local and the engine may report different ones.
    re.compile(r"Invalid \w+: Two document paths (overlap|conflict) with each other;"),
    re.compile(r"Invalid \w+: Incorrect operand type for operator or function;"),
    # … also for errors that depend on the item.
    _FOUND_IN_ITEM,
    # … also for those of one expression's text.
    re.compile(
        r"Invalid \w+: (?:The function is not allowed to be used this way|List index is not within the allowable)"
    ),
    # Unused placeholders have no order, and Local may name those of another action.
    re.compile(r"Value provided in ExpressionAttribute|ExpressionAttributeValues can only be specified when"),
    # Local prints bounds in their original spelling, and binaries in Java's form.
    re.compile(r"Invalid \w+: The BETWEEN operator requires"),
)


def difference(local: Json, ours: Json) -> str | None:
    """Return the difference of our response to DynamoDB Local's; None if they are equal."""
    said = f"Local: {local}\nours:  {ours}"
    if "error" not in local and "error" not in ours:
        # Local returns DeleteItem's capacity without a request for it.
        answers = [{name: value for name, value in one.items() if name != "ConsumedCapacity"} for one in (local, ours)]
        return None if _in_order(normal(answers[0])) == _in_order(normal(answers[1])) else said
    if "error" not in local or "error" not in ours:
        return said
    if ours["message"] == _REPEATED or local["message"] == _REPEATED:
        # Local reports an action's error before it checks for two actions on one item.
        return None
    if local["error"] == "ConditionalCheckFailedException" and str(ours["message"]).startswith(_KEY_PATHS):
        return None
    if local["error"] != ours["error"]:
        return None if _is_cancelled_update(local, ours) else said
    same = same_sentence(str(local["message"]), str(ours["message"]))
    items = [normal(one.get("Item")) for one in (local, ours)]
    reasons = [_codes(one.get("CancellationReasons")) for one in (local, ours)]
    return None if same and items[0] == items[1] and reasons[0] == reasons[1] else said


def paged(request: Json, local: Json, ours: Json) -> Json:
    """Return Local's response to a Query with the LastEvaluatedKey that Local omits.

    Local 3.3.1 omits it if `Limit` ends a page at an item whose sort key equals the bound of <=, >= or BETWEEN. By its
    documentation DynamoDB returns it whenever it stops at the limit, whether or not an item follows
    (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html, Limit). So does Local for all other
    conditions.
    """
    last: Json = ours.get("LastEvaluatedKey", {})
    condition = str(request.get("KeyConditionExpression"))
    bounds = [request["ExpressionAttributeValues"].get(name) for name in re.findall(r":\w+", condition)]
    is_inclusive = any(operator in condition for operator in ("<=", ">=", "BETWEEN"))
    is_at_limit = "LastEvaluatedKey" not in local and ours.get("ScannedCount") == request.get("Limit")
    return local | {"LastEvaluatedKey": last} if is_at_limit and is_inclusive and last.get("sk") in bounds else local


def fragments(request: Json, local: Json, ours: Json) -> Json:
    """Return Local's response to an UpdateItem with only the fragments that the update names.

    For UPDATED_OLD and UPDATED_NEW, DynamoDB returns of a nested path the value at this path, within its maps and
    lists (compared with AWS in ExtendDB/extenddb#98 and #105, and in nubo-db/dynoxide#36); Local 3.3.1 returns the
    whole attribute. A fragment of ours that is not in Local's attribute stays a difference.
    """
    if not str(request.get("ReturnValues")).startswith("UPDATED") or "Attributes" not in local:
        return local
    nested = set(re.findall(r"([#\w]+)[.\[]", str(request.get("UpdateExpression"))))
    names = {request.get("ExpressionAttributeNames", {}).get(name, name) for name in nested}
    whole, parts = normal(local["Attributes"]), normal(ours.get("Attributes", {}))
    found = {name: parts[name] for name in names & parts.keys() if _is_within(parts[name], whole.get(name))}
    return local | {"Attributes": whole | found}


def _is_within(part: Any, whole: Any) -> bool:
    """Whether a value has nothing that a value of the same path lacks; elements of lists keep their order."""
    if part == whole:
        return True
    kind = next(iter(part), "")
    if kind not in ("M", "L") or not isinstance(whole, dict) or kind not in whole:
        return False
    inner: Any = cast("Json", whole)[kind]
    if kind == "M":
        return all(name in inner and _is_within(value, inner[name]) for name, value in part["M"].items())
    rest = iter(inner)
    return all(any(_is_within(value, one) for one in rest) for value in part["L"])


def same_sentence(local: str, ours: str) -> bool:
    """Return whether Local's sentence is ours, or is known to differ from AWS's."""
    said = ours
    local, ours = _inner(local), _inner(ours)
    if local == ours or any(local.startswith(theirs) and ours.startswith(aws) for theirs, aws in KNOWN):
        return True
    if any(kind.match(local) and kind.match(ours) for kind in _SAME_KIND):
        return True
    return local.startswith(_KEY_ERRORS) and "Expression" in said


def is_found_in_item(local: str) -> bool:
    """Whether Local's sentence is of what an update finds in the item."""
    return _FOUND_IN_ITEM.match(local) is not None


def same_changes(local: list[Any], ours: list[Any]) -> bool:
    """Return whether two lists of (table, event, image before, image after) are equal per item."""
    return normal(sorted(local, key=_item_of)) == normal(sorted(ours, key=_item_of))


def _item_of(change: list[Any]) -> str:
    table, _, before, after = change
    image = normal(before or after)
    return f"{table} {image['pk']} {image.get('sk')}"


def _in_order(answer: Json) -> Json:
    """Return a response with sorted items where AWS has no order: those of a batch, and of a Scan."""
    batches: Any = answer.get("Responses")
    if isinstance(batches, dict):
        named = cast("dict[str, list[Any]]", batches)
        return answer | {"Responses": {name: sorted(items, key=_key_of) for name, items in named.items()}}
    return answer


def scanned(answer: Json) -> Json:
    """Return a Scan's response with its items in the order of their keys."""
    return answer | {"Items": sorted(answer["Items"], key=_key_of)} if "Items" in answer else answer


def _key_of(item: Json) -> str:
    return f"{item.get('pk')} {item.get('sk')}"


def _is_cancelled_update(local: Json, ours: Json) -> bool:
    """Return whether a transaction was refused because of an item's content, which Local reports differently from AWS.

    AWS cancels the transaction (nubo-db/dynoxide src/actions/transact_write_items.rs, captured in eu-west-2).
    """
    said = {str(reason.get("Message")) for reason in ours.get("CancellationReasons", ())}
    return ours["error"] == "TransactionCanceledException" and any(
        same_sentence(str(local["message"]), one) for one in said
    )


def normal(value: Any) -> Any:
    """Return a value in a normal form: numbers in one spelling, sets in order."""
    if isinstance(value, list):
        return [{} if each == {"M": {}} else normal(each) for each in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    given = cast("Json", value)
    if set(given) == {"N"} and isinstance(given["N"], str):
        # Local returns a number that an update stored in its original spelling.
        return {"N": canonical_number(given["N"])}
    kind = next(iter(given), "")
    if len(given) == 1 and kind in ("SS", "NS", "BS") and isinstance(given[kind], list):
        return {kind: sorted(str(normal({kind[0]: each})[kind[0]]) for each in given[kind])}
    # An empty map of an image has no type in Local's streams.
    members: Json = {name: {} if each == {"M": {}} else normal(each) for name, each in given.items()}
    return members


def _inner(sentence: str) -> str:
    """Return the error of a value, without the sentence around it."""
    match = re.fullmatch(r"ExpressionAttributeValues contains invalid value: (.*?) for key :\w+", sentence, re.DOTALL)
    return sentence if match is None else match[1]


def _codes(reasons: Any) -> Any:
    return reasons and [reason.get("Code") for reason in reasons]
