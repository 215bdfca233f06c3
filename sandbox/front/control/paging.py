"""Pages of a listing: the token of the next page is the identity of the last item on this page."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from sandbox.front.reply import ServiceError

T = TypeVar("T")


def page_of(
    items: Sequence[T], identity: Callable[[T], str], asked: Mapping[str, Any], most: int, error: str
) -> tuple[list[T], dict[str, str]]:
    """Return a page of at most `most` items in the order of their identities, and {"NextToken": …} if more follow.

    `asked` has the request's MaxResults and NextToken.

    Raises:
        ServiceError: the token is unreadable; its code is `error`.
    """
    ordered = sorted(items, key=identity)
    after = _after(asked.get("NextToken"), error)
    rest = ordered if after is None else [item for item in ordered if identity(item) > after]
    size = min(int(asked.get("MaxResults") or most), most)
    page = rest[:size]
    more = {"NextToken": base64.urlsafe_b64encode(identity(page[-1]).encode()).decode()} if len(rest) > size else {}
    return page, more


def _after(token: str | None, error: str) -> str | None:
    if token is None:
        return None
    try:
        return base64.b64decode(token.encode(), altchars=b"-_", validate=True).decode()
    except (ValueError, binascii.Error):
        raise ServiceError(error, "The NextToken is not valid") from None
