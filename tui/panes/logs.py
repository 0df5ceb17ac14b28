"""The logs tab: the live tail of the gateway's ring, and what a request went through.

Lines are fetched while the tab is on screen; when it comes back, it takes up where it left off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.reactive import var
from textual.widget import Widget
from textual.widgets import Input
from textual.worker import Worker

from core.domain.bodies import ReplayBegan, Side, sides
from core.domain.failure import GatewayError
from core.domain.state import Level, LogLine
from core.domain.streams import closing
from tui.messages import Heard
from tui.panes.base import FooterKey, HelpData, Pane
from tui.request_facts import line_facts, request_facts
from tui.widgets.choice import Choice
from tui.widgets.log_source import LogBuffer
from tui.widgets.log_view import LogView
from tui.widgets.plain import PlainText, frame

if TYPE_CHECKING:
    from core.services import Records, Services

LEVELS: dict[str, Level] = {"all": "debug", "info+": "info", "warn+": "warning", "error": "error"}


def keys_while(following: bool) -> tuple[FooterKey, ...]:
    """The footer; what space does depends on what it did last."""
    return (
        FooterKey("space", "pause" if following else "follow", 85, "log.pause", where="#log"),
        FooterKey("enter", "details", 75, "log.select", where="#log"),
        FooterKey("enter", "to the lines", 75, where="#log-words"),
        FooterKey("escape", "clear", 65, where="#log-words"),
        FooterKey("slash", "filter", 65, "logs.filter"),
        FooterKey("1", "…4 level", 55, where="#log"),
        FooterKey("y", "copy line", 45, "log.copy", where="#log"),
        FooterKey("b", "what was said", 42, "logs.said"),
        FooterKey("r", "replay", 41, "logs.replay"),
        FooterKey("y", "copy", 45, "detail.copy", where="#detail"),
    )


class Detail(VerticalScroll):
    """One page about a line; `y` copies it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "copy_page", "Copy", id="detail.copy", show=False, tooltip="Copy what is shown here"),
        Binding("j", "scroll_down", "Down", show=False),
        Binding("k", "scroll_up", "Up", show=False),
        Binding("g", "scroll_home", "Beginning", show=False),
        Binding("G", "scroll_end", "End", show=False),
    ]

    @dataclass
    class CopyRequested(Message):
        """The page is wanted on the clipboard."""

    def action_copy_page(self) -> None:
        self.post_message(self.CopyRequested())


class LogsPane(Pane):
    """Level and text filter, pause, and the details of a line: a page of facts, and one for each side of what
    was said in its request."""

    SCOPED_CSS = False  # its rules name the classes of small and large terminals
    DEFAULT_CSS = """
    LogsPane {
        #log-filter { height: 1; }
        #level { width: 46; }
        #log-words { width: 1fr; }
        #log { height: 1fr; }
        #detail { height: 40%; display: none; padding: 0 1; scrollbar-size-vertical: 1; }
        &.-detail #detail { display: block; }
        &.-said #detail { height: 70%; }
    }
    .-narrow LogsPane #level { width: 40; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "slash", "filter", "Filter", id="logs.filter", show=False, tooltip="Only lines with these words"
        ),
        Binding(
            "b",
            "said",
            "What was said",
            id="logs.said",
            show=False,
            tooltip="The request as it came, as it went upstream, and the answer: again for the next of them",
        ),
        Binding(
            "r", "replay", "Replay", id="logs.replay", show=False, tooltip="Send the line's request again"
        ),
    ]
    help_data = HelpData(
        "Logs",
        "The newest lines at the bottom. Space or scrolling up pauses, G follows again. 1 to 4 set the "
        "level, slash filters by words. Enter on a line shows what was tried, and why this route was taken. "
        "b goes on to what was said, where that is recorded (the setting records.bodies): the request, what "
        "went upstream, the answer. r sends the request again.",
    )
    keys = var(keys_while(following=True))

    log_view = getters.query_one("#log", LogView)
    words = getters.query_one("#log-words", Input)
    level = getters.query_one("#level", Choice)
    detail = getters.query_one("#detail", Detail)
    facts = getters.query_one("#detail-facts", PlainText)

    def __init__(self, id: str = "logs") -> None:
        super().__init__(id=id)
        self._lines = LogBuffer()
        self._tail: Worker[None] | None = None
        self._turn = 0
        self._request_id = ""
        self._pages: list[Side] = []
        self._page = 0

    def compose(self) -> ComposeResult:
        with Horizontal(id="log-filter"):
            yield Choice("Level", tuple(LEVELS), id="level")
            yield Input(placeholder="/ filter…", id="log-words", compact=True)
        yield LogView(self._lines, id="log", classes="framed")
        with Detail(id="detail", classes="framed"):
            yield PlainText(id="detail-facts")

    def on_mount(self) -> None:
        self.log_view.border_title = "logs"
        self.log_view.low_bandwidth = self.slow_line
        self.words.cursor_blink = False

    def first_focus(self) -> Widget | None:
        return self.log_view

    def ready(self, services: Services) -> None:
        self._begin_tail()

    def activated(self) -> None:
        self._begin_tail()

    def heard(self, message: Heard) -> None:
        """After a gap the owner may be another one, and what the tail waits for may never come."""
        if message.gap and self.is_active:
            self.deactivated()
            self._begin_tail()

    def deactivated(self) -> None:
        if self._tail is not None:
            self._tail.cancel()
            self._tail = None

    def stop(self) -> bool:
        if self.words.has_focus:
            self.words.value = ""
            self.log_view.focus()
            return True
        if self.has_class("-detail"):
            self.remove_class("-detail", "-said")
            self.log_view.focus()
            return True
        return False

    # Tailing ----------------------------------------------------------------------------------------

    def _begin_tail(self) -> None:
        if self.services is not None and self.is_active and self._tail is None:
            self._turn += 1
            self._tail = self.follow_log(self.services, self._turn)

    @work(group="logs-tail", exclusive=True, exit_on_error=False)
    async def follow_log(self, services: Services, turn: int) -> None:
        """Take lines as they come, from the last one that is known."""
        try:
            if not await self._knows(services.records):
                self._begin_anew()
            async with closing(services.records.tail(self._lines.last)) as slices:
                async for taken in slices:
                    if taken.last < self._lines.last:
                        self._begin_anew()
                    self._lines.extend(taken.lines)
        except GatewayError as error:
            self.flash(error.failure.public_message, "error")
        finally:
            if turn == self._turn:
                self._tail = None

    async def _knows(self, records: Records) -> bool:
        """Whether the newest line here came from this owner; another one numbers its own from 1."""
        mine = self._lines.since(self._lines.last - 1, 1)
        if not mine:
            return True
        there = await records.lines(mine[0].seq - 1, 1)
        same_number = [line for line in there.lines if line.seq == mine[0].seq]
        return there.last >= mine[0].seq and (not same_number or same_number[0] == mine[0])

    def _begin_anew(self) -> None:
        self._lines = LogBuffer()
        self.log_view.source = self._lines

    # Filtering and details --------------------------------------------------------------------------

    @on(Choice.Picked, "#level")
    def level_picked(self, message: Choice.Picked) -> None:
        self.log_view.level = LEVELS[message.value]

    @on(Input.Changed, "#log-words")
    def words_changed(self, message: Input.Changed) -> None:
        self.log_view.filter_text = message.value.strip()

    @on(Input.Submitted, "#log-words")
    def words_done(self) -> None:
        self.log_view.focus()

    @on(LogView.FilterRequested)
    def action_filter(self) -> None:
        self.words.focus()

    @on(LogView.StatusChanged)
    def status_changed(self, message: LogView.StatusChanged) -> None:
        self.log_view.border_subtitle = message.text
        self.keys = keys_while(self.log_view.follow)
        names = {level: name for name, level in LEVELS.items()}
        self.level.value = names[self.log_view.level]

    @on(LogView.CopyRequested)
    def copy_line(self, message: LogView.CopyRequested) -> None:
        self.copy(message.text)

    @on(LogView.Selected)
    def line_selected(self, message: LogView.Selected) -> None:
        self.show_details(message.line)

    @work(group="logs-detail", exclusive=True, exit_on_error=False)
    async def show_details(self, line: LogLine) -> None:
        """The request that a line belongs to, else the line itself in full."""
        self._pages = [await self._facts(line)]
        self._request_id = line.request_id
        self._show_page(0)

    async def _facts(self, line: LogLine) -> Side:
        lines = line_facts(line, self.now())
        if line.request_id and self.services:
            try:
                lines = request_facts(await self.services.records.request(line.request_id), self.now())
            except GatewayError as error:
                lines += ["", error.failure.public_message]
        return Side(line.request_id or "line", "", "\n".join(lines))

    def _show_page(self, number: int) -> None:
        self._page = number
        page = self._pages[number]
        self.facts.put(_written(page))
        title = page.title if number == 0 else f"{number}/{len(self._pages) - 1} {page.title}"
        frame(self.detail, title, "esc closes")
        self.add_class("-detail")
        self.set_class(number > 0, "-said")
        if number:
            self.detail.focus()
        self.detail.scroll_home(animate=False)

    def action_said(self) -> None:
        """The next page of what was said in the line's request."""
        line = self._line_in_hand()
        if line is None:
            return
        fresh = not self.has_class("-detail") or line.request_id != self._request_id
        if not fresh and len(self._pages) > 1:
            self._show_page((self._page + 1) % len(self._pages))
        else:
            self.show_said(line)

    @work(group="logs-detail", exclusive=True, exit_on_error=False)
    async def show_said(self, line: LogLine) -> None:
        """The first of the pages of what was said. Says so where nothing is recorded."""
        if self.services is None:
            return
        said = sides(await self.services.records.bodies(line.request_id))
        self._pages = [await self._facts(line), *said]
        self._request_id = line.request_id
        self._show_page(1)

    def _line_in_hand(self) -> LogLine | None:
        """The line under the cursor, else the newest one; None, with a word, if it belongs to no request."""
        line = self.log_view.line_in_hand()
        if line is None or not line.request_id:
            self.flash("This line belongs to no request.")
            return None
        return line

    @on(Detail.CopyRequested)
    def copy_page(self) -> None:
        self.copy(_written(self._pages[self._page]))

    # Once more --------------------------------------------------------------------------------------

    @work(group="logs-replay", exclusive=True, exit_on_error=False)
    async def action_replay(self) -> None:
        """Send the line's request again; asks first when a real account would answer."""
        line = self._line_in_hand()
        if line is None or self.services is None:
            return
        await self.services.records.bodies(line.request_id)
        if not (await self.services.owner.status()).sandbox_active:
            from tui.screens.confirm import ConfirmScreen

            question = ConfirmScreen(
                "Send this request again?",
                "A real account answers it, and it counts.",
                yes="Send it",
                no="No",
            )
            if await self.program.push_screen_wait(question) != ConfirmScreen.YES:
                return
        self.flash(f"Sending {line.request_id} again…")
        began = ReplayBegan("", 0, "")
        async with closing(self.services.replays.send(line.request_id)) as answer:
            async for item in answer:
                if isinstance(item, ReplayBegan):
                    began = item
        level = "good" if began.status < 400 else "error"
        self.flash(f"{line.request_id} was sent again as {began.id}: {began.status}.", level, 8)


def _written(page: Side) -> str:
    return f"{page.facts}\n\n{page.text}" if page.facts else page.text
