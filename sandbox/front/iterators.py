"""Shard iterators: the position in a shard as an opaque, self-contained text, so that the server stores none."""

from __future__ import annotations

import time
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Self

import msgspec

from sandbox.front.reply import ServiceError


@dataclass(frozen=True)
class ShardPosition:
    """A position in a shard of a stream (its ARN or name): before the record with an index."""

    stream: str
    shard: str
    index: int

    def token(self) -> str:
        """The iterator for the position, created now."""
        return b64encode(msgspec.json.encode([self.stream, self.shard, self.index, int(time.time())])).decode("ascii")

    @classmethod
    def parse(cls, token: str, fresh_s: float, refusal: str) -> Self:
        """The position of an iterator.

        Raises:
            ServiceError: the iterator is invalid (its code is `refusal`), or older than `fresh_s`.
        """
        try:
            fields = msgspec.json.decode(b64decode(token, validate=True), type=tuple[str, str, int, int])
        except (ValueError, msgspec.MsgspecError):
            raise ServiceError(refusal, "Invalid ShardIterator.") from None
        stream, shard, index, made_s = fields
        if time.time() - made_s > fresh_s:
            raise ServiceError("ExpiredIteratorException", "Iterator expired: get a new one.")
        return cls(stream, shard, index)
