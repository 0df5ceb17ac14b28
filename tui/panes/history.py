"""The history tab: one list over chats and pictures, with a filter and a preview."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.reactive import var
from textual.widget import Widget
from textual.widgets import ContentSwitcher, Input

from core.domain.failure import GatewayError
from core.domain.works import HistoryItem
from tui import format as say
from tui import turns
from tui.messages import Heard
from tui.panes.base import FooterKey, HelpData, Pane
from tui.trash import BACK, MOVED, Trash
from tui.widgets.choice import Choice
from tui.widgets.pixel_view import PixelView
from tui.widgets.plain import PlainText, frame
from tui.widgets.row_list import Cell, Column, Row, RowList
from tui.widgets.transcript import TranscriptView

if TYPE_CHECKING:
    from core.services import Services

KINDS = {"all": "", "chats": "chat", "pictures": "image"}
PAGE = 500
EMPTY = "Nothing here yet. Ask something in chat or make a picture."
NO_MATCH = "Nothing matches. / changes the words, f the kind."
COLUMNS = (
    Column("when", 11),
    Column("kind", 5),
    Column("title"),
    Column("size", 10, "right", from_width=64),
    Column("model", 20, from_width=92),
    Column("account", 8, from_width=110),
)


class HistoryPane(Pane):
    """Everything that was made, newest first. Enter opens it in its own tab."""

    SCOPED_CSS = False  # its rules name the classes of small and large terminals
    DEFAULT_CSS = """
    HistoryPane {
        #filter { height: 1; }
        #words { width: 1fr; }
        #kind { width: 36; }
        #both { height: 1fr; layout: vertical; }
        #items { height: 1fr; }
        #preview { height: 1fr; }
        #preview > * { height: 1fr; }
        #preview-none { align: center middle; }
        #preview-none PlainText { width: auto; color: $muted; }
    }
    .-wide HistoryPane #both { layout: horizontal; }
    .-wide HistoryPane #items, .-wide HistoryPane #preview { width: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", id="history.filter", tooltip="Type to filter the list"),
        Binding("f", "kind", "Kind", id="history.kind", tooltip="All, chats or pictures"),
        Binding("d", "delete", "Delete", id="history.delete", tooltip="Move it to the trash"),
        Binding("u", "undo", "Undo", id="history.undo", show=False, tooltip="Bring the deleted one back"),
        Binding("y", "copy_path", "Copy path", id="history.copy", show=False, tooltip="Copy the file's path"),
    ]
    help_data = HelpData(
        "History",
        "Chats and pictures in one list. Slash filters by words, f shows only chats or only pictures, enter "
        "opens what the bar is on, d deletes it and u brings it back.",
    )
    keys = var(
        (
            FooterKey("slash", "filter", 85),
            FooterKey("enter", "open", 75, where="#items"),
            FooterKey("enter", "to the list", 75, where="#words"),
            FooterKey("escape", "clear", 65, where="#words"),
            FooterKey("f", "kind", 65, "history.kind"),
            FooterKey("d", "delete", 55, "history.delete"),
        )
    )

    items = getters.query_one("#items", RowList)
    words = getters.query_one("#words", Input)
    kind = getters.query_one("#kind", Choice)
    preview = getters.query_one("#preview", ContentSwitcher)
    picture = getters.query_one("#preview-picture", PixelView)
    transcript = getters.query_one("#preview-chat", TranscriptView)
    none = getters.query_one("#none", PlainText)

    def __init__(self, id: str = "history") -> None:
        super().__init__(id=id)
        self._found: dict[str, HistoryItem] = {}
        self._trash = Trash(self._delete_item, self._restore_item)
        self._then_show = ""
        self._previewed: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        with Horizontal(id="filter"):
            yield Input(placeholder="/ filter…", id="words", compact=True)
            yield Choice("", tuple(KINDS), id="kind")
        with Horizontal(id="both"):
            yield RowList(COLUMNS, id="items", classes="framed")
            with ContentSwitcher(initial="preview-none", id="preview"):
                with Vertical(id="preview-none"):
                    yield PlainText(id="none", classes="empty")
                yield TranscriptView(id="preview-chat", classes="framed")
                yield PixelView(id="preview-picture", classes="framed")

    def on_mount(self) -> None:
        self.items.border_title = "history"
        self.words.cursor_blink = False

    def first_focus(self) -> Widget | None:
        return self.items

    def ready(self, services: Services) -> None:
        self.load()

    def activated(self) -> None:
        self.load()

    def heard(self, message: Heard) -> None:
        topics = message.topics()
        if self.is_active and (message.gap or topics & {"chat.changed", "asset.added", "asset.removed"}):
            self.load()

    def stop(self) -> bool:
        if self.words.has_focus:
            self.words.value = ""
            self.items.focus()
            return True
        return False

    # Loading ----------------------------------------------------------------------------------------

    @work(group="history-load", exclusive=True, exit_on_error=False)
    async def load(self) -> None:
        """Read the list anew, with the filter as it stands."""
        if self.services is None:
            return
        found = await self.services.library.history(self.words.value.strip(), KINDS[self.kind.value], PAGE)
        self._found = {f"{item.kind}:{item.id}": item for item in found}
        self.items.show([self._row(key, item) for key, item in self._found.items()])
        more = "+" if len(found) == PAGE else ""
        self.items.border_subtitle = (
            f"{len(found)}{more} found" if self.words.value else f"{len(found)}{more}"
        )
        wanted, self._then_show = self._then_show, ""
        if wanted:
            self.items.put_cursor(wanted)
        if not found:
            self.none.put(NO_MATCH if self.words.value.strip() or KINDS[self.kind.value] else EMPTY)
        self.show_preview(self.items.cursor_id)

    def _row(self, key: str, item: HistoryItem) -> Row:
        return Row(
            key,
            (
                Cell(say.when(item.at, self.now()), "muted"),
                Cell("chat" if item.kind == "chat" else "pic", "accent" if item.kind != "chat" else "plain"),
                Cell(say.one_line(item.title) or "untitled"),
                Cell(item.amount, "muted"),
                Cell(item.model, "muted"),
                Cell(say.short_email(item.account), "muted"),
            ),
        )

    @work(group="history-preview", exclusive=True, exit_on_error=False)
    async def show_preview(self, key: str) -> None:
        """Show what the bar is on."""
        item = self._found.get(key)
        if item is None or self.services is None:
            self.preview.current = "preview-none"
            return
        if item.kind == "chat":
            try:
                chat = await self.services.chats.get(item.id)
            except GatewayError as error:
                self.flash(turns.error_text(error.failure), "error")
                return
            state = (chat.id, chat.updated_at, chat.head, len(chat.turns))
            if state != self._previewed:  # where the person has scrolled to stays, whatever else happens
                self._previewed = state
                self.transcript.set_turns([turns.turn_view(turn) for turn in chat.path()])
            frame(self.transcript, say.one_line(chat.title), say.plural(len(chat.turns), "turn"))
            self.preview.current = "preview-chat"
        else:
            self.picture.path = Path(item.path)
            self.preview.current = "preview-picture"
            frame(self.picture, say.one_line(item.title))
            self._show_path()

    def on_resize(self) -> None:
        self._show_path()

    def _show_path(self) -> None:
        """Where the file of the picture is; both ends of a long path stay."""
        item = self._found.get(self.items.cursor_id)
        if item is not None and item.path:
            frame(
                self.picture, subtitle=say.middle(say.place(item.path), max(self.preview.size.width - 8, 16))
            )

    # Messages and actions ---------------------------------------------------------------------------

    @on(RowList.Moved, "#items")
    def moved(self, message: RowList.Moved) -> None:
        self.show_preview(message.id)

    @on(RowList.Chosen, "#items")
    def open_item(self, message: RowList.Chosen) -> None:
        if item := self._found.get(message.id):
            self.go_to("chat" if item.kind == "chat" else "generate", item.id)

    @on(Input.Changed, "#words")
    def filter_changed(self) -> None:
        self.load()

    @on(Input.Submitted, "#words")
    def filter_done(self) -> None:
        self.items.focus()

    @on(Choice.Picked, "#kind")
    def kind_changed(self) -> None:
        self.load()

    def action_filter(self) -> None:
        self.words.focus()

    def action_kind(self) -> None:
        self.kind.action_pick(1)

    def action_copy_path(self) -> None:
        item = self._found.get(self.items.cursor_id)
        if item and item.path:
            self.copy(item.path)

    def action_delete(self) -> None:
        if self.items.cursor_id and self.items.has_focus:
            self.delete(self.items.cursor_id)

    @work(group="history-delete", exit_on_error=False)
    async def delete(self, key: str) -> None:
        if await self._trash.put(key):
            self.flash(MOVED, seconds=10)
            self.load()

    @work(group="history-delete", exit_on_error=False)
    async def action_undo(self) -> None:
        if key := await self._trash.bring_back():
            self.flash(BACK, "good")
            self._then_show = key
            self.load()

    async def _delete_item(self, key: str) -> None:
        assert self.services is not None  # a row is there, so they are
        kind, _, item_id = key.partition(":")
        if kind == "chat":
            await self.services.chats.delete(item_id)
        else:
            await self.services.library.delete_asset(item_id)

    async def _restore_item(self, key: str) -> None:
        assert self.services is not None
        kind, _, item_id = key.partition(":")
        if kind == "chat":
            await self.services.chats.restore(item_id)
        else:
            await self.services.library.restore_asset(item_id)
