"""The library's index: chats and pictures in one table of the database, to list and to search.

It holds nothing that the files don't: it may be lost, and `rebuild` makes it anew. Changes are posted
to the database's writer and never waited for; a question sees every change posted before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec

from core.domain.works import Asset, Chat, ChatSummary
from core.storage.database import Database
from core.storage.works import Work

from .chats import summary, words_of

if TYPE_CHECKING:
    from core.storage.database import Connection

Entry = ChatSummary | Asset
PICTURES: Final = ("image", "video")
LONGEST_PAGE: Final = 50_000

_encode = msgspec.json.Encoder().encode
_chat = msgspec.json.Decoder(ChatSummary).decode
_asset = msgspec.json.Decoder(Asset).decode


class LibraryIndex:
    """Paths of assets in the index are relative to the library, so that it can be moved."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put_chat(self, chat: Chat) -> None:
        self._database.post(_put, chat_work(chat), keep=True)

    def put_asset(self, asset: Asset) -> None:
        self._database.post(_put, asset_work(asset), keep=True)

    def remove(self, work_id: str) -> None:
        self._database.post(_remove, work_id, keep=True)

    async def page(
        self,
        kinds: Sequence[str] = (),
        text: str = "",
        limit: int = 100,
        before_id: str = "",
        before_at: float = 0.0,
    ) -> list[Entry]:
        """Newest first: chats by their last change, pictures by when they were made."""
        limit = max(1, min(limit, LONGEST_PAGE))
        return await self._database.read(partial(_page, kinds, text, limit, before_id, before_at))

    async def chats(self, text: str = "", limit: int = 200) -> list[ChatSummary]:
        entries = await self.page(("chat",), text, limit)
        return [entry for entry in entries if isinstance(entry, ChatSummary)]

    async def assets(self, text: str = "", limit: int = 100, before: str = "") -> list[Asset]:
        entries = await self.page(PICTURES, text, limit, before)
        return [entry for entry in entries if isinstance(entry, Asset)]

    async def one(self, work_id: str) -> Entry | None:
        return await self._database.read(partial(_one, work_id))

    async def ids(self) -> dict[str, str]:
        """The kind of every work, by id."""
        return await self._database.read(_ids)

    async def of_sandbox(self) -> list[tuple[str, str]]:
        """(kind, id) of every work the sandbox made."""
        return await self._database.read(_of_sandbox)

    async def put_all(self, works: Sequence[Work]) -> None:
        """Add or replace rows and wait for it."""
        await self._database.write(partial(_put_all, works))

    async def refresh_text(self) -> None:
        await self._database.write(_refresh_text)


def chat_work(chat: Chat) -> Work:
    return Work(chat.id, "chat", chat.updated_at, chat.sandbox, _encode(summary(chat)), words_of(chat))


def asset_work(asset: Asset) -> Work:
    words = f"{asset.prompt}\n{asset.model}"
    return Work(asset.id, asset.kind, asset.created_at, asset.sandbox, _encode(asset), words)


def _decoded(kind: str, body: bytes) -> Entry:
    return _chat(body) if kind == "chat" else _asset(body)


# What runs in the database's threads; each imports sqlalchemy there, not in the loop.


def _put(connection: Connection, rows: list[Work]) -> None:
    from core.storage import work_rows

    work_rows.put(connection, rows)


def _put_all(works: Sequence[Work], connection: Connection) -> None:
    from core.storage import work_rows

    work_rows.put(connection, works)


def _remove(connection: Connection, ids: list[str]) -> None:
    from core.storage import work_rows

    work_rows.remove(connection, ids)


def _page(
    kinds: Sequence[str], text: str, limit: int, before_id: str, before_at: float, connection: Connection
) -> list[Entry]:
    from core.storage import work_rows

    rows = work_rows.page(
        connection, kinds=kinds, text=text, limit=limit, before_id=before_id, before_at=before_at
    )
    return [_decoded(kind, body) for kind, body in rows]


def _one(work_id: str, connection: Connection) -> Entry | None:
    from core.storage import work_rows

    row = work_rows.one(connection, work_id)
    return None if row is None else _decoded(*row)


def _ids(connection: Connection) -> dict[str, str]:
    from core.storage import work_rows

    return work_rows.ids(connection)


def _of_sandbox(connection: Connection) -> list[tuple[str, str]]:
    from core.storage import work_rows

    return work_rows.of_sandbox(connection)


def _refresh_text(connection: Connection) -> None:
    from core.storage import work_rows

    work_rows.refresh_text(connection)
