"""The mix of writes, reads and transactions, exact over every cycle of its weights."""

from __future__ import annotations

import math
import random
from typing import Literal, cast, get_args

from msgspec import Struct

Op = Literal["insert", "update", "delete", "get", "query", "transact"]
OPS: tuple[Op, ...] = get_args(Op)
Kind = Literal["write", "get", "query", "transact"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""The kinds of call with separate counters: a write of any operation may be sent alone or in a batch."""
READS: frozenset[Op] = frozenset({"get", "query"})
TRANSACTION_WRITES = 2
"""The changes of a transaction of the mix: an update of one order and an insert of another."""
_MAX_CYCLE = 10_000


class Mix(Struct, frozen=True):
    """Weights of the operations: whole numbers, not all zero."""

    insert: int = 60
    update: int = 30
    delete: int = 10
    get: int = 0
    query: int = 0
    transact: int = 0

    def __post_init__(self) -> None:
        weights = self.weights
        if min(weights) < 0 or not 0 < sum(weights) <= _MAX_CYCLE:
            raise ValueError(f"weights are whole numbers from 0 whose sum is 1 to {_MAX_CYCLE}")

    @property
    def weights(self) -> tuple[int, ...]:
        """The weights in the order of OPS."""
        return self.insert, self.update, self.delete, self.get, self.query, self.transact

    @property
    def changes_each(self) -> float:
        """Changes of items per operation on average: none for a read, several for a transaction."""
        changes = self.insert + self.update + self.delete + TRANSACTION_WRITES * self.transact
        return changes / sum(self.weights)

    @property
    def only_writes(self) -> bool:
        """Whether all operations are single writes, which have the same counters."""
        return self.get == self.query == self.transact == 0

    @classmethod
    def parse(cls, text: str) -> Mix:
        """Parse "insert=60,update=30,delete=10"; missing weights are 0. Raises: ValueError: the text is wrong."""
        weights: dict[Op, int] = {}
        for part in text.split(","):
            name, _, weight = part.partition("=")
            if name.strip() not in OPS or not weight.strip().isdecimal():
                raise ValueError(f"{part!r} is not one of {', '.join(OPS)} with a whole number, as in insert=60")
            op = cast("Op", name.strip())
            if op in weights:
                raise ValueError(f"{op!r} is given twice")
            weights[op] = int(weight)
        return cls(**dict.fromkeys(OPS, 0) | weights)

    def cycle(self, seed: int) -> tuple[Op, ...]:
        """Return the repeating cycle of operations: the weights in lowest terms, shuffled by the seed.

        A cycle begins with an insert, if it has one, so that a run of one write is possible.
        """
        divisor = math.gcd(*self.weights)
        ops: list[Op] = [op for op, weight in zip(OPS, self.weights, strict=True) for _ in range(weight // divisor)]
        random.Random(f"mix/{seed}").shuffle(ops)
        first = ops.index("insert") if self.insert else 0
        return tuple(ops[first:] + ops[:first])
