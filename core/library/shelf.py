"""The library as the gateway, the studio and the chats use it: things go in, are changed, come out.

Every method works in a thread, and what it has begun there it finishes (file, index, announcement),
even when nobody waits for it any more.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from pathlib import Path
from typing import Literal

from msgspec.structs import replace

from core.domain.content import AssetRef, Media, Part, Text, ToolResult, Turn, media_of
from core.domain.failure import GatewayError, Kind
from core.domain.ports import Clock, Publish
from core.domain.requests import ImageRequest
from core.domain.works import Asset, Chat, ChatSummary, ChatTurn
from core.wire.pictures import MIMES

from .attachments import Attachments, is_attachment
from .chats import ChatStore, name_of
from .ids import Ids, checked
from .index import LibraryIndex
from .magic import read_header
from .pictures import Found, PictureStore
from .trash import Note, Trash

log = logging.getLogger("agtui.library")

GONE = Text("(Here was a picture that has been deleted since.)")


class LibraryShelf:
    """Implements the port `Shelf`, and what the service `Library` needs besides it.

    `root` is the library's directory; it is made when something is first kept.
    """

    def __init__(
        self, root: Path, index: LibraryIndex, clock: Clock, chance: random.Random, publish: Publish
    ) -> None:
        self._root = root
        self.clock = clock
        self._publish = publish
        self.index = index
        self.ids = Ids(clock, chance)
        self.attachments = Attachments(root)
        self.chat_files = ChatStore(root, self.attachments, clock)
        self.picture_files = PictureStore(root, self.ids, clock)
        self.trash = Trash(root, clock)

    # --- the port

    async def chat(self, chat_id: str) -> Chat:
        return await asyncio.to_thread(self.chat_files.load, chat_id)

    async def save_chat(self, chat: Chat) -> None:
        await asyncio.to_thread(lambda: self._changed(self.chat_files.save(chat)))

    async def add_turn(self, chat_id: str, turn: ChatTurn, title: str = "") -> Chat:
        """`title` names the chat if it has no name yet; a turn with the same id is replaced."""
        return await asyncio.to_thread(lambda: self._changed(self.chat_files.add_turn(chat_id, turn, title)))

    async def keep_picture(
        self,
        data: bytes,
        mime: str,
        request: ImageRequest,
        *,
        model: str,
        account: str,
        request_id: str,
        sandbox: bool,
    ) -> Asset:
        """Keep a picture; its type is read from its bytes, `mime` is only what was claimed."""

        def keep() -> Asset:
            asset = self.picture_files.keep(
                data, request, model=model, account=account, request_id=request_id, sandbox=sandbox
            )
            if asset.mime != mime:
                log.info("A picture said to be %s is %s; it was kept as that.", mime or "nothing", asset.mime)
            return self.added(asset)

        return await asyncio.to_thread(keep)

    async def media(self, turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
        """The turns with the bytes of their pictures. A deleted picture leaves a sentence in its place."""
        wanted = {
            media.data.id
            for turn in turns
            for media in media_of(turn.parts)
            if isinstance(media.data, AssetRef)
        }
        contents = {asset_id: await self.content(asset_id) for asset_id in wanted}
        return tuple(_filled(turn, contents) for turn in turns) if wanted else turns

    # --- chats

    async def chats(self, text: str = "", limit: int = 200) -> list[ChatSummary]:
        return await self.index.chats(text, limit)

    async def trash_chat(self, chat_id: str) -> None:
        """To the trash."""

        def delete() -> None:
            if not self.chat_files.path(checked(chat_id, "chat")).exists():
                raise GatewayError.of(Kind.NOT_FOUND, f"No chat has the id {chat_id}.")
            try:
                sandbox = self.chat_files.load(chat_id).sandbox
            except GatewayError:
                sandbox = False  # an unreadable chat can be thrown away, too
            self.trash.put(chat_id, "chat", (name_of(chat_id),), sandbox)
            self.forget("chat", chat_id)

        await asyncio.to_thread(delete)

    async def restore_chat(self, chat_id: str) -> Chat:
        def restore() -> Chat:
            self._put_back(chat_id, ("chat",))
            return self._changed(self.chat_files.load(chat_id))

        return await asyncio.to_thread(restore)

    # --- pictures

    async def content(self, asset_id: str) -> bytes | None:
        """The bytes of a picture or an attachment; None when it is gone."""
        if is_attachment(asset_id):
            return await asyncio.to_thread(self.attachments.read, asset_id)
        name = await self.file_of(asset_id)
        return await asyncio.to_thread(self.picture_files.read, name) if name else None

    async def file_of(self, asset_id: str) -> str:
        """A picture's file, relative to the library; found by name when the index can't tell."""
        try:
            entry = await self.index.one(asset_id)
        except GatewayError:
            entry = None
        if isinstance(entry, Asset):
            return entry.path
        return await asyncio.to_thread(self.picture_files.find, asset_id)

    async def asset(self, asset_id: str) -> Asset:
        """A picture (or an attachment) with its thumbnail, made now if there is none."""
        if is_attachment(asset_id):
            return await asyncio.to_thread(self._attached, asset_id)
        name = await self.file_of(checked(asset_id, "picture"))

        def look() -> Asset:
            found = self._load(asset_id, name)
            self.picture_files.thumbnail(asset_id, name)
            return self.picture_files.absolute(found.asset)

        return await asyncio.to_thread(look)

    async def delete_asset(self, asset_id: str) -> None:
        """To the trash."""
        name = await self.file_of(checked(asset_id, "picture"))

        def delete() -> None:
            asset = self._load(asset_id, name).asset
            self.trash.put(asset_id, asset.kind, self.picture_files.files(name), asset.sandbox)
            self.forget(asset.kind, asset_id)

        await asyncio.to_thread(delete)

    async def restore_asset(self, asset_id: str) -> Asset:
        def restore() -> Asset:
            note = self._put_back(asset_id, ("image", "video"))
            return self.added(self._load(asset_id, note.files[0]).asset)

        return await asyncio.to_thread(restore)

    # --- in a thread

    def added(self, asset: Asset) -> Asset:
        """Index and announce a picture that is on disk; gives it with absolute paths."""
        self.index.put_asset(asset)
        self._publish("asset.added", id=asset.id, kind=asset.kind, request_id=asset.request_id)
        return self.picture_files.absolute(asset)

    def forget(self, kind: Literal["chat", "image", "video"], work_id: str) -> None:
        """Take a work whose files are gone out of the index, and announce it."""
        self.index.remove(work_id)
        if kind == "chat":
            self._publish("chat.changed", id=work_id, deleted=True)
        else:
            self.picture_files.drop_thumbnail(work_id)
            self._publish("asset.removed", id=work_id, kind=kind)

    def _load(self, asset_id: str, name: str) -> Found:
        found = None
        with contextlib.suppress(FileNotFoundError):
            found = self.picture_files.load(name) if name else None
        if found is None:
            raise GatewayError.of(Kind.NOT_FOUND, f"No picture has the id {asset_id}.")
        return found

    def _changed(self, chat: Chat) -> Chat:
        self.index.put_chat(chat)
        self._publish("chat.changed", id=chat.id)
        return chat

    def _put_back(self, work_id: str, kinds: tuple[str, ...]) -> Note:
        kind = next((note.kind for note in self.trash.notes() if note.id == work_id), None)
        if kind not in kinds:
            raise GatewayError.of(
                Kind.NOT_FOUND, f"Nothing of that kind with the id {work_id} is in the trash."
            )
        return self.trash.put_back(work_id)

    def _attached(self, attachment: str) -> Asset:
        name = self.attachments.name(attachment)
        content = self.attachments.read(attachment)
        header = read_header(content) if content is not None else None
        if content is None or header is None:
            raise GatewayError.of(Kind.NOT_FOUND, f"No picture has the id {attachment}.")
        path = self._root / name
        return Asset(
            attachment,
            "image",
            str(path),
            MIMES.get(path.suffix[1:], header.mime),
            header.width,
            header.height,
            len(content),
            prompt="",
            model="",
            created_at=path.stat().st_mtime,
        )


def _filled(turn: Turn, contents: dict[str, bytes | None]) -> Turn:
    def fill(part: Text | Media) -> Text | Media:
        if not isinstance(part, Media) or not isinstance(part.data, AssetRef):
            return part
        content = contents[part.data.id]
        if content is None:
            log.warning("The picture %s of a chat has been deleted; the model is told so.", part.data.id)
            return GONE
        return replace(part, data=content)

    parts: list[Part] = []
    for part in turn.parts:
        if isinstance(part, ToolResult):
            parts.append(replace(part, parts=tuple(fill(inner) for inner in part.parts)))
        else:
            parts.append(fill(part) if isinstance(part, Media) else part)
    return replace(turn, parts=tuple(parts))
