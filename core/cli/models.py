"""`agtui models`: what can be asked for."""

from __future__ import annotations

import click

from core.domain.models import ModelInfo
from core.domain.state import Status
from core.services import Services

from .app import App, json_option, pass_app
from .output import emit_json, table, words


@click.command()
@click.option("--kind", type=click.Choice(["chat", "image", "video"]), default=None)
@json_option
@pass_app
def models(app: App, kind: str | None, as_json: bool) -> None:
    """List the models that some account offers."""

    async def work(services: Services) -> tuple[list[ModelInfo], Status]:
        return await services.generation.models(), await services.owner.status()

    offered, status = app.ask(work)
    found = [model for model in offered if kind in (None, model.kind)]
    if not found:
        words(_why_none(kind if offered else None, status))
    if as_json:
        emit_json(found)
        return
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


def _why_none(kind: str | None, status: Status) -> str:
    """`kind` is what was asked for while models of other kinds are offered."""
    if kind is not None:
        return f"No model of the kind {kind} is offered."
    if status.accounts:
        return "No account can be used now: agtui accounts list"
    return "No account is there yet: agtui accounts login, or the same command with --sandbox."
