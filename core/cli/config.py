"""`agtui config`: settings, where they come from, and setting one."""

from __future__ import annotations

import click

from core.domain.state import SettingView
from core.services import Services

from .app import App, alone, json_option, pass_app
from .completing import setting_names
from .exits import Stop
from .output import data, emit_json, table, words


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
@pass_app
def config(app: App, ctx: click.Context, as_json: bool) -> None:
    """Settings. Flags win over the environment, that over config.toml, that over defaults.

    Without a command: show them.
    """
    if alone(ctx, as_json):
        _show(app, False, as_json)


@config.command()
@click.option("--origin", is_flag=True, help="Say where each value comes from, and its environment name.")
@json_option
@pass_app
def show(app: App, origin: bool, as_json: bool) -> None:
    """All settings. Secrets are masked."""
    _show(app, origin, as_json)


def _show(app: App, origin: bool, as_json: bool) -> None:
    views = _all(app)
    if as_json:
        emit_json(views)
    elif origin:
        table(
            [(view.name, view.value, view.origin, view.env) for view in views],
            ("setting", "value", "from", "environment"),
        )
    else:
        table([(view.name, view.value) for view in views], ("setting", "value"))


@config.command()
@click.argument("name", shell_complete=setting_names)
@json_option
@pass_app
def get(app: App, name: str, as_json: bool) -> None:
    """The value of NAME, for example server.port."""
    view = next((view for view in _all(app) if view.name == name), None)
    if view is None:
        raise Stop(f"there is no setting {name}. `agtui config show` lists all.")
    if as_json:
        emit_json(view)
    else:
        data(view.value)


@config.command("set")
@click.argument("name", shell_complete=setting_names)
@click.argument("value")
@pass_app
def set_value(app: App, name: str, value: str) -> None:
    """Save a setting in config.toml; comments there are kept."""

    async def work(services: Services) -> tuple[SettingView, bool]:
        return await services.settings.set(name, value), services.attached

    view, running = app.ask(work)
    words(f"{view.name} = {view.value}")
    if view.restart and running:
        words("It takes effect when agtui is started again.")


@config.command()
@click.option("--all", "everything", is_flag=True, help="Where accounts, key, log and library are, too.")
@json_option
@pass_app
def path(app: App, everything: bool, as_json: bool) -> None:
    """Where config.toml is, or would be."""
    paths = app.paths
    places = {
        "settings": str(paths.config_file),
        "accounts": str(paths.accounts_file),
        "key": str(paths.key_file),
        "log": str(paths.database),
        "library": str(paths.library),
    }
    if as_json:
        emit_json(places)
    elif everything:
        table(places.items(), ("what", "path"))
    else:
        data(places["settings"])


def _all(app: App) -> list[SettingView]:
    return app.ask(lambda services: services.settings.list())
