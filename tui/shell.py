"""The shell: tab row, facts, the panes, the flash line and the key footer. Knows no tab's contents.

A pane is imported and mounted when its tab is first shown, and stays. The shell tells panes when they
come and go, hands them the services once these are there, and passes on what the gateway says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import events, getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingsMap, BindingType
from textual.containers import Horizontal
from textual.css.query import NoMatches
from textual.dom import DOMNode
from textual.reactive import Reactive
from textual.screen import Screen
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import ContentSwitcher

from tui.keymap import character_of
from tui.messages import Heard
from tui.notify import FlashLine
from tui.panes.base import FooterKey, Pane
from tui.tabs import TabSpec
from tui.widgets.empty import Empty
from tui.widgets.key_footer import KeyFooter
from tui.widgets.status_line import StatusLine
from tui.widgets.tab_bar import TabBar, TabRule

if TYPE_CHECKING:
    from core.services import Services


BUSY = "•"
"""The mark of a tab that works out of sight."""
LOOK_SECONDS = 1.0


class UnloadedPane(Pane):
    """Stands where a tab's module could not be imported."""

    def __init__(self, reason: str, id: str | None = None) -> None:
        super().__init__(id=id)
        self.reason = reason

    def compose(self) -> ComposeResult:
        yield Empty("This tab could not be loaded", note=self.reason)


class ShellScreen(Screen[None]):
    """The one page that is always there."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Stop, close, or leave the field", show=False, id="back"),
        Binding("enter", "enter_pane", "Back into the field", show=False, id="enter"),
        Binding("question_mark", "app.help", "Help", show=False, id="help-here"),
        Binding("colon", "app.command_palette", "Commands", show=False, id="commands-here"),
    ]

    focused: Reactive[Widget | None] = Reactive(None, compute=False, repaint=False)
    """What has the focus. Textual's own repaints the whole screen when it moves: kilobytes over SSH for
    two widgets, which repaint themselves."""

    bar = getters.query_one("#tabs", TabBar)
    rule = getters.query_one("#rule", TabRule)
    status_line = getters.query_one("#status", StatusLine)
    body = getters.query_one("#body", ContentSwitcher)
    flash_line = getters.query_one("#flash", FlashLine)
    footer = getters.query_one("#keys", KeyFooter)

    def __init__(
        self,
        specs: Sequence[TabSpec],
        everywhere: Sequence[FooterKey],
        bound: Callable[[FooterKey], str],
        kept: Callable[[str], dict[str, str]],
    ) -> None:
        """`everywhere` are the footer keys of the program itself; `bound` says what key an entry is on;
        `kept` gives what a tab's pane had kept when the program last ended."""
        super().__init__()
        self.specs = {spec.id: spec for spec in specs}
        self._everywhere = tuple(everywhere)
        self._bound = bound
        self._kept = kept
        self._services: Services | None = None
        self._looking: Timer | None = None
        self._focus_of: dict[str, Widget | None] = {}
        self._ahead: list[events.Key | events.Paste] = []

    def compose(self) -> ComposeResult:
        with Horizontal(id="head"):
            yield TabBar(tuple(self.specs.values()), id="tabs")
            yield StatusLine(id="status")
        yield TabRule(id="rule")
        yield ContentSwitcher(id="body")
        yield FlashLine(id="flash")
        yield KeyFooter(self._bound, id="keys")

    def on_mount(self) -> None:
        self.watch(self.bar, "span", self._underline)
        self.footer.keys = self._everywhere

    def _underline(self, span: tuple[int, int]) -> None:
        self.rule.span = span

    # Tabs -------------------------------------------------------------------------------------------

    @property
    def active(self) -> str:
        """The id of the tab that is shown; empty before the first."""
        return self.bar.active

    @property
    def pane(self) -> Pane | None:
        """The pane that is shown."""
        return self.pane_of(self.active)

    def pane_of(self, tab: str) -> Pane | None:
        """The pane of `tab`, or None while it has never been shown."""
        try:
            return self.body.get_child_by_id(tab, Pane)
        except NoMatches:
            return None

    def panes(self) -> list[Pane]:
        """All panes that have been shown."""
        return [child for child in self.body.children if isinstance(child, Pane)]

    async def show(self, tab: str, what: str = "") -> Pane:
        """Show `tab`, mounting its pane the first time, and hand it `what` if there is something.

        Raises KeyError if there is no such tab.
        """
        spec = self.specs[tab]
        before = self.pane
        pane = self.pane_of(tab)
        if before is not None and before is not pane:
            self.flash_line.clear()
            self._focus_of[self.active] = self.focused
            before.post_message(Pane.Shown(False))
        self.bar.active = tab
        new = pane is None
        if pane is None:
            pane = await self._mount_pane(spec)
        if before is not pane:
            self.body.current = tab
            pane.post_message(Pane.Shown(True))
            self._footer_of(pane)
            self._mark_busy()
        if new and self._services is not None:
            pane.post_message(Pane.Opened(self._services))
        if what:
            pane.post_message(Pane.Asked(what))
        if before is not pane:
            self._focus_in(pane)
        return pane

    async def _mount_pane(self, spec: TabSpec) -> Pane:
        try:
            pane = spec.load()(id=spec.id)
        except ImportError as error:
            pane = UnloadedPane(str(error), id=spec.id)
        await self.body.add_content(pane)
        pane.post_message(Pane.Restored(self._kept(spec.id)))
        return pane

    def _focus_in(self, pane: Pane) -> None:
        """Give the focus to a place in `pane` at once: the next key may be there already."""
        if self.focused is None or pane not in self.focused.ancestors:
            self.set_focus(self._place_in(pane))
        ahead, self._ahead = self._ahead, []
        for event in ahead:
            (self.focused or self)._forward_event(event)  # pyright: ignore[reportPrivateUsage]

    def _place_in(self, pane: Pane) -> Widget | None:
        """Where the focus was in `pane`, or where it starts."""
        last = self._focus_of.get(pane.id or "")
        usable = last is not None and last.is_mounted and pane in last.ancestors
        return last if usable else pane.first_focus()

    # What panes and the gateway say -----------------------------------------------------------------

    def open(self, services: Services) -> None:
        """The gateway is there: tell every pane, and every one that comes later."""
        self._services = services
        for pane in self.panes():
            pane.post_message(Pane.Opened(services))

    def hear(self, heard: Heard) -> None:
        """Pass on what happened; each pane gets a message of its own."""
        for pane in self.panes():
            pane.post_message(Heard(heard.events, heard.gap))
        self._mark_busy()

    def _mark_busy(self) -> None:
        """A dot beside the tabs where something runs out of sight; looked at again while there is one."""
        badges = {
            pane.id: BUSY for pane in self.panes() if pane.id and pane.id != self.active and pane.busy()
        }
        self.bar.badges = badges
        if badges and self._looking is None:
            self._looking = self.set_timer(LOOK_SECONDS, self._look_again)

    def _look_again(self) -> None:
        self._looking = None
        self._mark_busy()

    @on(Pane.KeysChanged)
    def _keys_changed(self, message: Pane.KeysChanged) -> None:
        message.stop()
        if self.pane is not None:
            self._footer_of(self.pane)

    def watch_focused(self) -> None:
        if self.is_mounted and self.pane is not None:
            self._footer_of(self.pane)

    def _footer_of(self, pane: Pane) -> None:
        place = self.focused or self._place_in(pane)
        around = {*place.ancestors_with_self} if place is not None else set[DOMNode]()
        here = [key for key in pane.keys if not key.where or around & {*pane.query(key.where)}]
        if place is not None:
            here = [key for key in here if not self._is_written(key, place)]
        keys = (*here, *self._everywhere)
        if keys != self.footer.keys:
            self.footer.keys = keys

    def _is_written(self, key: FooterKey, place: Widget) -> bool:
        """Whether the key of an entry would stand as a letter in the field that has the focus."""
        name = self._bound(key)
        return place.check_consume_key(name, character_of(name))

    # Keys -------------------------------------------------------------------------------------------

    @property
    def _binding_chain(self) -> list[tuple[DOMNode, BindingsMap]]:
        """While nothing has the focus, the keys of the shown pane work all the same."""
        chain = super()._binding_chain
        if self.focused is None and self.pane is not None:
            bindings = self.pane.own_bindings()
            bindings.apply_keymap(self.pane.program._keymap)  # pyright: ignore[reportPrivateUsage]
            chain.insert(0, (self.pane, bindings))
        return chain

    def wake(self, event: events.Key | events.Paste) -> bool:
        """Before a key or a paste is handed out: if nothing has the focus, give it to whom it is for.

        Keys of the page itself stay its own, and those of the pane where no text is written. Returns
        whether the event is kept until the first pane is there.
        """
        if self.focused is not None:
            return False
        if self.pane is None:
            early = isinstance(event, events.Paste) or not self._has(event.key)
            if early:
                self._ahead.append(event)
            return early
        place = self._place_in(self.pane)
        if place is not None and (isinstance(event, events.Paste) or self._is_for(place, event)):
            self.set_focus(place)
        return False

    def _is_for(self, place: Widget, event: events.Key) -> bool:
        if event.key in self._bindings.key_to_bindings:
            return False
        if place.check_consume_key(event.key, event.character):
            return True
        return not self._has(event.key)

    def _has(self, key: str) -> bool:
        """Whether `key` does something here, be there a focus or not."""
        return any(key in bindings.key_to_bindings for _, bindings in self._binding_chain)

    def action_back(self) -> None:
        """Escape: stop what runs, else close what is open, else go back to the pane's first place, else
        leave the field. Never quits, and never leaves keys without somebody who hears them."""
        if self.flash_line.said is not None:
            self.flash_line.clear()
        if self.pane is None or self.pane.stop():
            return
        first, focused = self.pane.first_focus(), self.focused
        self._focus_of[self.active] = focused or self._focus_of.get(self.active)
        if first is None or (first is focused and first.check_consume_key("a", "a")):
            self.set_focus(None)
        else:
            self.set_focus(first)

    def action_enter_pane(self) -> None:
        """Enter, while nothing has the focus: back to where one was."""
        if self.focused is None and self.pane is not None:
            self.set_focus(self._place_in(self.pane))
