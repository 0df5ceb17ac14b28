"""The index made to agree with the files: wholly anew, or only where the two differ."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from msgspec import Struct

from core.domain.failure import GatewayError
from core.domain.works import Chat
from core.storage.works import Work

from .attachments import FOLDER as ATTACHMENTS
from .attachments import attached
from .chats import FOLDER as CHATS
from .chats import parse
from .index import asset_work, chat_work
from .pictures import FOLDER as PICTURES
from .shelf import LibraryShelf

log = logging.getLogger("agtui.library")

_AT_ONCE: Final = 500
"""Rows in one transaction, so that the request log's rows don't wait long."""
_STALE_S: Final = 3_600.0
"""A temporary file that is older was left behind by a writer that died."""


class Scan(Struct, frozen=True):
    """What the files hold. `unreadable` names files that are kept as they are and not listed, `attached`
    the attachments that chats refer to."""

    works: tuple[Work, ...]
    chats: int
    pictures: int
    unreadable: tuple[str, ...]
    attached: frozenset[str]


def scan(shelf: LibraryShelf, known: Iterable[str] = ()) -> Scan:
    """Read every chat and sidecar, except those of the `known` ids. Blocks."""
    skip = frozenset(known)
    works: list[Work] = []
    unreadable: list[str] = []
    referred: set[str] = set()
    chats = pictures = 0
    for chat_id in shelf.chat_files.ids():
        if chat_id in skip:
            continue
        try:
            chat = shelf.chat_files.load(chat_id)
        except GatewayError as error:
            log.warning("%s", error.failure.public_message)
            unreadable.append(f"{CHATS}/{chat_id}.json")
            continue
        works.append(chat_work(chat))
        referred |= attachments_of(chat)
        chats += 1
    for name in shelf.picture_files.names():
        if skip and _id_in(name) in skip:
            continue
        try:
            found = shelf.picture_files.load(name)
        except (GatewayError, OSError):
            found = None
        if found is None:
            log.warning("%s is no picture of the library; it was left as it is.", name)
            unreadable.append(name)
            continue
        if not found.whole:
            log.warning("%s has no sidecar that can be read; its prompt is not known.", name)
        works.append(asset_work(found.asset))
        pictures += 1
    works.sort(key=lambda work: work.at)  # rows that lie in the order of lists are read faster
    return Scan(tuple(works), chats, pictures, tuple(unreadable), frozenset(referred))


async def rebuild(shelf: LibraryShelf, root: Path) -> Scan:
    """Every row anew from its file, and rows without a file away."""
    found = await asyncio.to_thread(scan, shelf)
    await asyncio.to_thread(sweep, shelf, root, found)
    await _put(shelf, found.works)
    await _drop_gone(shelf)
    await shelf.index.refresh_text()
    return found


async def reconcile(shelf: LibraryShelf) -> Scan:
    """Add what has a file and no row, drop what has a row and no file. Cheap when they agree."""
    known = await shelf.index.ids()
    found = await asyncio.to_thread(scan, shelf, known)
    await _put(shelf, found.works)
    await _drop_gone(shelf)
    return found


async def _put(shelf: LibraryShelf, works: tuple[Work, ...]) -> None:
    for start in range(0, len(works), _AT_ONCE):
        await shelf.index.put_all(works[start : start + _AT_ONCE])


async def _drop_gone(shelf: LibraryShelf) -> None:
    """Asked last and of the files themselves: what was added or deleted meanwhile is told rightly."""
    rows = await shelf.index.ids()

    def gone() -> list[str]:
        there = set(shelf.chat_files.ids()) | {_id_in(name) for name in shelf.picture_files.names()}
        return [work_id for work_id in rows if work_id not in there]

    for work_id in await asyncio.to_thread(gone):
        shelf.index.remove(work_id)


def sweep(shelf: LibraryShelf, root: Path, found: Scan) -> int:
    """Remove what killed writers left, and attachments that no chat refers to; how many files went.

    While some file can't be read, nobody knows what it refers to, and attachments stay.
    """
    before = shelf.clock.now() - _STALE_S
    swept = 0
    for folder in (CHATS, ATTACHMENTS, f"{PICTURES}/*"):
        for path in root.glob(f"{folder}/.*.tmp"):
            if path.lstat().st_mtime < before:
                path.unlink(missing_ok=True)
                swept += 1
    wanted = set(found.attached)
    for note in shelf.trash.notes():
        if note.kind == "chat":
            try:
                wanted |= attachments_of(parse(shelf.trash.content(note) or b"", note.id))
            except GatewayError:
                return swept
    return swept if found.unreadable else swept + shelf.attachments.sweep(wanted, before)


def attachments_of(chat: Chat) -> set[str]:
    return {attachment for turn in chat.turns for attachment in attached(turn)}


def _id_in(name: str) -> str:
    return name.rpartition(".")[0][-14:]
