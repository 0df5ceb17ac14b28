"""Opening the services: become the owner of the state directory and build them, or attach to who is.

`open_services` is what every door calls. What the rooms are is `rooms`' business, who holds the state
directory is `owner`'s; this module opens doors and closes everything in the right order.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from core.config.clock import SystemClock
from core.config.paths import Paths
from core.domain.failure import GatewayError
from core.runtime.owner import Door, Ownership, running_services, somebody_else
from core.transport.slim import skip_httpx_command_line

if TYPE_CHECKING:
    from core.services import Services

log = logging.getLogger("agtui.runtime")

SandboxMode = Literal["off", "auto", "on"]

PATIENCE: Final = 10.0
"""Seconds to wait for an owner that is just starting, ending, or running one command."""
LOOK_EVERY: Final = 0.05
ANSWER_IN: Final = 3.0
"""Seconds in which a healthy owner tells its status."""


async def open_services(
    paths: Paths,
    *,
    sandbox: SandboxMode = "off",
    serve: bool = False,
    attach: bool = True,
    host: str | None = None,
    port: int | None = None,
    studio_port: int | None = None,
    on_stop: Callable[[], None] | None = None,
    script: Path | None = None,
    env: Mapping[str, str] = os.environ,
) -> Services:
    """The services of this state directory; close them with `aclose`.

    `serve` opens the gateway's door (if this process becomes the owner) and makes the owner a lasting
    one; without it the services live as long as one command. `attach=False` refuses to be second.
    `host`, `port` and `studio_port` win over the settings; `on_stop` is called when somebody asks this
    owner to end. `script` is a file that the sandbox plays: only of this process, so it never attaches.
    Raises GatewayError: params `owner_pid` when another process holds the state directory, `next_port` and
    `holder` when the port is taken; cause `config` for settings or a script that can't be used.
    """
    skip_httpx_command_line()
    clock = SystemClock()
    door: Door = "command" if not serve else "terminal" if attach else "gateway"
    ownership = Ownership(paths, clock, door)
    deadline = clock.monotonic() + PATIENCE
    while not ownership.take():
        first = ownership.rival()
        # A short-lived owner soon ends: who means to stay waits for that instead of attaching.
        lasting = first is not None and not (serve and first.door == "command")
        if lasting and (not attach or script is not None):
            raise somebody_else(paths)
        if lasting and (found := await _attached(paths)) is not None:
            return found
        if clock.monotonic() > deadline:
            raise somebody_else(paths)
        await asyncio.sleep(LOOK_EVERY)
    try:
        flags = {"server.host": host, "server.port": port, "studio.port": studio_port}
        local = await asyncio.to_thread(import_module, "core.runtime.local")
        return await local.open_local(paths, ownership, clock, sandbox, serve, flags, env, on_stop, script)
    except BaseException:
        ownership.release()
        raise


async def _attached(paths: Paths) -> Services | None:
    """The owner's services, if it answers."""
    services = running_services(paths)
    if services is None:
        return None
    try:
        async with asyncio.timeout(ANSWER_IN):
            await services.owner.status()
    except (GatewayError, TimeoutError):
        await services.aclose()
        return None
    return services
