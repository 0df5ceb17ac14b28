"""The service `Library`: lists, searches and looks after what was made, for the doors."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal

from core.domain.works import Asset, ChatSummary, HistoryItem

from .index import Entry
from .rebuild import rebuild, reconcile
from .shelf import LibraryShelf


class LibraryService:
    """Implements `core.services.Library`.

    `purge_rows` deletes the sandbox's rows of the request log, which is another room's.
    """

    def __init__(self, root: Path, shelf: LibraryShelf, purge_rows: Callable[[], Awaitable[int]]) -> None:
        self._root = root
        self._shelf = shelf
        self._purge_rows = purge_rows

    async def start(self) -> None:
        """Once, when the program is idle: old trash goes, and the index follows the files."""
        await asyncio.to_thread(self._shelf.trash.purge)
        await reconcile(self._shelf)

    async def assets(self, text: str = "", limit: int = 100, before: str = "") -> list[Asset]:
        assets = await self._shelf.index.assets(text, limit, before)
        absolute = self._shelf.picture_files.absolute
        return await asyncio.to_thread(lambda: [absolute(asset) for asset in assets])

    async def asset(self, asset_id: str) -> Asset:
        """Its thumbnail is made now if there is none."""
        return await self._shelf.asset(asset_id)

    async def delete_asset(self, asset_id: str) -> None:
        await self._shelf.delete_asset(asset_id)

    async def restore_asset(self, asset_id: str) -> Asset:
        return await self._shelf.restore_asset(asset_id)

    async def history(
        self, text: str = "", kind: str = "", limit: int = 200, before: float = 0.0
    ) -> list[HistoryItem]:
        entries = await self._shelf.index.page((kind,) if kind else (), text, limit, before_at=before)
        return [self._item(entry) for entry in entries]

    async def rebuild(self) -> dict[str, int]:
        found = await rebuild(self._shelf, self._root)
        return {"chats": found.chats, "pictures": found.pictures, "unreadable": len(found.unreadable)}

    async def purge_sandbox(self) -> dict[str, int]:
        await reconcile(self._shelf)
        works = await self._shelf.index.of_sandbox()
        counts = await asyncio.to_thread(self._purge, works)
        return {**counts, "rows": await self._purge_rows()}

    def _purge(self, works: list[tuple[str, str]]) -> dict[str, int]:
        counts = {"chats": 0, "pictures": 0}
        for kind, work_id in works:
            if kind == "chat":
                self._shelf.chat_files.path(work_id).unlink(missing_ok=True)
            elif name := self._shelf.picture_files.find(work_id):
                for file in self._shelf.picture_files.files(name):
                    (self._root / file).unlink(missing_ok=True)
            counts["chats" if kind == "chat" else "pictures"] += 1
            self._shelf.forget(_kind(kind), work_id)
        for note in self._shelf.trash.notes():
            if note.sandbox:
                self._shelf.trash.empty(note.id)
        return counts

    def _item(self, entry: Entry) -> HistoryItem:
        if isinstance(entry, ChatSummary):
            return HistoryItem(
                kind="chat",
                id=entry.id,
                at=entry.updated_at,
                title=entry.title or entry.preview,
                model=entry.model,
                amount="1 turn" if entry.turns == 1 else f"{entry.turns} turns",
                path=str(self._shelf.chat_files.path(entry.id)),
                sandbox=entry.sandbox,
            )
        return HistoryItem(
            kind=entry.kind,
            id=entry.id,
            at=entry.created_at,
            title=entry.prompt,
            model=entry.model,
            account=entry.account,
            amount=f"{entry.width}×{entry.height}",
            path=f"{self._root}/{entry.path}",
            sandbox=entry.sandbox,
        )


def _kind(kind: str) -> Literal["chat", "image", "video"]:
    return "chat" if kind == "chat" else "video" if kind == "video" else "image"
