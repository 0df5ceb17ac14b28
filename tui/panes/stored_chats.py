"""The conversations that are kept, beside the open one: read from the gateway, deleted, brought back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.message import Message

from tui.messages import Flash
from tui.trash import BACK, MOVED, Trash
from tui.widgets.chat_list import ChatList
from tui.workers import TellsFailures

if TYPE_CHECKING:
    from core.services import Chats


class StoredChats(TellsFailures, ChatList):
    """The list on the left of the chat tab. `chats` is given to it once the gateway is there."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "delete", "Delete chat", id="chat.delete", tooltip="Delete the chat under the bar"),
        Binding("u", "undo", "Undo", id="chat.undo", show=False, tooltip="Bring the deleted chat back"),
    ]

    @dataclass
    class Deleted(Message):
        """The chat is in the trash."""

        id: str

    chats: Chats | None = None

    def __init__(
        self, now: Callable[[], float], *, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._now = now
        self._current = ""
        self._trash = Trash(self._put_away, self._bring_back)

    @work(group="chat-list", exclusive=True, exit_on_error=False)
    async def load(self, current: str) -> None:
        """Read the list anew; the chat with the id `current` is the open one."""
        self._current = current
        if self.chats is not None:
            self.show_chats(await self.chats.list(), current, self._now())

    def action_delete(self) -> None:
        if chat_id := self.cursor_id:
            self.delete(chat_id)

    @work(group="chat-delete", exit_on_error=False)
    async def delete(self, chat_id: str) -> None:
        if await self._trash.put(chat_id):
            self.post_message(Flash(MOVED, seconds=10))
            self.post_message(self.Deleted(chat_id))
            self.load(self._current)

    @work(group="chat-delete", exit_on_error=False)
    async def action_undo(self) -> None:
        if await self._trash.bring_back():
            self.post_message(Flash(BACK, "good"))
            self.load(self._current)

    async def _put_away(self, chat_id: str) -> None:
        assert self.chats is not None  # a chat is in the list, so they are
        await self.chats.delete(chat_id)

    async def _bring_back(self, chat_id: str) -> None:
        assert self.chats is not None
        await self.chats.restore(chat_id)
