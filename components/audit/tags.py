"""The rules of tags."""

from __future__ import annotations

import re

from components.audit.reading import fields
from components.audit.rule import Rule
from components.audit.spoiling import given
from components.explain.evidence import Case

_GUIDE = "https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html"
_PLAIN = re.compile(r"[\w\s+\-=.:/@]*")


def _are_few_and_short(case: Case) -> bool:
    tags = fields(case.inputs, "tags")
    return len(tags) <= 50 and all(1 <= len(key) <= 128 and len(value) <= 256 for key, value in tags.items())


def _are_plain(case: Case) -> bool:
    tags = fields(case.inputs, "tags")
    return all(
        _PLAIN.fullmatch(key) and _PLAIN.fullmatch(value) and not key.lower().startswith("aws:")
        for key, value in tags.items()
    )


RULES = (
    Rule(
        "tags-few",
        "",
        "A resource has at most 50 tags, with keys of at most 128 and values of at most 256 characters.",
        _GUIDE,
        _are_few_and_short,
        given({"tags": {"Stack": "s" * 257}}),
    ),
    Rule(
        "tags-plain",
        "",
        "Tags are letters, digits, spaces and + - = . : / @ _, and no key has the reserved prefix aws:.",
        _GUIDE,
        _are_plain,
        given({"tags": {"aws:stack": "dev"}}),
    ),
)
