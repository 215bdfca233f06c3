"""The check of an item that is put, in C: native/. `sandbox.dynamodb.usual_items` calls it, and says what it does."""

from typing_extensions import Buffer

def stored(item: Buffer, names: tuple[bytes, ...], kinds: tuple[int, ...], /) -> tuple[int | bytes, ...] | None:
    """An item's size, its image, and the contents of its key attributes, which have these names and types.

    A type is its letter's number. None for an item that is not usual, ValueError and TypeError for no key.
    """
