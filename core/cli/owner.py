"""`agtui status` and `agtui stop`: the agtui that holds the state directory."""

from __future__ import annotations

import asyncio
import time

import click

from core.domain.failure import GatewayError
from core.domain.state import Status

from .app import App, json_option, pass_app
from .exits import Exit, Stop
from .output import clock, data, emit_json, words
from .remarks import remark

PATIENCE = 45.0
"""Seconds that `stop` waits: the drain of the streams, and some more."""


@click.command()
@json_option
@pass_app
def status(app: App, as_json: bool) -> None:
    """What the running agtui is doing. Exit code 69 when none is."""
    found = app.run(_status(app))
    remark(app.paths, found, attached=True)
    if found is None:
        raise Stop("no agtui is running here.", Exit.UNAVAILABLE)
    if as_json:
        emit_json(found)
        return
    data(f"agtui {found.version}, process {found.pid}, since {clock(found.started_at)}, in {found.home}")
    for listener in found.listeners:
        data(f"{listener.name}: {listener.url}")
    data(f"accounts: {found.accounts_ready} of {found.accounts} ready; {found.in_flight} calls in flight")
    if found.sandbox_active:
        data("SANDBOX: simulated upstreams answer")


@click.command()
@pass_app
def stop(app: App) -> None:
    """End the running agtui; open streams are finished first."""

    async def work() -> int | None:
        found = await _status(app)
        if found is None:
            return None
        async with app.services() as services:
            await services.owner.stop()
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            now = await _status(app)
            if now is None or now.pid != found.pid:
                return found.pid
            await asyncio.sleep(0.1)
        raise Stop(f"process {found.pid} has not ended yet; it finishes its streams.", Exit.BUSY)

    pid = app.run(work())
    words("No agtui is running here." if pid is None else f"agtui (process {pid}) has ended.")


async def _status(app: App) -> Status | None:
    """The status of the owner, if there is one that answers."""
    from core.runtime.owner import running_services

    services = running_services(app.paths)
    if services is None:
        return None
    try:
        return await services.owner.status()
    except GatewayError:
        return None
    finally:
        await services.aclose()
