"""The prompt: what sends, what breaks a line, what comes back."""

from __future__ import annotations

import pytest
from textual.events import Paste
from textual.message import Message

from tests.tui.widgets.stage import Stage, until
from tui.widgets.prompt import PromptArea


def sent(messages: list[Message]) -> list[str]:
    once = {id(message): message for message in messages}
    return [message.text for message in once.values() if isinstance(message, PromptArea.Submitted)]


async def test_enter_sends_and_the_text_stays_until_the_owner_clears_it() -> None:
    prompt = PromptArea()
    messages: list[Message] = []
    async with Stage(prompt).run_test(message_hook=messages.append) as pilot:
        await pilot.press("h", "i", "enter")
        assert sent(messages) == ["hi"]
        assert prompt.text == "hi"
        prompt.clear_text()
        assert prompt.text == ""
        prompt.undo()
        assert prompt.text == "hi"


@pytest.mark.parametrize("key", ["ctrl+j", "alt+enter", "shift+enter", "ctrl+enter"])
async def test_other_enters_break_the_line(key: str) -> None:
    prompt = PromptArea()
    messages: list[Message] = []
    async with Stage(prompt).run_test(message_hook=messages.append) as pilot:
        await pilot.press("a", key, "b")
        assert prompt.text == "a\nb"
        assert not sent(messages)


async def test_enter_and_the_other_can_be_swapped() -> None:
    prompt = PromptArea()
    messages: list[Message] = []
    app = Stage(prompt)
    app.set_keymap({"prompt.send": "ctrl+j", "prompt.newline": "enter"})
    async with app.run_test(message_hook=messages.append) as pilot:
        await pilot.press("a", "enter", "b", "ctrl+j")
        assert sent(messages) == ["a\nb"]


async def test_blank_text_is_not_sent() -> None:
    prompt = PromptArea("  \n ")
    messages: list[Message] = []
    async with Stage(prompt).run_test(message_hook=messages.append) as pilot:
        await pilot.press("enter")
        assert not sent(messages)


async def test_up_on_the_first_row_goes_back_and_down_returns_to_the_draft() -> None:
    prompt = PromptArea()
    prompt.sent = ("first", "second\nrow")
    async with Stage(prompt).run_test() as pilot:
        await pilot.press("d", "up")
        assert prompt.text == "second\nrow"
        await pilot.press("up")
        assert prompt.text == "second\nrow"
        await pilot.press("up")
        assert prompt.text == "first"
        await pilot.press("up", "down", "down", "down")
        assert prompt.text == "d"


async def test_it_grows_from_two_rows_to_eight() -> None:
    prompt = PromptArea()
    async with Stage(prompt).run_test() as pilot:
        assert prompt.size.height == 2
        prompt.put_text("\n".join("abcd"))
        await until(pilot, lambda: prompt.size.height == 4)
        prompt.put_text("\n" * 30)
        await until(pilot, lambda: prompt.size.height == 8)


async def test_a_large_paste_is_one_edit_without_controls() -> None:
    prompt = PromptArea()
    async with Stage(prompt).run_test() as pilot:
        prompt.post_message(Paste("one\r\ntwo\x1b[31m\t!\n" * 2000))
        await until(pilot, lambda: bool(prompt.text))
        assert prompt.text == "one\ntwo\t!\n" * 2000
        prompt.undo()
        assert prompt.text == ""


async def test_the_cursor_does_not_blink() -> None:
    prompt = PromptArea()
    async with Stage(prompt).run_test():
        assert not prompt.cursor_blink
