"""The application: start, keys, leaving, and what happens when something goes wrong.

It knows the shell and no tab. The first frame is drawn before anything of the gateway is imported; the
gateway is opened in a worker, and the shell hands it to the panes.
"""

from __future__ import annotations

import gc
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events, on, work
from textual.command import CommandPalette
from textual.driver import Driver
from textual.screen import Screen
from textual.widget import Widget

from tui.actions import ACTIONS, TAB_ACTIONS, bindings
from tui.dialog import Dialog
from tui.guard import GuardedApp
from tui.keymap import key_label, read_keymap
from tui.looks import Looks
from tui.messages import GoTo, Heard, StatusSeen
from tui.notify import TITLE
from tui.panes.base import FooterKey
from tui.shell import ShellScreen
from tui.start import Options, Refusal, choices_of
from tui.tabs import TABS, TabSpec
from tui.terminal import Terminal
from tui.themes import variables_of
from tui.widgets.key_footer import KeyFooter
from tui.widgets.status_line import Facts
from tui.widgets.tab_bar import TabBar

if TYPE_CHECKING:
    from core.domain.state import Status
    from core.services import Services
    from tui.driver import Disconnected, InputFailed
    from tui.start import OpenServices

EVERYWHERE = tuple(FooterKey(spec.keys, spec.label, spec.rank, spec.id) for spec in ACTIONS if spec.rank)
"""The program's own entries of the key footer."""
SHELL_ONLY = frozenset(spec.run.partition("(")[0] for spec in (*ACTIONS, *TAB_ACTIONS) if not spec.anywhere)
"""Actions that do nothing while a dialog is open."""
TIDY_SECONDS = 5.0
"""How long to wait for a moment in which nothing runs."""
GONE = "The gateway is gone; it is tried again every few seconds."


def _palette() -> Any:
    from tui.commands import Commands

    return Commands


class AgtuiApp(GuardedApp):
    """The terminal program."""

    TITLE = TITLE
    CSS_PATH = "styles/base.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (90, "-normal"), (150, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (28, "-tall")]  # noqa: RUF012
    PAUSE_GC_ON_SCROLL = True
    ESCAPE_TO_MINIMIZE = False
    BINDINGS: ClassVar[list[Any]] = bindings((*ACTIONS, *TAB_ACTIONS))
    COMMANDS: ClassVar[set[Any]] = {_palette}

    def __init__(
        self,
        open_services: OpenServices,
        options: Options,
        *,
        terminal: Terminal,
        tabs: Sequence[TabSpec] = TABS,
        driver_class: type[Driver] | None = None,
    ) -> None:
        super().__init__(options, terminal, driver_class)
        self.tabs = tuple(tabs)
        defaults = {spec.id: spec.keys for spec in (*ACTIONS, *TAB_ACTIONS)}
        keymap = read_keymap(options.keys, defaults, [tab.id for tab in tabs])
        self._keys = {**defaults, **keymap.overrides}
        self._shell_keys = frozenset(
            key
            for spec in (*ACTIONS, *TAB_ACTIONS)
            if not spec.anywhere
            for key in self._keys[spec.id].split(",")
        )
        self.set_keymap(dict(keymap.overrides))
        self._to_say = list(keymap.warnings)
        self.looks = Looks(self, options.config_dir and options.config_dir / "themes", self._complain)
        self.looks.start(options.theme or self.kept.theme, terminal)
        self._to_say += [str(problem) for problem in self.looks.early]
        self.shell = ShellScreen(self.tabs, EVERYWHERE, self.key_of, lambda tab: self.kept.panes.get(tab, {}))
        self.services: Services | None = None
        self.status: Status | None = None
        self._open = open_services
        self.recent_commands: list[str] = []
        self._told: set[str] = set()
        self._gone = False
        self._tidied = False

    def get_default_screen(self) -> Screen[Any]:
        """The shell, with the classes of its size. Textual gives them with the first resize, which would
        then style and draw everything a second time."""
        for cells, points in (
            (self.size.width, self.HORIZONTAL_BREAKPOINTS),
            (self.size.height, self.VERTICAL_BREAKPOINTS),
        ):
            self.shell.add_class([name for least, name in points or () if cells >= least][-1], update=False)
        return self.shell

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our variables for a theme that is not ours, such as Textual's own."""
        return variables_of(self.current_theme)

    # Start ------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        self.set_class(not self.terminal.unicode, "-ascii")
        self.watch_signals()
        self.call_after_refresh(self._begin)

    async def _begin(self) -> None:
        """The first frame is drawn: show the tab of last time, then open the gateway."""
        known = [tab.id for tab in self.tabs]
        wanted = [tab for tab in (self.options.tab, self.kept.tab) if tab in known]
        with self.batch_update():
            await self.shell.show((wanted or known)[0])
        for warning in self._to_say[:1]:
            more = f" (and {len(self._to_say) - 1} more)" if len(self._to_say) > 1 else ""
            self.flash(warning + more, "warning", 10)
        self.call_after_refresh(self.open_gateway, self._open)

    @work(group="gateway", exclusive=True, exit_on_error=False)
    async def open_gateway(self, opener: OpenServices) -> None:
        """Open the gateway, hand it to the panes, and listen to it until the program ends."""
        self.shell.status_line.facts = Facts()
        try:
            self.services = services = await opener()
        except Exception as error:
            self._refused(error)
            return
        self.shell.open(services)
        self.call_after_refresh(gc.freeze)
        self._listen(services)

    @work(group="bridge", exclusive=True)
    async def _listen(self, services: Services) -> None:
        from tui.bridge import GatewayBridge

        await GatewayBridge(services, self.post_message).run()

    def _refused(self, error: Exception) -> None:
        """Say why the gateway is not there, and what can be done."""
        from tui.screens.confirm import ChoiceScreen

        self.shell.status_line.facts = Facts(gateway="down")
        if isinstance(error, Refusal):
            text = error.failure.public_message
        else:
            report = self.report(error)
            text = f"An error of the program's own: {report.kind} in {report.place}.\n\nReport: {report.path}"
        ways = [(choice.label, choice.open) for choice in choices_of(error)]
        ways.append(("Try again", self._open))

        def chosen(answer: int | None) -> None:
            if answer is not None and 0 <= answer < len(ways):
                self.open_gateway(ways[answer][1])
            elif answer == len(ways):
                self.leave()

        answers = [*(label for label, _ in ways), "Quit"]
        self.push_screen(
            ChoiceScreen("The gateway did not start", text, answers, leave="esc look around", grave=True),
            chosen,
        )

    # What the gateway says --------------------------------------------------------------------------

    @on(Heard)
    def _heard(self, message: Heard) -> None:
        self.shell.hear(message)

    @on(StatusSeen)
    def _status_seen(self, message: StatusSeen) -> None:
        if message.status is None:
            self.shell.status_line.facts = self.shell.status_line.facts.lost()
            if not self._gone:
                self.flash(GONE, "error", 8)
            self._gone = True
            return
        if self._gone:
            self._gone = False
            self.flash("The gateway is back.", "good")
        self.status = message.status
        self.shell.status_line.facts = Facts.of(message.status, message.attached)
        for notice in message.status.notices:
            if notice not in self._told:
                self._told.add(notice)
                self.flash(notice, "warning", 10)
        if message.status.sandbox_active and not self.kept.onboarded:
            self.kept.onboarded = True
            self.action_welcome()

    def on_follow_view_settled(self) -> None:
        """The first long conversation is laid out. (Named so, its class need not be imported here.)"""
        if not self._tidied:
            self._tidied = True
            self._tidy()

    def _tidy(self) -> None:
        """Look through everything there is for garbage once, while nothing comes in, and then never again:
        later it would be the longest stall there is (70 ms with 600 turns), in the middle of an answer."""
        if any(pane.busy() for pane in self.shell.panes()):
            self.set_timer(TIDY_SECONDS, self._tidy)
            return
        gc.collect()
        gc.freeze()

    def _complain(self, text: str) -> None:
        self.flash(text, "warning", 10)

    def on_disconnected(self, message: Disconnected) -> None:
        """The terminal is gone (a dropped connection): keep what was typed and end."""
        self.leave()

    def on_input_failed(self, message: InputFailed) -> None:
        raise message.error

    # Tabs, keys, dialogs ----------------------------------------------------------------------------

    def key_of(self, key: FooterKey) -> str:
        """The key that a footer entry's action is on: the person's, else the default."""
        return self._keys.get(key.action, key.key).split(",")[0]

    def key_named(self, action: str) -> str:
        """The keys of an action as the person sees them; empty if it has none."""
        return " ".join(key_label(key) for key in self._keys.get(action, "").split(",") if key)

    async def on_event(self, event: events.Event) -> None:
        """Keys and pastes find somebody who takes them, before the next one is read."""
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            if isinstance(self.screen, Dialog) and isinstance(event, events.Key):
                if await self._answered(self.screen, event):
                    return
            elif self.screen is self.shell and self.shell.wake(event):
                return
        await super().on_event(event)

    async def _answered(self, dialog: Dialog[Any], event: events.Key) -> bool:
        """Whether the dialog, or a key that works over it, has dealt with `event`."""
        if dialog.gives_way and event.key in self._shell_keys:
            dialog.dismiss("")
            return False
        return await self._check_bindings(event.key, priority=True) or await dialog.answer(event)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a dialog is open, only what works anywhere works."""
        return self.screen is self.shell or action not in SHELL_ONLY

    @on(TabBar.Chosen)
    async def _tab_chosen(self, message: TabBar.Chosen) -> None:
        await self.shell.show(message.tab)

    @on(GoTo)
    async def _go_to(self, message: GoTo) -> None:
        await self.shell.show(message.tab, message.what)

    @on(KeyFooter.Pressed)
    def _footer_pressed(self, message: KeyFooter.Pressed) -> None:
        self.simulate_key(message.key)

    async def action_show_tab(self, number: int) -> None:
        if number <= len(self.tabs):
            await self.shell.show(self.tabs[number - 1].id)

    def action_jump(self) -> None:
        from tui.widgets.jump import JumpScreen, tab_targets, widget_targets

        targets = tab_targets(self.shell.bar)
        if self.shell.pane is not None:
            targets += widget_targets(self.shell.pane)

        async def go(where: str | Widget) -> None:
            if isinstance(where, str):
                await self.shell.show(where)
            else:
                self.shell.set_focus(where)

        self.push_screen(JumpScreen(targets, go))

    def action_help(self) -> None:
        from tui.screens.help import HelpScreen, Line, help_for, key_lines

        around = self.shell.focused or self.shell.pane
        here = key_lines(
            active for active in self.shell.active_bindings.values() if active.node not in (self, self.shell)
        )
        everywhere = [Line(self.key_named(spec.id), spec.help) for spec in ACTIONS if self._keys[spec.id]]
        everywhere.append(Line("alt+1 … " + key_label(f"alt+{len(self.tabs)}"), "Show a tab."))
        everywhere.append(Line("esc", "Stop what runs, close what is open, leave the field; never quits."))
        self.push_screen(HelpScreen(help_for(around), here, everywhere))

    def action_welcome(self) -> None:
        from tui.screens.onboarding import OnboardingScreen

        ports = self.status.listeners if self.status is not None else ()
        url = next((f"{door.url.rstrip('/')}/v1" for door in ports if door.name == "gateway"), "")

        async def go(tab: str | None) -> None:
            self.keep()
            if tab and any(spec.id == tab for spec in self.tabs):
                await self.shell.show(tab)

        page = OnboardingScreen(url, self.key_named("help"), self.key_named("commands"))
        self.push_screen(page, go)

    def action_command_palette(self) -> None:
        from tui.commands import Palette

        if not isinstance(self.screen, Palette):
            self.push_screen(Palette(id="--command-palette"))

    # Themes in the palette --------------------------------------------------------------------------

    @on(CommandPalette.OptionHighlighted)
    def _preview_theme(self, message: CommandPalette.OptionHighlighted) -> None:
        from tui.commands import previewed

        name = previewed(message)
        if name:
            self.looks.preview(name)
        else:
            self.looks.restore()

    @on(CommandPalette.Closed)
    def _end_preview(self, message: CommandPalette.Closed) -> None:
        self.looks.restore()

    def use_theme(self, name: str) -> None:
        """Put on a theme to stay."""
        if self.looks.use(name):
            self.kept.theme = name
            self.keep()
