"""`agtui completion SHELL`: the script that makes a shell complete agtui's verbs and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from .exits import Stop
from .output import data


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script for SHELL, for example: agtui completion bash >> ~/.bashrc"""
    made = get_completion_class(shell)
    if made is None:
        raise Stop(f"there is no completion for {shell}.")
    data(made(ctx.find_root().command, {}, "agtui", "_AGTUI_COMPLETE").source())
