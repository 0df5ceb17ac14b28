"""The list of conversations beside the transcript, newest first, under the day they were last used."""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.works import ChatSummary
from tui import format as say
from tui.widgets.row_list import Cell, Column, Row, RowList


class ChatList(RowList):
    """Rows of conversations; `Chosen` opens one."""

    BORDER_TITLE = "chats"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__((Column(), Column(width=5, align="right")), id=id, classes=classes)

    def show_chats(self, chats: Sequence[ChatSummary], current: str, now: float) -> None:
        """Show `chats`; the one with the id `current` is the one in the transcript."""
        rows: list[Row] = []
        heading = ""
        for chat in chats:
            if (day := say.day(chat.updated_at, now)) != heading:
                heading = day
                rows.append(Row("", (Cell(day, "muted"),)))
            title = Cell(say.one_line(chat.title) or "new chat", "strong" if chat.id == current else "plain")
            rows.append(Row(chat.id, (title, Cell(say.when(chat.updated_at, now)[:5], "muted"))))
        self.show(rows)
        if not self.has_focus:
            self.put_cursor(current)
        self.border_subtitle = f"{len(chats)}" if chats else ""
