"""What the model routes of every protocol list and look up."""

from __future__ import annotations

from core.domain.failure import GatewayError, Kind
from core.domain.models import ModelInfo
from core.services import Generation

from ..exchange import Exchange


async def listed(generation: Generation, exchange: Exchange) -> list[ModelInfo]:
    """The models that the caller's key may use, under their other names too unless the setting
    `server.list_names` says no, by id."""
    models = await generation.models(exchange.key, exchange.settings.list_names)
    return sorted(models, key=lambda model: model.id)


async def model_named(generation: Generation, exchange: Exchange, wanted: str) -> ModelInfo:
    """The model that is listed as `wanted`. Raises GatewayError `not_found`."""
    for known in await generation.models(exchange.key, names=True):
        if known.id == wanted:
            return known
    raise GatewayError.of(
        Kind.NOT_FOUND,
        f"There is no model called `{wanted:.80}`; /v1/models lists those there are.",
        params={"param": "model", "code": "model_not_found"},
    )
