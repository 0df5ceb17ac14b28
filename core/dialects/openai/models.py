"""The model list in OpenAI's shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from core.domain.models import ModelInfo

CREATED: Final = 1_735_689_600
"""No upstream tells when a model was made; one fixed day (2025-01-01) keeps the list stable."""

_OWNERS: Final = {"antigravity": "google", "gemini": "google", "vertex": "google"}


def _model(model: ModelInfo) -> dict[str, Any]:
    owner = model.family if model.family else _OWNERS.get(model.provider, model.provider)
    entry: dict[str, Any] = {"id": model.id, "object": "model", "created": CREATED, "owned_by": owner}
    if model.context:
        entry["context_window"] = model.context
    return entry


def list_body(models: Sequence[ModelInfo]) -> bytes:
    """`GET /v1/models`: each id once, in the order given."""
    unique = {model.id: model for model in reversed(models)}
    seen = [unique.pop(model.id) for model in models if model.id in unique]
    return msgspec.json.encode({"object": "list", "data": [_model(model) for model in seen]})


def model_body(model: ModelInfo) -> bytes:
    return msgspec.json.encode(_model(model))
