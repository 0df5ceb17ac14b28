"""What every verb gets: where the state is, whether the sandbox is wanted, and the services.

A verb opens the services for as long as it runs: of the agtui that runs beside it, or its own without
any HTTP door. Nothing is imported or opened before that.
"""

from __future__ import annotations

import asyncio
import os
import sys
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import click

from core.domain.failure import Failure, GatewayError, Kind

from .exits import Exit, Stop
from .output import words
from .remarks import remark

if TYPE_CHECKING:
    from core.config.paths import Paths
    from core.domain.requests import Caller
    from core.domain.state import Status
    from core.services import Services

Result = TypeVar("Result")
Given = ParamSpec("Given")
Opener = Callable[..., Awaitable["Services"]]


@dataclass
class App:
    """The state of one command line. `opener` is `core.runtime.opening.open_services`, or a test's."""

    home: Path | None = None
    sandbox: bool = False
    script: Path | None = None
    port: int | None = None
    opener: Opener | None = None

    @property
    def paths(self) -> Paths:
        from core.config.paths import Paths

        if self.home is not None:
            return Paths.at(self.home.expanduser().absolute())
        return Paths.from_environment(os.environ)

    async def open(self, **options: Any) -> Services:
        """The services; options as `core.runtime.opening.open_services` has them."""
        if self.script is not None:
            _check_wanted(self)
            options["script"] = self.script
        if self.opener is not None:
            return await self.opener(self.paths, **options)
        from core.runtime.opening import open_services

        return await open_services(self.paths, **options)

    @asynccontextmanager
    async def services(self, remarks: bool = True) -> AsyncGenerator[Services]:
        """The services of the running agtui, or short-lived ones of this process.

        `remarks`: say on stderr what the person should know of settings, key and accounts.
        """
        services = await self.open(sandbox="on" if self.sandbox else "off", serve=False)
        try:
            status = await services.owner.status()
            if self.sandbox and services.attached:
                _refuse_real(status)
            said = remark(self.paths, status, services.attached) if remarks else ()
            yield services
        finally:
            await services.aclose()
        if remarks and not services.attached:
            # What came up on the way: rows are written when all is closed, and may meet a damaged database.
            remark(self.paths, await services.owner.status(), False, said)

    def ask(self, work: Callable[[Services], Awaitable[Result]]) -> Result:
        """Open the services, do one thing with them, close them."""

        async def opened() -> Result:
            async with self.services() as services:
                return await work(services)

        return self.run(opened())

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run one command to its end. ctrl+c cancels it and raises KeyboardInterrupt."""
        return asyncio.run(work)


def fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """What makes the event loops of long-lived commands: uvloop's where it exists."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def _refuse_real(status: Status) -> None:
    """`--sandbox` beside an agtui that would ask real accounts: never do that instead."""
    if not status.sandbox_active:
        raise Stop(
            f"agtui with process id {status.pid} holds {status.home} and asks real accounts. End it "
            "(agtui stop), or give the sandbox a place of its own: agtui --home DIR --sandbox ...",
            Exit.BUSY,
        )


def caller(path: str) -> Caller:
    """This command as the one who asks."""
    import core
    from core.domain.requests import Caller

    return Caller(
        request_id=uuid.uuid4().hex,
        family="cli",
        client=f"agtui/{core.__version__}",
        path=path,
        stream=True,
    )


async def setting(services: Services, name: str) -> str:
    """The value of one setting, as text."""
    return next((view.value for view in await services.settings.list() if view.name == name), "")


async def ready_to_ask(services: Services) -> Status:
    """The status, once somebody can answer; says so when that is the sandbox.

    Raises GatewayError(unavailable) with what to do when no account is there.
    """
    status = await services.owner.status()
    if not status.accounts and not status.sandbox_active:
        raise GatewayError(
            Failure(
                Kind.UNAVAILABLE,
                "No account is there yet. Add one with `agtui accounts login`, or try agtui without any: "
                "the same command with `--sandbox`.",
            )
        )
    return status


def _want_sandbox(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    if wanted:
        ctx.ensure_object(App).sandbox = True


sandbox_option = click.option(
    "--sandbox",
    is_flag=True,
    expose_value=False,
    callback=_want_sandbox,
    help="Use simulated upstreams: no account, no network.",
)


def _take_script(ctx: click.Context, _param: click.Parameter, script: Path | None) -> None:
    if script is not None:
        ctx.ensure_object(App).script = script


script_option = click.option(
    "--script",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    expose_value=False,
    callback=_take_script,
    metavar="FILE",
    help="Which accounts the sandbox has, and which calls it answers how (see README).",
)

json_option = click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")

_hand_over = click.make_pass_decorator(App, ensure=True)


def pass_app(verb: Callable[Concatenate[App, Given], Result]) -> Callable[Given, Result]:
    """Hands a verb its App as the first argument, and gives it `--sandbox`, as every verb has."""
    return sandbox_option(_hand_over(verb))


def check_script(app: App) -> None:
    """A script without the sandbox, or one that can't be played, is told before anything is opened.

    Raises click.UsageError and GatewayError(cause config).
    """
    if app.script is not None:
        _check_wanted(app)
        from core.runtime.simulated import read_script

        read_script(app.script)


def _check_wanted(app: App) -> None:
    if not app.sandbox:
        raise click.UsageError("--script is what the sandbox plays: add --sandbox.")


def alone(ctx: click.Context, as_json: bool) -> bool:
    """Whether a group was called without one of its commands. Its `--json` is for that case only."""
    if ctx.invoked_subcommand is not None and as_json:
        raise click.UsageError(f"say --json after the command: {ctx.invoked_subcommand} --json", ctx)
    return ctx.invoked_subcommand is None


def confirmed(question: str, yes: bool) -> None:
    """Ask before something that can't be undone; without a terminal, `--yes` is needed."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Stop(f"{question} Add --yes to say so.", Exit.USAGE)
    if not click.confirm(question, err=True):
        words("Nothing was changed.")
        raise click.exceptions.Exit(int(Exit.FAILURE))
