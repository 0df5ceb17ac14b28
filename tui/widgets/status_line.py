"""The facts at the right end of the tab row: where the gateway listens, accounts, and the badges of
recording and the sandbox.

No clock and no spinner: it changes when a fact changes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

if TYPE_CHECKING:
    from core.domain.state import Status

NARROW = 90
"""Columns of the screen below which facts are shortened; where `-narrow` ends."""

Gateway = Literal["starting", "up", "down"]


@dataclass(frozen=True)
class Facts:
    """What the status line says."""

    gateway: Gateway = "starting"
    port: int = 0
    ready: int = 0
    accounts: int = 0
    sandbox: bool = False
    attached: bool = False
    recording: bool = False

    @classmethod
    def of(cls, status: Status, attached: bool) -> Facts:
        """The facts of a status: the gateway's listener is the one that counts."""
        ports = [listener.port for listener in status.listeners if listener.name == "gateway"]
        return cls(
            gateway="up" if ports else "down",
            port=ports[0] if ports else 0,
            ready=status.accounts_ready,
            accounts=status.accounts,
            sandbox=status.sandbox_active,
            attached=attached,
            recording=status.recording,
        )

    def lost(self) -> Facts:
        """The same, while nothing is heard from the gateway."""
        return replace(self, gateway="down")


class Fact(NamedTuple):
    """One piece of the line: the component class it is drawn with, and its text."""

    kind: str
    text: str


def pieces(facts: Facts, narrow: bool) -> list[Fact]:
    """The facts in their order, shorter on narrow terminals."""
    if facts.gateway == "starting":
        return [Fact("waiting", "◌ starting…")]
    line = [Fact("up", "●"), Fact("port", f":{facts.port}")] if facts.port else [Fact("down", "○ off")]
    if facts.gateway == "down" and facts.port:
        line[0] = Fact("down", "○")
    kind = "down" if facts.accounts and not facts.ready else "accounts"
    count = f"{facts.ready}/{facts.accounts}"
    line.append(Fact(kind, count if narrow else f"{count} acc"))
    if facts.attached:
        line.append(Fact("attached", "att" if narrow else "attached"))
    if facts.recording:
        line.append(Fact("recording", " REC "))
    if facts.sandbox:
        line.append(Fact("sandbox", " SANDBOX "))
    return line


class StatusLine(Widget):
    """The facts, as wide as they are."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"status--{kind}"
        for kind in ("waiting", "up", "port", "down", "accounts", "attached", "recording", "sandbox")
    }

    facts: reactive[Facts] = reactive(Facts(), layout=True)

    def render(self) -> Content:
        narrow = self.screen.size.width < NARROW
        row: list[Content] = []
        for fact in pieces(self.facts, narrow):
            lone = fact.kind in ("up", "down") and len(fact.text) == 1
            row.append(Content.styled(fact.text, self.get_visual_style(f"status--{fact.kind}")))
            row.append(Content(" " if lone or narrow else "  "))
        return Content.assemble(*row[:-1], " ")
