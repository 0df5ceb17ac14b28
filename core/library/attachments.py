"""Pictures and documents that belong to chats, kept once each under the hash of their content.

A turn refers to them with `AssetRef`, so that a chat's file holds words and not megabytes. Blocks: call
it in a thread.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
from collections.abc import Iterator, Set
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from core.domain.content import AssetRef, Base64Text, Media, Part, ToolResult, media_of
from core.domain.works import ChatTurn
from core.storage.beneath import read_beneath
from core.storage.files import ensure_dir, write_atomic
from core.wire.pictures import ENDINGS

from .magic import MOST_BYTES

FOLDER: Final = "attachments"
INLINE_BYTES: Final = 4_096
"""Media up to this size stay in the chat's file."""
_FORM: Final = re.compile(r"att-[a-z2-7]{26}")


def attached(turn: ChatTurn) -> Iterator[str]:
    """The attachments a turn refers to."""
    for media in media_of(turn.parts):
        if isinstance(media.data, AssetRef) and is_attachment(media.data.id):
            yield media.data.id


def is_attachment(asset_id: str) -> bool:
    return _FORM.fullmatch(asset_id) is not None


class Attachments:
    """The folder `attachments` below the library's `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put_away(self, turn: ChatTurn) -> ChatTurn:
        """The same turn with its larger media stored as files. Raises OSError."""
        parts = tuple(self._part(part) for part in turn.parts)
        return turn if parts == turn.parts else replace(turn, parts=parts)

    def _part(self, part: Part) -> Part:
        match part:
            case Media():
                return self._media(part)
            case ToolResult(parts=inner):
                return replace(
                    part, parts=tuple(self._media(p) if isinstance(p, Media) else p for p in inner)
                )
            case _:
                return part

    def _media(self, media: Media) -> Media:
        match media.data:
            case bytes() as content if len(content) > INLINE_BYTES:
                pass
            case Base64Text(text=text) if len(text) > INLINE_BYTES * 4 // 3:
                try:
                    content = base64.b64decode(text, validate=False)
                except binascii.Error:
                    return media  # whoever wrote it gets it back as it is
            case _:
                return media
        return replace(media, data=AssetRef(self._keep(content, media.mime)))

    def _keep(self, content: bytes, mime: str) -> str:
        digest = base64.b32encode(hashlib.sha256(content).digest()).decode().lower()[:26]
        attachment = f"att-{digest}"
        path = ensure_dir(self._root / FOLDER) / f"{attachment}.{ENDINGS.get(mime, 'bin')}"
        try:
            os.utime(path)  # wanted again: a sweep that goes on now leaves it alone
        except FileNotFoundError:
            write_atomic(path, content)
        return attachment

    def name(self, attachment: str) -> str:
        """Its file, relative to the library; empty when it is gone."""
        folder = self._root / FOLDER
        return next((f"{FOLDER}/{path.name}" for path in folder.glob(f"{attachment}.*")), "")

    def sweep(self, wanted: Set[str], before: float) -> int:
        """Delete what no turn refers to and nobody has used since `before`; how many went."""
        folder = self._root / FOLDER
        unwanted = [path for path in folder.glob("att-*.*") if path.stem not in wanted]
        old = [path for path in unwanted if path.lstat().st_mtime < before]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def read(self, attachment: str) -> bytes | None:
        name = self.name(attachment) if is_attachment(attachment) else ""
        return read_beneath(self._root, name, MOST_BYTES) if name else None
