"""Runs the terminal program. Sets what Textual reads at its import, before anything imports Textual."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from tui.start import Options
from tui.terminal import Terminal

if TYPE_CHECKING:
    from core.services import Services
    from tui.app import AgtuiApp
    from tui.start import OpenServices

CLOSE_NOTICE_SECONDS = 0.5
"""When closing the gateway takes longer than this, it is said."""


def run(
    open_services: OpenServices,
    options: Options,
    *,
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
) -> int:
    """Show the terminal program until the person leaves it; its exit code.

    `open_services` builds the gateway in this process or attaches to a running one (tui/start.py); it is
    awaited after the first frame, in the loop that `loop_factory` makes, and closed after the screen has
    gone. 0: left; 70: an error of the program's own.
    """
    # What a start makes stays: looking through it for garbage would be an eighth of the start.
    gc.disable()
    terminal = Terminal.read(os.environ)
    os.environ.setdefault("TEXTUAL_FPS", str(terminal.fps))
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    os.environ.setdefault("TEXTUAL_SMOOTH_SCROLL", "0")

    from tui import app as application
    from tui.driver import TerminalDriver

    async def opened() -> Services:
        try:
            return await open_services()
        finally:
            _collect_again()

    app = application.AgtuiApp(opened, options, terminal=terminal, driver_class=TerminalDriver)

    async def main() -> None:
        try:
            await app.run_async(mouse=options.mouse)
        finally:
            _collect_again()
            await _close(app)

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(main())
    return app.return_code or 0


def _collect_again() -> None:
    gc.freeze()
    gc.enable()


async def _close(app: AgtuiApp) -> None:
    """End the gateway: streams get their ending. The screen has gone already."""
    services, app.services = app.services, None
    if services is None:
        return
    closing = asyncio.ensure_future(services.aclose())
    done, _ = await asyncio.wait({closing}, timeout=CLOSE_NOTICE_SECONDS)
    if not done:
        print("agtui: ending what still runs…", file=sys.stderr)
    await closing


if __name__ == "__main__":
    sys.exit("The terminal program is started by `agtui`, which brings its settings and the gateway.")
