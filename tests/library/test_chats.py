"""Chats survive: as files that hold a tree of turns, in the list, in the trash."""

from __future__ import annotations

import asyncio
import base64
import stat
from pathlib import Path

import pytest
from msgspec.structs import replace

from core.domain.content import AssetRef, Base64Text, Media, Part, Role, Text, ToolResult, Turn
from core.domain.failure import Failure, GatewayError, Kind
from core.domain.works import Chat, ChatTurn, Note

from .conftest import World, open_world, picture, place


def turn(turn_id: str, parent: str, text: str, role: Role = Role.USER, *more: Part) -> ChatTurn:
    return ChatTurn(turn_id, parent, role, (Text(text), *more), at=1.0)


def texts(chat: Chat) -> list[str]:
    return [part.text for step in chat.path() for part in step.parts if isinstance(part, Text)]


async def test_a_chat_survives_a_restart_whole(world: World, tmp_path: Path) -> None:
    chat = await world.chat("gemini-3-pro-high", sandbox=True)
    await world.shelf.add_turn(chat.id, turn("t1", "", "What is a\u0085fjord?"), title="What is a fjord?")
    answer = ChatTurn(
        "t2", "t1", Role.MODEL, (Text("A drowned valley."),), 2.0, "failed",
        Note("m", "ada@x.test", 5, 7, 1, 0.5, 0.1), Failure(Kind.UPSTREAM, "Cut.", params={"a": "b"}),
    )  # fmt: skip
    kept = await world.shelf.add_turn(chat.id, answer)
    await world.database.close()
    later = open_world(tmp_path, world.clock)
    assert await later.shelf.chat(chat.id) == kept
    assert kept.turns[1] == answer
    (listed,) = await later.shelf.chats()
    assert (listed.title, listed.turns, listed.tokens) == ("What is a fjord?", 2, 12)
    assert (listed.preview, listed.sandbox) == ("A drowned valley.", True)
    await later.database.close()


async def test_answers_to_one_question_are_siblings_and_the_head_says_which_is_shown(world: World) -> None:
    chat = await world.chat()
    await world.shelf.add_turn(chat.id, turn("q", "", "question"))
    await world.shelf.add_turn(chat.id, turn("a1", "q", "first", Role.MODEL))
    chat = await world.shelf.add_turn(chat.id, turn("a2", "q", "second", Role.MODEL))
    assert texts(chat) == ["question", "second"]
    assert [step.id for step in chat.path("a1")] == ["q", "a1"]


async def test_an_attempt_that_came_to_nothing_does_not_take_the_answer_away(world: World) -> None:
    chat = await world.chat()
    await world.shelf.add_turn(chat.id, turn("q", "", "question"))
    nothing = ChatTurn("a0", "q", Role.MODEL, (), 2.0, "failed", failure=Failure(Kind.RATE, "Later."))
    chat = await world.shelf.add_turn(chat.id, nothing)
    assert chat.head == "a0", "there is nothing better"
    chat = await world.shelf.add_turn(chat.id, replace(nothing, id="a1"))
    assert chat.head == "a1"
    await world.shelf.add_turn(chat.id, turn("a2", "q", "half an answ", Role.MODEL))
    chat = await world.shelf.add_turn(chat.id, replace(nothing, id="a3"))
    assert chat.head == "a2"
    assert {step.id for step in chat.turns} == {"q", "a0", "a1", "a2", "a3"}


async def test_a_turn_that_comes_again_is_replaced_and_a_strange_parent_refused(world: World) -> None:
    chat = await world.chat()
    await world.shelf.add_turn(chat.id, turn("q", "", "so fa"))
    chat = await world.shelf.add_turn(chat.id, turn("q", "", "so far and on"))
    assert texts(chat) == ["so far and on"]
    with pytest.raises(GatewayError, match="no turn lost"):
        await world.shelf.add_turn(chat.id, turn("x", "lost", "?"))
    assert await world.shelf.chat(chat.id) == chat


async def test_turns_added_at_the_same_time_are_all_there(world: World) -> None:
    chat = await world.chat()
    await asyncio.gather(*(world.shelf.add_turn(chat.id, turn(f"t{n}", "", f"text {n}")) for n in range(20)))
    assert {step.id for step in (await world.shelf.chat(chat.id)).turns} == {f"t{n}" for n in range(20)}


async def test_a_chat_saved_from_an_older_look_loses_no_turn(world: World) -> None:
    chat = await world.chat(title="Old name")
    await world.shelf.add_turn(chat.id, turn("q", "", "question"))
    await world.shelf.add_turn(chat.id, turn("a", "q", "answer", Role.MODEL))
    await world.shelf.save_chat(replace(chat, title="New name"))
    kept = await world.shelf.chat(chat.id)
    assert (kept.title, texts(kept)) == ("New name", ["question", "answer"])


async def test_a_title_is_given_once_and_changed_only_on_purpose(world: World) -> None:
    chat = await world.chat()
    await world.shelf.add_turn(chat.id, turn("t1", "", "one"), title="  The first\nwords " + "x" * 100)
    chat = await world.shelf.add_turn(chat.id, turn("t2", "t1", "two"), title="Other words")
    assert chat.title.startswith("The first words xxx")
    assert len(chat.title) <= 80
    await world.shelf.save_chat(replace(chat, title="Mine"))
    assert (await world.shelf.chat(chat.id)).title == "Mine"


async def test_the_list_is_newest_first_and_searches_what_was_said(world: World) -> None:
    ids: list[str] = []
    for text in ("about castles", "about harbours", "about foxes"):
        world.clock.pass_seconds(1)
        chat = await world.chat("m")
        await world.shelf.add_turn(chat.id, turn("t1", "", text))
        ids.append(chat.id)
    world.clock.pass_seconds(1)
    await world.shelf.add_turn(ids[0], turn("t2", "t1", "and DRAGONS", Role.MODEL))
    assert [chat.id for chat in await world.shelf.chats()] == [ids[0], ids[2], ids[1]]
    assert [chat.id for chat in await world.shelf.chats("dragon castl")] == [ids[0]]
    assert [chat.id for chat in await world.shelf.chats(limit=1)] == [ids[0]]
    assert set(world.topics()) == {"chat.changed"}


async def test_a_chat_goes_to_the_trash_and_comes_back(world: World) -> None:
    chat = await world.chat(title="Keep me")
    await world.shelf.trash_chat(chat.id)
    assert await world.shelf.chats() == []
    with pytest.raises(GatewayError, match="No chat has the id"):
        await world.shelf.chat(chat.id)
    with pytest.raises(GatewayError, match="No chat has the id"):
        await world.shelf.trash_chat(chat.id)
    assert await world.shelf.restore_chat(chat.id) == chat
    assert [kept.title for kept in await world.shelf.chats()] == ["Keep me"]
    assert world.files("trash/**/*") == []
    with pytest.raises(GatewayError, match="in the trash"):
        await world.shelf.restore_chat(chat.id)


async def test_an_unreadable_chat_is_reported_left_alone_and_can_be_thrown_away(world: World) -> None:
    chat = await world.chat()
    file = world.root / "chats" / f"{chat.id}.json"
    for broken in (b"", b"{", b'{"chat": {"id": 3}}', b"[" * 100_000):
        file.write_bytes(broken)
        with pytest.raises(GatewayError, match="It was left as it is"):
            await world.shelf.chat(chat.id)
        assert file.read_bytes() == broken
    await world.shelf.trash_chat(chat.id)
    assert world.files("chats/*") == []


@pytest.mark.parametrize(
    "chat_id",
    [
        "../accounts",
        "..",
        "",
        "a/b",
        "a.json",
        "/etc/passwd",
        "a\0b",
        "x" * 100,
        "%2e%2e",
        "é",
        ".hidden",
        "a\n",
    ],
)
async def test_an_id_that_is_no_id_names_no_chat(world: World, chat_id: str) -> None:
    for call in (world.shelf.chat, world.shelf.trash_chat, world.shelf.restore_chat):
        with pytest.raises(GatewayError) as caught:
            await call(chat_id)
        assert caught.value.failure.kind is Kind.NOT_FOUND


async def test_a_link_in_the_place_of_a_chat_is_not_followed(world: World, tmp_path: Path) -> None:
    chat = await world.chat()
    file = world.root / "chats" / f"{chat.id}.json"
    outside = tmp_path / "outside.json"
    file.rename(outside)
    file.symlink_to(outside)
    with pytest.raises(GatewayError):
        await world.shelf.chat(chat.id)


async def test_a_chat_made_elsewhere_keeps_its_own_id(world: World) -> None:
    await world.shelf.save_chat(Chat("Imported-chat_1", "T", "m", 1.0, 2.0))
    assert (await world.shelf.chat("Imported-chat_1")).title == "T"
    assert stat.S_IMODE((world.root / "chats" / "Imported-chat_1.json").stat().st_mode) == 0o600


# --- pictures in chats


async def test_large_media_are_kept_beside_the_chat_and_given_back_for_the_next_answer(world: World) -> None:
    content = picture(300, 300) + b"\0" * 5_000
    chat = await world.chat()
    media = Media("image/png", content)
    encoded = Media("image/png", Base64Text(base64.b64encode(content).decode()))
    chat = await world.shelf.add_turn(
        chat.id,
        turn("t1", "", "look", Role.USER, media, encoded, ToolResult("c1", "t", (Text("seen"), media))),
    )
    (file,) = world.files("attachments/*")
    assert (world.root / file).read_bytes() == content
    assert (world.root / "chats" / f"{chat.id}.json").stat().st_size < 2_000
    stored = chat.turns[0].parts[1]
    assert isinstance(stored, Media)
    assert isinstance(stored.data, AssetRef)
    (filled,) = await world.shelf.media((Turn(Role.USER, chat.turns[0].parts),))
    result = filled.parts[3]
    assert isinstance(result, ToolResult)
    assert [part.data for part in (*filled.parts, *result.parts) if isinstance(part, Media)] == [content] * 3
    asset = await world.library.asset(stored.data.id)
    assert (asset.mime, asset.width, place(asset.path).read_bytes()) == ("image/png", 300, content)


async def test_turns_without_references_are_not_touched(world: World) -> None:
    turns = (Turn(Role.USER, (Text("a"), Media("image/png", b"small"))),)
    assert await world.shelf.media(turns) is turns


async def test_a_deleted_picture_leaves_a_sentence_in_its_place(world: World) -> None:
    asset = await world.keep()
    turns = (Turn(Role.MODEL, (Media("image/png", AssetRef(asset.id)), Text("there"))),)
    (whole,) = await world.shelf.media(turns)
    assert isinstance(whole.parts[0], Media)
    assert whole.parts[0].data == picture()
    await world.library.delete_asset(asset.id)
    (bereft,) = await world.shelf.media(turns)
    assert isinstance(bereft.parts[0], Text)
    assert "deleted" in bereft.parts[0].text
