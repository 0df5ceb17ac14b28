"""The files are the truth: the index may be lost, wrong or behind, and follows them again."""

from __future__ import annotations

import os
import time
from pathlib import Path

from core.domain.content import Media, Role, Text, Turn
from core.domain.works import ChatTurn
from tests.storage.conftest import HandClock

from .conftest import World, lose_database, open_world, picture, place


async def fill(world: World) -> None:
    await world.keep("A red fox")
    await world.keep("A castle", sandbox=True)
    world.clock.pass_seconds(1)
    chat = await world.chat("m", "About tides", sandbox=True)
    await world.shelf.add_turn(chat.id, ChatTurn("t1", "", Role.USER, (Text("moon"),), 1.0))


async def test_history_is_one_list_of_chats_and_pictures(world: World) -> None:
    await fill(world)
    items = await world.library.history()
    assert [(item.kind, item.title, item.amount) for item in items] == [
        ("chat", "About tides", "1 turn"),
        ("image", "A castle", "64×36"),
        ("image", "A red fox", "64×36"),
    ]
    assert all(place(item.path).is_file() for item in items)
    assert [item.title for item in await world.library.history(kind="image")] == ["A castle", "A red fox"]
    assert [item.title for item in await world.library.history("MOON")] == ["About tides"]
    assert [item.title for item in await world.library.history(before=items[1].at)] == ["A red fox"]
    assert [item.title for item in await world.library.history(limit=1)] == ["About tides"]


async def test_a_lost_index_is_made_anew_from_the_files(world: World, tmp_path: Path) -> None:
    await fill(world)
    before = await world.library.history()
    await world.database.close()
    lose_database(tmp_path)
    later = open_world(tmp_path, world.clock)
    assert await later.library.history() == []
    assert await later.library.rebuild() == {"chats": 1, "pictures": 2, "unreadable": 0}
    assert await later.library.history() == before
    assert [item.title for item in await later.library.history("castle")] == ["A castle"]
    await later.database.close()


async def test_at_the_start_the_index_follows_what_happened_without_it(world: World, tmp_path: Path) -> None:
    await fill(world)
    asset = (await world.library.assets("castle"))[0]
    await world.database.close()
    lose_database(tmp_path)
    later = open_world(tmp_path, world.clock)
    await later.library.start()
    assert len(await later.library.history()) == 3
    place(asset.path).unlink()
    await later.library.start()
    assert [item.title for item in await later.library.history()] == ["About tides", "A red fox"]
    await later.database.close()


async def test_unreadable_files_are_kept_and_counted(world: World) -> None:
    await fill(world)
    strange = [
        world.root / "chats" / "broken.json",
        world.root / "pictures" / "2026-01" / "holiday.png",
        world.root / "pictures" / "2026-01" / "20260101-000000-text-00000000000000.png",
    ]
    for path in strange:
        path.write_bytes(b"not ours")
    assert await world.library.rebuild() == {"chats": 1, "pictures": 2, "unreadable": 3}
    assert [path.read_bytes() for path in strange] == [b"not ours"] * 3


async def test_a_picture_without_its_sidecar_is_listed_by_its_name(world: World) -> None:
    asset = await world.keep("A lighthouse at dawn")
    place(asset.path).with_suffix(".json").unlink()
    assert await world.library.rebuild() == {"chats": 0, "pictures": 1, "unreadable": 0}
    (found,) = await world.library.assets("lighthouse")
    assert (found.id, found.prompt, found.width) == (asset.id, "a lighthouse at dawn", 64)


async def test_a_sidecar_that_can_not_be_read_is_left_as_it_is(world: World) -> None:
    asset = await world.keep()
    side = place(asset.path).with_suffix(".json")
    side.write_bytes(b"{")
    assert (await world.library.rebuild())["pictures"] == 1
    assert side.read_bytes() == b"{"


async def test_a_library_that_was_moved_shows_its_new_paths(world: World, tmp_path: Path) -> None:
    await fill(world)
    await world.database.close()
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for name in ("library", "records.db"):
        (tmp_path / name).rename(moved / name)
    later = open_world(moved, HandClock())
    assert all(place(asset.path).is_file() for asset in await later.library.assets())
    await later.database.close()


async def test_what_a_killed_writer_left_is_swept_up_but_not_what_is_being_written(world: World) -> None:
    await world.keep()
    fresh = world.root / "pictures" / "2026-01" / ".a.png.1-2.tmp"
    fresh.write_bytes(b"half")
    await world.library.rebuild()
    assert fresh.exists()
    world.clock.at = fresh.stat().st_mtime + 4_000
    await world.library.rebuild()
    assert not fresh.exists()


async def test_what_the_sandbox_made_can_be_purged_with_its_trash(world: World) -> None:
    await fill(world)
    trashed = await world.keep("thrown away", sandbox=True)
    await world.library.delete_asset(trashed.id)
    assert await world.library.purge_sandbox() == {"chats": 1, "pictures": 1, "rows": 3}
    assert [item.title for item in await world.library.history()] == ["A red fox"]
    assert len(world.files("pictures/**/*")) == 2
    assert world.files("chats/*") == world.files("trash/**/*") == []
    assert world.purged == ["rows"]


async def test_pictures_and_chats_work_without_a_database(tmp_path: Path) -> None:
    (tmp_path / "records.db").mkdir()
    world = open_world(tmp_path, HandClock())
    asset = await world.keep()
    chat = await world.chat(title="Still here")
    assert (await world.shelf.chat(chat.id)).title == "Still here"
    assert await world.shelf.content(asset.id) == picture()
    assert (await world.library.asset(asset.id)).prompt == "A red fox"
    await world.database.close()


def attachment(text: str) -> ChatTurn:
    return ChatTurn("t1", "", Role.USER, (Media("image/png", text.encode() * 5_000),), 1.0)


async def test_attachments_stay_as_long_as_a_chat_or_the_trash_refers_to_them(world: World) -> None:
    chats = [await world.chat() for _ in range(3)]
    for number, chat in enumerate(chats):
        await world.shelf.add_turn(chat.id, attachment(f"{number}"))
    await world.shelf.trash_chat(chats[1].id)
    await world.shelf.trash_chat(chats[2].id)
    world.shelf.trash.empty(chats[2].id)
    await world.library.rebuild()
    assert len(world.files("attachments/*")) == 3
    world.clock.at = time.time() + 4_000
    broken = world.root / "chats" / "broken.json"
    broken.write_bytes(b"{")
    await world.library.rebuild()
    assert len(world.files("attachments/*")) == 3
    broken.unlink()
    await world.library.rebuild()
    assert len(world.files("attachments/*")) == 2
    restored = await world.shelf.restore_chat(chats[1].id)
    (turn,) = await world.shelf.media((Turn(Role.USER, restored.turns[0].parts),))
    assert turn.parts == attachment("1").parts


async def test_an_attachment_that_is_wanted_again_survives_the_sweep(world: World) -> None:
    first = await world.chat()
    await world.shelf.add_turn(first.id, attachment("same"))
    (file,) = world.files("attachments/*")
    os.utime(world.root / file, (1.0, 1.0))
    world.shelf.attachments.put_away(attachment("same"))  # a chat that is being written right now
    world.clock.at = time.time()
    assert world.shelf.attachments.sweep(frozenset(), world.clock.now() - 60) == 0
    assert world.files("attachments/*") == [file]
