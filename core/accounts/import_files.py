"""Finding account files below a path that a person named. Reads only; follows no link; blocks on disk."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from msgspec import Struct

from core.domain.failure import GatewayError, Kind
from core.domain.secret import Secret
from core.storage.files import confined

from .import_shapes import EXPECTED
from .imports import MOST_ENTRIES, Found, NotAccounts, read_file

LARGEST: Final = 64 * 1024 * 1024
"""Bytes, of all files of one import together."""
MOST_FILES: Final = 10_000
FOLDER: Final = "accounts"
"""The folder below a directory that is looked into, too: Antigravity Tools keeps an account a file there."""


class Trouble(Struct, frozen=True):
    """A file that looked like one of accounts and could not be read, and why."""

    file: str
    why: str


class Reading(Struct, frozen=True):
    found: tuple[Found, ...]
    troubles: tuple[Trouble, ...] = ()


def read_path(path: Path) -> Reading:
    """The accounts of a file, or of the files that a directory and its folder `accounts` hold.

    Raises GatewayError(bad_request, not_found, too_large) naming the path. In a directory, a file that
    can't be read is a `Trouble`, and one of another kind is left alone.
    """
    if path.is_symlink():
        raise _refused(path, "it is a link; links are not followed. Name the file itself.")
    search = _Search()
    if not path.is_dir():
        search.file(path, path.parent, needed=True)
    else:
        names = _names(path)
        if not names:
            raise _refused(path, f"this directory holds no .json files. {EXPECTED}")
        for name in names:
            search.file(path / name, path, needed=False)
        if not search.found and not search.troubles:
            raise _refused(path, f"no file in this directory holds accounts that agtui knows. {EXPECTED}")
    return Reading(tuple(search.found), tuple(search.troubles))


class _Search:
    """What was found so far, and how many bytes may still be read."""

    def __init__(self) -> None:
        self.found: list[Found] = []
        self.troubles: list[Trouble] = []
        self._left = LARGEST
        self._seen: set[Path] = set()

    def file(self, path: Path, root: Path, *, needed: bool) -> None:
        """Read a file and, when it is an index, those it names. `needed`: what is wrong with it is raised."""
        if path in self._seen:
            return
        self._seen.add(path)
        name = shown(path.relative_to(root).as_posix())
        try:
            content = self._read(path)
            contents = read_file(content, name)
        except NotAccounts:
            if needed:
                raise
            return
        except GatewayError as error:
            if needed:
                raise
            self.troubles.append(Trouble(name, _why(error)))
            return
        self.found += contents.found
        for beside, email in contents.beside:
            self._beside(path.parent, root, beside, email)
        if len(self.found) > MOST_ENTRIES:
            raise _too_large(path)

    def _beside(self, folder: Path, root: Path, name: str, email: str) -> None:
        """An index chooses names, so they are held below its folder."""
        try:
            path = confined(folder, name)
        except GatewayError:
            self.troubles.append(Trouble(shown(name), "an index names this file, and it is no safe name."))
            return
        if path.exists():
            self.file(path, root, needed=False)
        else:
            note = "its file is missing"
            self.found.append(
                Found(email, Secret(""), source="Antigravity Tools", file=shown(name), note=note)
            )

    def _read(self, path: Path) -> bytes:
        try:
            # O_NONBLOCK: a named pipe in a file's place must not hold the thread.
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            raise GatewayError.of(
                Kind.NOT_FOUND, f"{shown(path.name)} is not there.", params={"param": "path"}
            ) from None
        except OSError as error:
            raise _refused(path, f"{error.strerror or 'the system refuses'}.") from None
        except ValueError:
            raise _refused(path, "that is no name of a file.") from None
        with os.fdopen(descriptor, "rb") as file:
            facts = os.fstat(file.fileno())
            if not stat.S_ISREG(facts.st_mode):
                raise _refused(path, "it is not a regular file.")
            content = file.read(self._left + 1) if facts.st_size <= self._left else None
        if content is None or len(content) > self._left:
            raise _too_large(path)
        self._left -= len(content)
        return content


def shown(name: str) -> str:
    """A file's name as it may be shown: on one line, without what a terminal would obey."""
    return "".join(mark if mark.isprintable() else "\ufffd" for mark in name)[:200]


def _names(directory: Path) -> list[str]:
    """The .json files of a directory, then those in its folder `accounts`; links are left out."""
    names: list[str] = []
    try:
        for folder in ("", FOLDER):
            if folder and ((directory / folder).is_symlink() or not (directory / folder).is_dir()):
                continue
            with os.scandir(directory / folder) as entries:
                here = sorted(
                    entry.name
                    for entry in entries
                    if entry.name.lower().endswith(".json") and entry.is_file(follow_symlinks=False)
                )
            names += [f"{folder}/{name}" if folder else name for name in here]
    except OSError as error:
        raise _refused(directory, f"{error.strerror or 'the system refuses'}.") from None
    if len(names) > MOST_FILES:
        raise _too_large(directory)
    return names


def _why(error: GatewayError) -> str:
    """What is wrong with a file, for a row that names the file itself."""
    return str(error.failure.params.get("why") or error.failure.public_message)


def _refused(path: Path, why: str) -> GatewayError:
    return GatewayError.of(
        Kind.BAD_REQUEST, f"{shown(str(path))} can't be imported: {why}", params={"param": "path", "why": why}
    )


def _too_large(path: Path) -> GatewayError:
    return GatewayError.of(
        Kind.TOO_LARGE,
        f"{shown(str(path))} can't be imported: at most {LARGEST // 1024 // 1024} MiB, {MOST_FILES} files "
        f"and {MOST_ENTRIES} accounts are read at once.",
        params={"param": "path"},
    )
