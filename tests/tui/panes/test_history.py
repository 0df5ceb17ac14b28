"""History when things happen quickly, at once, or not as wished."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from core.domain.works import HistoryItem
from tests.tui.fake_services import FakeChats, FakeLibrary, FakeServices
from tui.panes.history import HistoryPane
from tui.widgets.row_list import RowList
from tui.widgets.transcript import TranscriptView

from .conftest import Program, settled, until


async def test_pressing_d_twice_deletes_one_and_u_brings_it_back_under_the_bar(
    program: Program, services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = FakeChats.delete

    async def slow(self: FakeChats, chat_id: str) -> None:
        await real(self, chat_id)
        await self.world.go.wait()

    monkeypatch.setattr(FakeChats, "delete", slow)
    services.go.clear()
    async with program("history") as pilot:
        pane = pilot.app.query_one(HistoryPane)
        await until(pilot, lambda: pane.items.cursor_id == "chat:chat0")
        pane.action_delete()
        await until(pilot, lambda: "chat0" in services.trash)
        pane.action_delete()
        await pilot.pause()
        services.go.set()
        await settled(pilot)
        assert list(services.trash) == ["chat0"]
        await pilot.press("j", "u")
        await until(pilot, lambda: pane.items.cursor_id == "chat:chat0")
        await settled(pilot)
        assert not services.trash


async def test_a_wish_outlives_the_load_that_an_event_cuts_short(
    program: Program, services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with program("history") as pilot:
        pane = pilot.app.query_one(HistoryPane)
        await settled(pilot)
        await pilot.press("d")
        await settled(pilot)
        begun: list[str] = []
        real = FakeLibrary.history

        async def slow(self: FakeLibrary, *given: Any) -> list[HistoryItem]:
            begun.append("load")
            await self.world.go.wait()
            return await real(self, *given)

        monkeypatch.setattr(FakeLibrary, "history", slow)
        services.go.clear()
        pane.action_undo()
        await until(pilot, lambda: bool(begun))
        pane.load()
        await until(pilot, lambda: len(begun) == 2)
        services.go.set()
        await settled(pilot)
        assert pane.items.cursor_id == "chat:chat0"


async def test_an_event_leaves_the_preview_where_it_is(
    program: Program, services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    times: list[int] = []
    real = TranscriptView.set_turns
    monkeypatch.setattr(TranscriptView, "set_turns", lambda view, turns: (times.append(1), real(view, turns)))
    async with program("history") as pilot:
        pane = pilot.app.query_one(HistoryPane)
        await settled(pilot)
        assert pane.preview.current == "preview-chat"
        before = len(times)
        pane.load()
        await settled(pilot)
        assert len(times) == before
        chat = services.chats_by_id["chat0"]
        services.chats_by_id["chat0"] = msgspec.structs.replace(chat, updated_at=chat.updated_at + 1)
        pane.load()
        await settled(pilot)
        assert len(times) == before + 1


async def test_a_filter_without_hits_says_so(program: Program, services: FakeServices) -> None:
    async with program("history") as pilot:
        pane = pilot.app.query_one(HistoryPane)
        await settled(pilot)
        await pilot.press("slash", *"zebra")
        await until(pilot, lambda: pane.preview.current == "preview-none")
        assert "Nothing matches" in str(pane.none.render())
        pane.words.value = ""
        await settled(pilot)
        services.chats_by_id.clear()
        services.pictures_kept.clear()
        pane.load()
        await settled(pilot)
        assert "Nothing here yet" in str(pane.none.render())


async def test_leaving_the_filter_stops_nothing_and_does_not_say_so(program: Program) -> None:
    async with program("history") as pilot:
        await settled(pilot)
        said: list[str] = []
        pilot.app.flash = lambda text, *_, **__: said.append(text)
        await pilot.press("slash", "ctrl+c")
        await pilot.pause()
        pane = pilot.app.query_one(HistoryPane)
        assert pane.items.has_focus
        assert said == []
        await pilot.press("ctrl+c")
        assert said == ["^C again to quit"]


async def test_a_row_that_is_gone_opens_nothing(program: Program) -> None:
    async with program("history") as pilot:
        pane = pilot.app.query_one(HistoryPane)
        await settled(pilot)
        pane.items.post_message(RowList.Chosen(pane.items, "chat:never"))
        await settled(pilot)
        assert pilot.app.shell.pane is pane


async def test_titles_are_shown_as_they_are(program: Program, services: FakeServices) -> None:
    chat = services.chats_by_id["chat0"]
    services.chats_by_id["chat0"] = msgspec.structs.replace(chat, title="[bold]not [/wrong] \x1b[31mred")
    async with program("history") as pilot:
        pane = pilot.app.query_one(HistoryPane)
        await settled(pilot)
        assert str(pane.transcript._border_title) == "[bold]not [/wrong] red"
