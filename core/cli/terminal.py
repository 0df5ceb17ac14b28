"""`agtui` without a verb: hand the services to the terminal program, which is started by name.

core never imports tui; this is the one place where they meet, and it knows three names of it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import core
from core.domain.failure import Failure, GatewayError

from .app import App, fast_loop

if TYPE_CHECKING:
    from core.services import Services

RUN = ("tui.__main__", "run")
OPTIONS = ("tui.start", "Options")


@dataclass(frozen=True)
class Choice:
    """Another way to start, as the start screen offers it."""

    label: str
    open: Callable[[], Awaitable[Services]]


class Refused(GatewayError):
    """The services can't be opened as asked; `choices` are the ways that would work."""

    def __init__(self, failure: Failure, choices: tuple[Choice, ...]) -> None:
        super().__init__(failure)
        self.choices = choices


def opener(app: App, port: int | None = None) -> Callable[[], Awaitable[Services]]:
    """Opens the services for the terminal program: with the gateway's door, or attached to who has it."""

    async def open_services() -> Services:
        try:
            return await app.open(
                sandbox="on" if app.sandbox else "auto", serve=True, port=port, on_stop=_leave
            )
        except GatewayError as error:
            free = error.failure.params.get("next_port", "")
            if not free:
                raise
            choice = Choice(f"Use port {free}", opener(app, int(free)))
            raise Refused(error.failure, (choice,)) from error

    return open_services


def _leave() -> None:
    """`agtui stop` somewhere else: the terminal program leaves as on any other request to end."""
    os.kill(os.getpid(), signal.SIGTERM)


def _describe(error: BaseException) -> str:
    """The traceback for a crash report. What masks it is imported when something is to be masked."""
    from core.redact import redact_exception

    return redact_exception(error)


def start(app: App) -> int:
    """Run the terminal program; its exit code.

    Raises GatewayError when the settings can't be read: that is said before the screen is taken.
    """
    from core.config.load import load
    from core.config.settings import UiSettings

    paths = app.paths
    config = load(paths.config_file, os.environ)
    ui = config.section("ui", UiSettings)
    keys = {
        action: bound if isinstance(bound, str) else ",".join(bound) for action, bound in config.keys.items()
    }
    options: Any = getattr(import_module(OPTIONS[0]), OPTIONS[1])(
        state_dir=paths.state,
        config_dir=paths.config,
        version=core.__version__,
        theme=ui.theme if config.origin("ui.theme") != "default" else "",
        keys=keys,
        mouse=ui.mouse,
        describe_error=_describe,
    )
    run: Any = getattr(import_module(RUN[0]), RUN[1])
    return run(opener(app, app.port), options, loop_factory=fast_loop()) or 0
