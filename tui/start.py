"""What the starter (the command line) hands to the terminal program, and what may go wrong at the start.

The starter gives an async callable that builds the gateway in this process or attaches to a running one.
If it can't, it raises an exception with a `failure`; when there is another way (the next free port), the
exception also has `choices`, which the start screen offers.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from core.services import Services

    OpenServices = Callable[[], Awaitable[Services]]


class _Failure(Protocol):
    @property
    def public_message(self) -> str: ...


@runtime_checkable
class Refusal(Protocol):
    """An exception that says in words for people why the gateway could not be opened."""

    @property
    def failure(self) -> _Failure: ...


class Choice(Protocol):
    """Another way to start: what the button says ("Use port 8046"), and how to open it."""

    @property
    def label(self) -> str: ...

    @property
    def open(self) -> OpenServices: ...


@dataclass(frozen=True)
class Options:
    """What the program needs to know before the gateway is there. Read without importing the gateway."""

    state_dir: Path
    """Where ui.json, crash reports and screenshots go."""
    config_dir: Path | None = None
    """Where the person's own themes are (`themes/*.toml`)."""
    version: str = ""
    theme: str = ""
    """The theme of the settings; empty: the one chosen last, or one that fits the terminal."""
    keys: Mapping[str, str] = field(default_factory=dict[str, str])
    """The table `[keys]` of the settings: action id to keys, several separated by commas."""
    tab: str = ""
    """The tab to open; empty: the one that was open last."""
    mouse: bool = True
    describe_error: Callable[[BaseException], str] | None = None
    """The traceback of an error without values of variables and with secrets masked, for crash reports;
    None: masked by form only."""


def choices_of(error: BaseException) -> Sequence[Choice]:
    """The other ways that a refusal offers; none if it offers none."""
    return tuple(getattr(error, "choices", ()))
