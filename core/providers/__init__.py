"""The upstreams: domain on one side, one upstream's wire on the other.

A provider is a folder with its settings struct and one line in PROVIDERS. Code is imported when a
provider is built, so that naming one costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Final, cast

from msgspec import Struct

from core.domain.ports import Clock, Provider, Transport

from .antigravity.settings import AntigravitySettings
from .realms import RealmFacts

__all__ = ["PROVIDERS", "ProviderEntry", "RealmFacts", "build"]


class ProviderEntry(Struct, frozen=True):
    """`settings` is the struct of the provider's section, `factory` names `module:callable`."""

    settings: type[Struct]
    factory: str


PROVIDERS: Final[Mapping[str, ProviderEntry]] = {
    "antigravity": ProviderEntry(AntigravitySettings, "core.providers.antigravity.client:build"),
}
"""Every upstream by name; the name is its settings section, too."""


def build(
    name: str,
    settings: Callable[[], Struct],
    transport: Transport,
    clock: Clock,
    sandbox: RealmFacts | None = None,
) -> Provider:
    """Make the provider called `name`; `settings` gives its section as it is at the time of asking.

    `sandbox` adds the sandbox realm.
    """
    module, _, attribute = PROVIDERS[name].factory.partition(":")
    factory = cast(
        Callable[[Callable[[], Struct], Transport, Clock, RealmFacts | None], Provider],
        getattr(import_module(module), attribute),
    )
    return factory(settings, transport, clock, sandbox)
