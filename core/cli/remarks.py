"""What the person should know besides the answer: words about settings, key and accounts, on stderr.

They come from the owner, and for an owner that has run for long from the settings file as it is today.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from core.domain.failure import GatewayError

from .output import one_line, words

if TYPE_CHECKING:
    from core.config.load import Config
    from core.config.paths import Paths
    from core.domain.state import Status


def settings_of(paths: Paths) -> Config:
    """The settings as the next agtui would read them. Raises GatewayError(cause config)."""
    from core.config.load import load
    from core.providers import PROVIDERS

    providers = {name: entry.settings for name, entry in PROVIDERS.items()}
    return load(paths.config_file, os.environ, providers=providers)


def about_settings(paths: Paths) -> tuple[str, ...]:
    """What the settings of today call for saying; that they are broken is said, too."""
    try:
        return settings_of(paths).notices
    except GatewayError as error:
        return (error.failure.public_message,)


def remarks(paths: Paths, status: Status | None, attached: bool) -> tuple[str, ...]:
    """Each remark once, the owner's first."""
    said = status.notices if status is not None else ()
    if status is None or attached:
        said = (*said, *about_settings(paths))
    return tuple(dict.fromkeys(said))


def remark(
    paths: Paths, status: Status | None, attached: bool, said: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """Say the remarks that were not `said`; gives all of them."""
    found = remarks(paths, status, attached)
    for text in found:
        if text not in said:
            words(f"agtui: {one_line(text)}")
    return found
