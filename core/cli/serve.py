"""`agtui serve`: the gateway alone, in the foreground, until a signal or `agtui stop`."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click

from core.domain.failure import GatewayError
from core.domain.state import LogLine, Status
from core.domain.streams import closing
from core.services import Services

from .app import App, check_script, fast_loop, pass_app, script_option
from .exits import Exit, Stop
from .logs import COLORS
from .output import clock, one_line, words

EVERYWHERE: Final = ("0.0.0.0", "::")
"""Hosts that stand for every address of the machine."""

YOUNG: Final = 10_000
"""Objects that are made before the collector looks for cycles among them. With Python's 700 it looks at every
request or two and takes a tenth of the CPU, for cycles that requests hardly make."""

ECHO_S: Final = 0.1
"""Seconds in which further signals say the same as the first: `timeout` and service managers send one to the
process and one to its group."""


@click.command()
@click.option("--host", default=None, help="Address to listen on (default: the setting server.host).")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=None, help="Port of the gateway, 0: any free one (8045)."
)
@click.option(
    "--studio-port",
    type=click.IntRange(0, 65535),
    default=None,
    help="Port of the studio API (3333). Kept as a setting: nothing listens there yet.",
)
@click.option("--quiet", "-q", is_flag=True, help="No line a request.")
@script_option
@pass_app
def serve(app: App, host: str | None, port: int | None, studio_port: int | None, quiet: bool) -> None:
    """Serve the OpenAI-compatible API on one local URL.

    Needs an account, or --sandbox. SIGTERM, ctrl+c and `agtui stop` let open streams finish; a second
    signal ends at once.
    """
    check_script(app)
    try:
        with asyncio.Runner(loop_factory=fast_loop()) as runner:
            runner.run(_serve(app, host, app.port if port is None else port, studio_port, quiet))
    except GatewayError as error:
        free = error.failure.params.get("next_port")
        if not free:
            raise
        script = f"--script {app.script} " if app.script is not None else ""
        again = f"agtui serve {'--sandbox ' if app.sandbox else ''}{script}--port {free}"
        raise Stop(f"{error.failure.public_message} Use it: {again}", Exit.BUSY) from error


async def _serve(app: App, host: str | None, port: int | None, studio_port: int | None, quiet: bool) -> None:
    ending, second = asyncio.Event(), asyncio.Event()
    _on_signals(ending, second)
    services = await app.open(
        sandbox="on" if app.sandbox else "off",
        serve=True,
        attach=False,
        host=host,
        port=port,
        studio_port=studio_port,
        on_stop=ending.set,
    )
    lines: asyncio.Task[None] | None = None
    try:
        _greet(await services.owner.status(), app.script)
        if not quiet:
            lines = asyncio.create_task(_log_lines(services))
        with _seldom_collecting():
            await ending.wait()
            await asyncio.sleep(ECHO_S)
        second.set()
        words("agtui: finishing open streams (a second signal ends at once)")
    finally:
        await services.aclose()
        if lines is not None:
            lines.cancel()
    words("agtui: ended")


@contextmanager
def _seldom_collecting() -> Generator[None]:
    """What is there stays until the end: it is never searched for cycles, and what comes after it seldom."""
    young, *older = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(YOUNG, *older)
    try:
        yield
    finally:
        gc.set_threshold(young, *older)
        gc.unfreeze()


def _on_signals(ending: asyncio.Event, second: asyncio.Event) -> None:
    """A signal asks for a proper end; one that comes once `second` is set does not ask."""
    loop = asyncio.get_running_loop()

    def received(number: int) -> None:
        if second.is_set():
            os._exit(128 + number)
        ending.set()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        # What the starter switched off (nohup, a shell's background job) stays off.
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, received, number)


def _greet(status: Status, script: Path | None) -> None:
    gateway = next(listener for listener in status.listeners if listener.name == "gateway")
    words(f"agtui {status.version} listens on {gateway.url}")
    words(f"  base URL for OpenAI clients: {gateway.url}/v1")
    if gateway.host in EVERYWHERE:
        words(f"  other machines reach it at this one's addresses, port {gateway.port}")
        words("  (at a name of it only once the setting server.allowed_hosts has that name)")
    words("  the key they need: agtui keys show")
    if status.sandbox_active:
        playing = f", and play {script}" if script is not None else ""
        words(f"  SANDBOX: simulated upstreams answer{playing}; no account is used")
    elif not status.accounts:
        words("  no account is there yet: agtui accounts login, or start with --sandbox")
        words("  (an account needs ANTIGRAVITY_CLIENT_ID and ANTIGRAVITY_CLIENT_SECRET first)")
    for notice in status.notices:
        words(f"  {one_line(notice)}")


async def _log_lines(services: Services) -> None:
    last = (await services.records.lines(0, 0)).last
    async with closing(services.records.tail(last)) as slices:
        async for held in slices:
            for line in held.lines:
                words(_line(line))


def _line(line: LogLine) -> str:
    text = f"{clock(line.at)} {line.level:7} {one_line(line.text)}"
    return click.style(text, fg=COLORS.get(line.level))
