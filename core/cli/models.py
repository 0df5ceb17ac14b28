"""`agtui models`: what can be asked for."""

from __future__ import annotations

import click

from .app import App, json_option, pass_app, sandbox_option
from .output import emit_json, table, words


@click.command()
@click.option("--kind", type=click.Choice(["chat", "image", "video"]), default=None)
@json_option
@sandbox_option
@pass_app
def models(app: App, kind: str | None, as_json: bool) -> None:
    """List the models that some account offers."""
    offered = app.ask(lambda services: services.generation.models())
    found = [model for model in offered if kind in (None, model.kind)]
    if as_json:
        emit_json(found)
        return
    if not found:
        words("No account is there yet: agtui accounts add, or the same command with --sandbox.")
    table(
        [
            (
                model.id,
                model.kind,
                model.provider + (" (sandbox)" if model.sandbox else ""),
                f"{model.context:,}" if model.context else "-",
                model.thinking,
                str(model.accounts),
                "-" if model.fraction is None else f"{model.fraction * 100:.0f} %",
            )
            for model in found
        ],
        ("model", "kind", "provider", "context", "thinks", "accounts", "left"),
    )
