"""Files that a user names for results: checked before the work; one sentence when they cannot be written."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from stack.commandline import UserError


def check_writable(option: str, path: Path | None) -> None:
    """Raise UserError before the work when the option's path cannot be written; None means not given.

    `option` is "" for an argument without a name.
    """
    if path is None:
        return
    parent = path.parent
    change, add = (f"change --{option}", f" to --{option}") if option else ("give another path", "")
    if path.is_dir():
        raise UserError(f"{path} cannot be written: it is a directory; add a file's name{add}.")
    if not parent.is_dir():
        raise UserError(f"{path} cannot be written: {parent} is not a directory; create it or {change}.")
    if not os.access(path if path.exists() else parent, os.W_OK):
        raise UserError(f"{path} cannot be written: permission denied; {change}.")


def check_distinct(written: Mapping[str, Path | None], read: Mapping[str, Path | None] | None = None) -> None:
    """Raise UserError before the work when a file that is written is also another one, whose content it would replace.

    Both map names, as in a sentence, to paths; None means not given. A device, such as /dev/null, may be given twice.
    """
    names: dict[Path, str] = {}
    for mapped in (written, read or {}):
        for name, path in mapped.items():
            if path is None or (path.exists() and not path.is_file()):
                continue
            place = path.resolve()
            if place in names and (mapped is written or names[place] in written):
                raise UserError(f"{path} would be both {names[place]} and {name}: give one of them another path.")
            names.setdefault(place, name)


def save(path: Path, content: bytes) -> None:
    """Write a file. Raises: UserError: it cannot be written."""
    try:
        path.write_bytes(content)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}; make room or give another path.") from None
