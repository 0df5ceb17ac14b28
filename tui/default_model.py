"""The model that a new chat begins with, from the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.services import Services


async def default_model(services: Services) -> str:
    """The setting for chats, or the one for the sandbox while that answers."""
    status = await services.owner.status()
    name = "chat.sandbox_model" if status.sandbox_active else "chat.model"
    values = {each.name: each.value for each in await services.settings.list()}
    return values.get(name, "sandbox-chat")
