"""The chat tab as a person uses it."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import msgspec
from textual.pilot import Pilot
from textual.worker import WorkerFailed

from core.domain.failure import Cause, Failure, Kind
from core.domain.state import Event
from tests.tui.fake_services import ANSWER, NOW, QUOTA_FAILURE, FakeServices
from tui.panes.chat import ChatPane

from .conftest import Program, on_screen, settled, until


async def test_a_question_gets_its_answer_on_screen_and_is_kept(
    program: Program, services: FakeServices
) -> None:
    async with program("chat") as pilot:
        pane = pilot.app.query_one(ChatPane)
        await pilot.press(*"hello", "enter")
        await until(pilot, lambda: len(pane.transcript.turns) == 2)
        await settled(pilot)
        you, model = pane.transcript.turns
        assert (you.role, you.text) == ("you", "hello")
        assert model.text == ANSWER
        assert model.thoughts.startswith("The person asks")
        assert "↑12 ↓180" in model.footer
        assert "ada@…" in model.footer
        assert pane.prompt.text == ""
        assert services.sent == ["hello"]
        assert pane.chat_list.rows[1].cells[0].text == "A new question"


async def test_escape_stops_the_answer_and_keeps_what_arrived(program: Program, tmp_path: Path) -> None:
    held = FakeServices(Path("library"), held=True)
    async with program("chat", world=held) as pilot:
        pane = pilot.app.query_one(ChatPane)
        await pilot.press(*"hi", "enter")
        await until(
            pilot, lambda: bool(pane.transcript.turns) and "half-block" in pane.transcript.turns[-1].text
        )
        await pilot.press("escape")
        await settled(pilot)
        last = pane.transcript.turns[-1]
        assert last.state == "stopped"
        assert last.text == ANSWER[:40]
        assert held.stopped_streams == 1


async def test_a_failed_question_stays_in_the_prompt_and_enter_asks_it_again(
    program: Program, services: FakeServices
) -> None:
    services.fail_next = QUOTA_FAILURE
    async with program("chat") as pilot:
        pane = pilot.app.query_one(ChatPane)
        await pilot.press(*"again", "enter")
        await until(
            pilot, lambda: bool(pane.transcript.turns) and pane.transcript.turns[-1].state == "failed"
        )
        await settled(pilot)
        assert "used up" in pane.transcript.turns[-1].error
        assert pane.prompt.text == "again"
        await pilot.press("enter")
        await until(pilot, lambda: pane.transcript.turns[-1].text == ANSWER)
        await settled(pilot)
        assert services.sent == ["again"], "the stored question is answered, not stored twice"
        assert pane.prompt.text == ""


async def test_a_stream_that_breaks_keeps_its_text_and_says_what_to_do(
    program: Program, services: FakeServices
) -> None:
    async with program("chat") as pilot:
        pane = pilot.app.query_one(ChatPane)
        services.fail_next = Failure(Kind.UPSTREAM, "The line broke; ask again.", cause=Cause.CUT)
        await pilot.press("h", "enter")
        await until(
            pilot, lambda: bool(pane.transcript.turns) and pane.transcript.turns[-1].state == "failed"
        )
        assert "ask again" in pane.transcript.turns[-1].error


async def test_another_chat_opens_from_the_list(program: Program) -> None:
    async with program("chat") as pilot:
        pane = pilot.app.query_one(ChatPane)
        await settled(pilot)
        await pilot.press("ctrl+o", "j", "enter")
        await until(pilot, lambda: len(pane.transcript.turns) == 2)
        assert pane.transcript.turns[0].text == "Fix the SSE parser"
        assert pane.transcript.border_title == "Fix the SSE parser"
        assert pane.prompt.has_focus


async def test_a_narrow_terminal_shows_the_list_on_demand(program: Program) -> None:
    async with program("chat", size=(80, 24)) as pilot:
        pane = pilot.app.query_one(ChatPane)
        await settled(pilot)
        assert not pane.chat_list.display
        await pilot.press("ctrl+o")
        await pilot.pause()
        assert pane.chat_list.display
        assert pane.chat_list.has_focus
        await pilot.press("escape")
        await pilot.pause()
        assert not pane.chat_list.display
        assert pane.prompt.has_focus


async def test_what_was_typed_survives_a_restart(program: Program) -> None:
    async with program("chat") as pilot:
        await pilot.press(*"half a thought")
        await pilot.press("ctrl+q")
        await pilot.pause()
    async with program("chat") as pilot:
        assert pilot.app.query_one(ChatPane).prompt.text == "half a thought"


async def test_the_model_is_chosen_from_a_list_with_facts(program: Program) -> None:
    async with program("chat") as pilot:
        pane = pilot.app.query_one(ChatPane)
        await settled(pilot)
        await pilot.press("ctrl+t")
        await until(pilot, lambda: len(pilot.app.screen_stack) == 2)
        await pilot.press(*"claude", "enter")
        await until(pilot, lambda: pane.model == "claude-sonnet-4-6")
        await pilot.pause()
        assert pane.ask.border_subtitle == "claude-sonnet-4-6"


async def test_a_deleted_chat_comes_back(program: Program, services: FakeServices) -> None:
    async with program("chat") as pilot:
        await settled(pilot)
        await pilot.press("ctrl+o", "d")
        await until(pilot, lambda: "chat0" in services.trash)
        await pilot.press("u")
        await until(pilot, lambda: "chat0" in services.chats_by_id)


async def test_an_answer_of_nothing_says_so_and_the_question_waits(
    program: Program, services: FakeServices
) -> None:
    services.silent = True
    async with program("chat") as pilot:
        pane = pilot.app.query_one(ChatPane)
        await pilot.press(*"hello", "enter")
        await until(pilot, lambda: bool(pane.transcript.turns) and bool(pane.transcript.turns[-1].error))
        await settled(pilot)
        assert "answered nothing" in pane.transcript.turns[-1].error
        assert pane.prompt.text == "hello"


async def test_the_waiting_is_said(program: Program) -> None:
    held = FakeServices(Path("library"), held=True)
    async with program("chat", world=held) as pilot:
        pane = pilot.app.query_one(ChatPane)
        await pilot.press("h", "enter")
        await until(pilot, lambda: bool(pane.transcript.turns) and "half" in pane.transcript.turns[-1].text)

        def shown() -> str:
            rows = range(pane.transcript.size.height)
            return "\n".join(pane.transcript.render_line(y).text for y in rows)

        await until(pilot, lambda: "nothing new for" in shown() and shown().count("esc stop") == 1, 8)


async def test_paging_works_from_the_prompt(program: Program) -> None:
    async with program("chat", size=(80, 24)) as pilot:
        pane = pilot.app.query_one(ChatPane)
        await settled(pilot)
        pane.load("chat0")
        await settled(pilot)
        bottom = pane.transcript.scroll_y
        await pilot.press("pageup")
        await pilot.pause()
        assert pane.transcript.scroll_y < bottom
        assert pane.prompt.has_focus


async def test_a_small_terminal_names_the_model_above_the_prompt(program: Program) -> None:
    async with program("chat", size=(80, 24)) as pilot:
        pane = pilot.app.query_one(ChatPane)
        await settled(pilot)
        assert pane.ask.border_title == "sandbox-chat"


async def test_a_kill_loses_at_most_two_seconds_of_typing(program: Program, tmp_path: Path) -> None:
    async with program("chat") as pilot:
        await settled(pilot)
        await pilot.press(*"precious")
        kept = tmp_path / "home/ui.json"
        await until(pilot, lambda: "precious" in kept.read_text(), 6)


async def test_a_question_of_markup_and_escapes_is_only_a_question(
    program: Program, services: FakeServices
) -> None:
    text = "what does [/b] and [@click=app.quit]x[/] do?\x1b]0;t\x07"
    async with program("chat") as pilot:
        pane = pilot.app.query_one(ChatPane)
        await settled(pilot)
        pane.prompt.put_text(text)
        await pilot.press("enter")
        await until(pilot, lambda: len(pane.transcript.turns) == 2 and bool(pane.transcript.turns[-1].footer))
        await settled(pilot)
        assert pane.transcript.turns[-1].state == "done"
        services.chats_by_id["odd"] = msgspec.structs.replace(
            services.chats_by_id["chat0"], id="odd", title="[/b] \x1b]52;c;cGF3\x07", model="m[/y]"
        )
        pane.load("odd")
        await settled(pilot)
        assert "\x1b" not in pilot.app.export_screenshot()
        assert "[/b]" in str(pane.transcript._border_title)


async def test_a_new_chat_right_after_an_answer_stays_new(program: Program) -> None:
    async with program("chat") as pilot:
        pane = pilot.app.query_one(ChatPane)
        await settled(pilot)
        await pilot.press(*"one", "enter")
        await until(pilot, lambda: bool(pane.transcript.turns) and bool(pane.transcript.turns[-1].footer))
        await settled(pilot)
        await pilot.press("ctrl+n")
        await settled(pilot)
        assert pane.transcript.turns == []
        assert pane.kept()["chat"] == ""


async def test_a_chat_that_cannot_be_read_leaves_the_shown_one_alone(
    program: Program, services: FakeServices
) -> None:
    async with program("chat") as pilot:
        pane = pilot.app.query_one(ChatPane)
        await settled(pilot)
        pane.load("chat0")
        await settled(pilot)
        services.chat_failure = Failure(Kind.UNAVAILABLE, "The gateway is gone.")
        with contextlib.suppress(WorkerFailed):
            await pane.load("chat1").wait()
        assert pane.kept()["chat"] == "chat0"
        assert len(pane.transcript.turns) == 2


async def test_words_are_found_in_the_conversation(program: Program) -> None:
    async with program("chat") as pilot:
        pane = pilot.app.query_one(ChatPane)
        pane.load("chat0")
        await settled(pilot)
        pane.transcript.focus()
        await pilot.press("slash", *"tmux", "enter")
        await pilot.pause()
        assert pane.transcript.has_focus
        assert not pane.conversation.search_field.display


async def test_two_quick_deletes_take_two_chats_and_undo_knows_the_last(
    program: Program, services: FakeServices
) -> None:
    async with program("chat") as pilot:
        await settled(pilot)
        await pilot.press("ctrl+o", "d")
        await settled(pilot)
        await pilot.press("d")
        await settled(pilot)
        assert set(services.trash) == {"chat0", "chat1"}
        await pilot.press("u")
        await until(pilot, lambda: "chat1" in services.chats_by_id)


async def broken_off(pilot: Pilot[Any], services: FakeServices, question: str) -> ChatPane:
    """Ask something whose answer breaks off in the middle."""
    pane = pilot.app.query_one(ChatPane)
    await settled(pilot)
    services.break_next = Failure(Kind.UPSTREAM, "The line broke; ask again.", cause=Cause.CUT)
    pane.prompt.put_text(question)
    await pilot.press("enter")
    await until(pilot, lambda: bool(pane.transcript.turns) and pane.transcript.turns[-1].state == "failed")
    await settled(pilot)
    return pane


async def test_the_question_of_an_answer_that_broke_off_is_back_in_the_prompt(
    program: Program, services: FakeServices
) -> None:
    async with program("chat") as pilot:
        pane = await broken_off(pilot, services, "why")
        assert pane.transcript.turns[-1].text == ANSWER[:40], "what had arrived is kept"
        assert pane.prompt.text == "why"
        await pilot.press("enter")
        await until(pilot, lambda: pane.transcript.turns[-1].text == ANSWER)
        await settled(pilot)
        assert services.sent == ["why"], "the stored question is answered, not stored twice"
        assert pane.prompt.text == ""


async def test_asking_again_in_vain_leaves_what_there_was(program: Program, services: FakeServices) -> None:
    async with program("chat") as pilot:
        pane = await broken_off(pilot, services, "why")
        services.fail_next = QUOTA_FAILURE
        await pilot.press("enter")
        await until(pilot, lambda: "used up" in pane.transcript.turns[-1].error)
        await settled(pilot)
        assert [turn.text for turn in pane.transcript.turns] == ["why", ANSWER[:40], ""]
        assert pane.prompt.text == "why"


async def test_a_question_whose_owner_died_is_back_in_the_prompt(
    program: Program, services: FakeServices
) -> None:
    services.chat_failure_then = Failure(Kind.UNAVAILABLE, "The gateway is gone.")
    async with program("chat") as pilot:
        pane = await broken_off(pilot, services, "why")
        assert pane.prompt.text == "why"


async def test_a_stored_question_without_an_answer_says_how_to_get_one(
    program: Program, services: FakeServices
) -> None:
    chat = services.chats_by_id["chat0"]
    services.chats_by_id["chat0"] = msgspec.structs.replace(chat, turns=chat.turns[:1], head=chat.turns[0].id)
    async with program("chat") as pilot:
        pane = pilot.app.query_one(ChatPane)
        await settled(pilot)
        pane.load("chat0")
        await until(pilot, lambda: on_screen(pilot, "No answer yet", "ctrl+r"))
        await settled(pilot)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: pane.transcript.turns[-1].text == ANSWER)
        assert not on_screen(pilot, "No answer yet")


async def test_what_another_program_adds_to_the_open_chat_is_shown(
    program: Program, services: FakeServices
) -> None:
    async with program("chat") as pilot:
        pane = pilot.app.query_one(ChatPane)
        await settled(pilot)
        pane.load("chat0")
        await settled(pilot)
        async for _ in services.chats.send("chat0", "from elsewhere"):
            pass
        services.published.put_nowait([Event(1, NOW, "chat.changed", {"id": "chat0"})])
        await until(pilot, lambda: len(pane.transcript.turns) == 4)
        assert pane.transcript.turns[2].text == "from elsewhere"


async def test_a_chat_that_is_deleted_elsewhere_is_open_no_more(
    program: Program, services: FakeServices
) -> None:
    async with program("chat") as pilot:
        pane = pilot.app.query_one(ChatPane)
        await settled(pilot)
        pane.load("chat0")
        await settled(pilot)
        await pilot.press("alt+3")
        await settled(pilot)
        await services.chats.delete("chat0")
        await pilot.press("alt+1")
        await until(pilot, lambda: pane.transcript.turns == [])
        await pilot.press(*"hi", "enter")
        await until(pilot, lambda: pane.transcript.turns[-1].text == ANSWER)


async def test_help_in_the_prompt_names_the_keys_that_send_and_break_the_line(program: Program) -> None:
    async with program("chat", (100, 48)) as pilot:
        await settled(pilot)
        await pilot.press("f1")
        await until(pilot, lambda: on_screen(pilot, "⏎                send", "^J  alt+⏎        new line"))


async def test_answers_search_the_web_while_the_toggle_is_on(
    program: Program, services: FakeServices
) -> None:
    async with program("chat") as pilot:
        pane = pilot.app.query_one(ChatPane)
        await settled(pilot)
        await pilot.press("f4")
        await pilot.pause()
        assert "web search · " in str(pane.ask.border_subtitle)
        await pilot.press(*"who won", "enter")
        await until(pilot, lambda: len(pane.transcript.turns) == 2 and bool(pane.transcript.turns[1].footer))
        await settled(pilot)
        assert services.searched == [True]
        text = pane.transcript.turns[1].text
        assert "- [UEFA \\[Euro 2024\\]](https://uefa.example/euro-2024)" in text
        assert '- "Euro 2024 winner"' in text
        await pilot.press("f4", *"and now", "enter")
        await until(pilot, lambda: len(services.searched) == 2)
        await settled(pilot)
        assert services.searched == [True, False]
        assert "web search" not in str(pane.ask.border_subtitle)


async def test_a_question_that_failed_is_searched_for_when_it_is_asked_again(
    program: Program, services: FakeServices
) -> None:
    services.fail_next = QUOTA_FAILURE
    async with program("chat") as pilot:
        pane = pilot.app.query_one(ChatPane)
        await pilot.press("f4", *"who won", "enter")
        await until(
            pilot, lambda: bool(pane.transcript.turns) and pane.transcript.turns[-1].state == "failed"
        )
        await settled(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: len(services.searched) == 2)
        await settled(pilot)
        assert services.searched == [True, True]


async def test_the_toggle_stands_in_the_palette_and_survives_a_restart(program: Program) -> None:
    async with program("chat", size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("ctrl+p", *"web search", "enter")
        await until(pilot, lambda: pilot.app.query_one(ChatPane).web)
        assert "web search · " in str(pilot.app.query_one(ChatPane).ask.border_title)
        await pilot.press("ctrl+q")
        await pilot.pause()
    async with program("chat") as pilot:
        await settled(pilot)
        assert pilot.app.query_one(ChatPane).web
