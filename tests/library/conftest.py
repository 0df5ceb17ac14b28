"""A library in a temporary directory, with a clock that is moved by hand and events that are kept."""

from __future__ import annotations

import io
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec import Struct
from PIL import Image

from core.domain.requests import ImageRequest
from core.domain.works import Asset, Chat
from core.library.index import LibraryIndex
from core.library.service import LibraryService
from core.library.shelf import LibraryShelf
from core.storage.database import Database
from tests.storage.conftest import HandClock


def picture(width: int = 64, height: int = 36, form: str = "PNG", colour: int = 90) -> bytes:
    """A real picture file."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), (colour, 120, 200)).save(out, form)
    return out.getvalue()


def place(path: str) -> Path:
    """A path that the library gave."""
    return Path(path)


def lose_database(home: Path) -> None:
    for file in home.glob("records.db*"):
        file.unlink()


class World(Struct, frozen=True):
    root: Path
    clock: HandClock
    database: Database
    shelf: LibraryShelf
    library: LibraryService
    events: list[tuple[str, dict[str, object]]]
    purged: list[str]

    def topics(self) -> list[str]:
        return [topic for topic, _ in self.events]

    def files(self, pattern: str = "**/*") -> list[str]:
        """Every file of the library, relative to it."""
        return sorted(str(path.relative_to(self.root)) for path in self.root.glob(pattern) if path.is_file())

    async def chat(self, model: str = "", title: str = "", *, sandbox: bool = False) -> Chat:
        """An empty chat."""
        now = self.clock.now()
        chat = Chat(self.shelf.ids.new(), title, model, now, now, sandbox=sandbox)
        await self.shelf.save_chat(chat)
        return chat

    async def keep(self, prompt: str = "A red fox", *, sandbox: bool = False, content: bytes = b"") -> Asset:
        """A picture that was just made; a second passes."""
        self.clock.pass_seconds(1)
        return await self.shelf.keep_picture(
            content or picture(),
            "image/png",
            ImageRequest(prompt),
            model="gemini-3-pro-image",
            account="ada@x.test",
            request_id="r1",
            sandbox=sandbox,
        )


def open_world(home: Path, clock: HandClock) -> World:
    """A library over whatever `home` holds."""
    events: list[tuple[str, dict[str, object]]] = []
    purged: list[str] = []
    root = home / "library"

    def publish(topic: str, **facts: object) -> None:
        events.append((topic, facts))

    async def purge_rows() -> int:
        purged.append("rows")
        return 3

    database = Database.at(home / "records.db", clock)
    shelf = LibraryShelf(root, LibraryIndex(database), clock, random.Random(1), publish)
    return World(root, clock, database, shelf, LibraryService(root, shelf, purge_rows), events, purged)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    world = open_world(tmp_path, HandClock())
    yield world
    await world.database.close()
