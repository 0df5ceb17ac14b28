"""The root command: the table of verbs, and what `agtui` without a verb does.

A verb's module is imported when the verb is used, so that help and completion stay fast.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from core.domain.failure import GatewayError

from .app import App, check_script, sandbox_option, script_option
from .exits import MEANINGS, Exit, Stop, exit_of
from .output import color_choice

VERBS: dict[str, tuple[str, str]] = {
    "serve": ("serve:serve", "Run the gateway alone."),
    "chat": ("chat:chat", "Ask a model and stream its answer."),
    "search": ("search:search", "Search the web; the answer with its sources."),
    "gen": ("gen:gen", "Make pictures."),
    "show": ("show:show", "Show a picture in the terminal."),
    "accounts": ("accounts:accounts", "Upstream accounts: list, add, remove, switch off and on."),
    "keys": ("keys:keys", "The key that clients of the gateway use."),
    "models": ("models:models", "What can be asked for."),
    "quota": ("quota:quota", "What is left of each account, and when it comes back."),
    "logs": ("logs:logs", "What happened: requests, and the program's own log."),
    "replay": ("replay:replay", "Send a recorded request again."),
    "explain": ("explain:explain", "How a request for a model would be answered, and why."),
    "config": ("config:config", "Settings: show, get, set, path."),
    "db": ("db:db", "The index of what was made, and the rows of the sandbox."),
    "doctor": ("doctor:doctor", "Look for what is wrong, and say how to mend it."),
    "status": ("owner:status", "What the running agtui is doing."),
    "stop": ("owner:stop", "End the running agtui; open streams are finished first."),
    "completion": ("completion:completion", "Shell completion for bash, zsh and fish."),
}


class Verbs(click.Group):
    """A group whose commands are imported on first use, and where every failure has its exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module, name = VERBS[cmd_name][0].split(":")
        return getattr(import_module(f"core.cli.{module}"), name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(verb, about) for verb, (_, about) in VERBS.items()])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(int(code)), meaning) for code, meaning in MEANINGS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except GatewayError as error:
            raise Stop(error.failure.public_message, exit_of(error.failure)) from error
        except (KeyboardInterrupt, click.Abort):
            ctx.exit(int(Exit.INTERRUPTED))


def _version(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    if wanted:
        from .version import line

        click.echo(line("--json" in sys.argv))
        ctx.exit(0)


@click.group(
    cls=Verbs,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@sandbox_option
@script_option
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep everything below this directory (as AGTUI_HOME does).",
)
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port of the gateway beside the terminal program (8045)."
)
@click.option("--no-color", is_flag=True, help="No colours (as NO_COLOR does).")
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Print the version (with --json: as JSON) and exit.",
)
@click.pass_context
def cli(ctx: click.Context, home: Path | None, port: int | None, no_color: bool) -> None:
    """A terminal studio and gateway for chat and pictures.

    Without a command it opens the terminal program.
    """
    app = ctx.ensure_object(App)
    app.home = home or app.home
    app.port = port
    ctx.color = False if no_color else color_choice(os.environ)
    if ctx.invoked_subcommand is not None:
        if port is not None and ctx.invoked_subcommand != "serve":
            raise click.UsageError("--port is for the terminal program and for serve.", ctx)
        return
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        click.echo(ctx.get_help(), err=True)
        raise Stop("the terminal program needs a terminal; `agtui serve` does not.", Exit.NO_TERMINAL)
    check_script(app)
    from .terminal import start

    ctx.exit(start(app))
