"""The settings service: what is set, where it comes from, and setting one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from core.domain.ports import Publish
from core.domain.state import SettingView

from .fields import Field, nearest, plain
from .load import Config, broken, load
from .save import save_settings

ALIASES: Final = "aliases"
"""The table of names for models."""


class SettingsService:
    """Implements `services.Settings`. `current` is the latest `Config`; whoever wants live values asks it.

    Publishes `settings.changed` with `name` and `restart`.
    """

    def __init__(
        self,
        config: Config,
        env: Mapping[str, str],
        flags: Mapping[str, object],
        providers: Mapping[str, type[Struct]],
        publish: Publish,
    ) -> None:
        self._config = config
        self._env = env
        self._flags = flags
        self._providers = providers
        self._publish = publish
        self._saving = asyncio.Lock()

    @property
    def current(self) -> Config:
        return self._config

    async def list(self) -> list[SettingView]:
        return [self._view(field) for field in self._config.fields.values()]

    async def set(self, name: str, value: str) -> SettingView:
        """Check `value`, save it, and read the settings again.

        Raises GatewayError(bad_request, cause config); code ENV_KEY_IMMUTABLE while the environment
        sets it. A flag of this run still wins until the next start.
        """
        field = self._config.fields.get(name)
        if field is None:
            raise broken(f"There is no setting {name}.{nearest(name, self._config.fields)}", name)
        if self._config.origin(name) == "environment":
            error = broken(
                f"{name} is set by the environment variable {self._config.source(name)}, which wins over the "
                "file. Change it there.",
                name,
            )
            error.failure.params["code"] = "ENV_KEY_IMMUTABLE"
            raise error
        try:
            typed = field.read(value, loose=True)
        except ValueError as error:
            raise broken(f"{name} must be {error}.", name) from None
        await self._save(field.section, {field.key: plain(typed)})
        self._publish("settings.changed", name=name, restart=field.restart)
        return self._view(field)

    async def aliases(self) -> dict[str, str]:
        return dict(self._config.aliases)

    async def change_aliases(self, changes: dict[str, str | None]) -> dict[str, str]:
        """Raises GatewayError(bad_request, cause config) for a name or a model that says nothing."""
        for name, model in changes.items():
            if not name.strip() or (model is not None and not model.strip()):
                raise broken("An alias needs a name and the model that it leads to.", "aliases")
        await self._save(ALIASES, changes)
        self._publish("settings.changed", name=ALIASES, restart=False)
        return await self.aliases()

    async def _save(self, section: str, values: Mapping[str, object]) -> None:
        async with self._saving:
            await asyncio.to_thread(save_settings, self._config.file, section, values)
            self._config = await asyncio.to_thread(
                load, self._config.file, self._env, self._flags, self._providers
            )

    async def path(self) -> str:
        return str(self._config.file)

    def _view(self, field: Field) -> SettingView:
        return SettingView(
            name=field.name,
            value=field.show(self._config.value(field.name)),
            default=field.show(field.default),
            origin=self._config.origin(field.name),
            doc=field.doc,
            env=field.env[0],
            kind="secret" if field.secret else field.kind,
            choices=field.choices,
            restart=field.restart,
        )
