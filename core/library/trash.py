"""The trash: what was deleted stays for 30 days and can be put back where it was.

    trash/<id>/trash.json    what it is, when it was deleted, where its files were
    trash/<id>/0, 1, ...     the files

The note is written before the first file moves, so that a crash half-way can be undone. Blocks.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

import msgspec
from msgspec import Struct

from core.domain.failure import GatewayError, Kind
from core.domain.ports import Clock
from core.storage.beneath import read_beneath
from core.storage.files import confined, ensure_dir, write_atomic
from core.storage.full import storage_failure

from .ids import checked, is_plain

FOLDER: Final = "trash"
NOTE: Final = "trash.json"
KEEP_S: Final = 30 * 86_400.0


class Note(Struct, frozen=True):
    """`files` are relative to the library; `deleted_at` is unix seconds."""

    id: str
    kind: Literal["chat", "image", "video"]
    deleted_at: float
    files: tuple[str, ...]
    sandbox: bool = False


_decode = msgspec.json.Decoder(Note).decode


class Trash:
    """The folder `trash` below the library's `root`."""

    def __init__(self, root: Path, clock: Clock) -> None:
        self._root = root
        self._clock = clock

    def put(
        self, work_id: str, kind: Literal["chat", "image", "video"], files: tuple[str, ...], sandbox: bool
    ) -> None:
        """Move the files of a work here; those that are missing are left out."""
        folder = self._root / FOLDER / checked(work_id, "work")
        note = Note(work_id, kind, self._clock.now(), files, sandbox)
        try:
            ensure_dir(folder)
            write_atomic(folder / NOTE, msgspec.json.encode(note))
            for number, file in enumerate(files):
                with contextlib.suppress(FileNotFoundError):
                    os.rename(confined(self._root, file), folder / str(number))
        except OSError as error:
            raise storage_failure(error, "deletion") from error

    def put_back(self, work_id: str) -> Note:
        """Move the files of a work back to where they were. Raises GatewayError(not_found)."""
        note = self._note(checked(work_id, "work"))
        if note is None:
            raise GatewayError.of(Kind.NOT_FOUND, f"Nothing with the id {work_id} is in the trash.")
        folder = self._root / FOLDER / work_id
        for number, file in enumerate(note.files):
            place = confined(self._root, file)
            ensure_dir(place.parent)
            with contextlib.suppress(FileNotFoundError):
                os.rename(folder / str(number), place)
        shutil.rmtree(folder, ignore_errors=True)
        return note

    def notes(self) -> Iterator[Note]:
        folder = self._root / FOLDER
        names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
        for name in names:
            if is_plain(name) and (note := self._note(name)) is not None:
                yield note

    def content(self, note: Note) -> bytes | None:
        """The bytes of a trashed work's first file."""
        return read_beneath(self._root, f"{FOLDER}/{note.id}/0", 256 * 1024 * 1024)

    def empty(self, work_id: str) -> None:
        """Delete a work for good."""
        shutil.rmtree(self._root / FOLDER / checked(work_id, "work"), ignore_errors=True)

    def purge(self) -> int:
        """Delete for good what has been here for 30 days; how many works went."""
        before = self._clock.now() - KEEP_S
        old = [note.id for note in self.notes() if note.deleted_at < before]
        for work_id in old:
            self.empty(work_id)
        return len(old)

    def _note(self, work_id: str) -> Note | None:
        content = read_beneath(self._root, f"{FOLDER}/{work_id}/{NOTE}", 1024 * 1024)
        if content is None:
            return None
        with contextlib.suppress(msgspec.DecodeError):
            return _decode(content)
        return None
