"""`agtui models`: what can be asked for, and ready sets of names that lead to it."""

from __future__ import annotations

from typing import cast

import click

from core.domain.models import ModelInfo
from core.domain.state import Status
from core.gateway.presets import PRESETS, Name, changes
from core.services import Services

from .app import App, alone, confirmed, json_option, pass_app
from .output import emit_json, table, words


@click.group(invoke_without_command=True)
@click.option("--kind", type=click.Choice(["chat", "image", "video"]), default=None)
@click.option("--names", is_flag=True, help="Also the other names that lead to them, as /v1/models lists.")
@json_option
@click.pass_context
@pass_app
def models(app: App, ctx: click.Context, kind: str | None, names: bool, as_json: bool) -> None:
    """List the models that some account offers."""
    if not alone(ctx, as_json):
        return

    async def work(services: Services) -> tuple[list[ModelInfo], Status]:
        return await services.generation.models(names=names), await services.owner.status()

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
                *([model.leads_to or "-"] if names else []),
            )
            for model in found
        ],
        (
            *("model", "kind", "provider", "context", "thinks", "accounts", "left"),
            *(["leads to"] if names else []),
        ),
    )


@models.command()
@json_option
@pass_app
def presets(app: App, as_json: bool) -> None:
    """Ready sets of aliases for names of other vendors' models."""
    if as_json:
        emit_json(PRESETS)
        return
    rows = [
        (name, alias, model) for name, preset in PRESETS.items() for alias, model in preset.aliases.items()
    ]
    table(rows, ("preset", "alias", "leads to"))
    for name, preset in PRESETS.items():
        words(f"{name}: {preset.about}")
    words("agtui models preset NAME shows what one would change, and applies it.")


@models.command()
@click.argument("name", type=click.Choice(tuple(PRESETS)))
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.option("--json", "as_json", is_flag=True, help="JSON on stdout; without --yes nothing is written.")
@pass_app
def preset(app: App, name: str, yes: bool, as_json: bool) -> None:
    """Show what the preset NAME changes in your aliases, and write it to config.toml.

    Aliases of your own stay; those that another preset wrote go.
    """

    async def present(services: Services) -> dict[str, str]:
        return await services.settings.aliases()

    aliases = app.ask(present)
    wanted = changes(aliases, cast("Name", name))
    if as_json:
        emit_json(wanted)
    elif wanted:
        rows = [(alias, aliases.get(alias, "-"), model or "-") for alias, model in wanted.items()]
        table(rows, ("alias", "leads to", "will lead to"))
    if not wanted:
        words(f"The preset {name} is in place.")
        return
    if as_json and not yes:
        return
    confirmed(f"Write {len(wanted)} {'alias' if len(wanted) == 1 else 'aliases'} to config.toml?", yes)

    async def write(services: Services) -> str:
        await services.settings.change_aliases(wanted)
        return await services.settings.path()

    words(f"Written to {app.ask(write)}.")


def _why_none(kind: str | None, status: Status) -> str:
    """`kind` is what was asked for while models of other kinds are offered."""
    if kind is not None:
        return f"No model of the kind {kind} is offered."
    if status.accounts:
        return "No account can be used now: agtui accounts list"
    return "No account is there yet: agtui accounts login, or the same command with --sandbox."
