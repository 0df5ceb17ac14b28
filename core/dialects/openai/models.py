"""The model list in OpenAI's shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from core.dialects.listing import once
from core.domain.content import JsonObject
from core.domain.models import ModelInfo

CREATED: Final = 1_706_745_600
"""No upstream tells when a model was made; one fixed day (2024-02-01, the compatible API's) keeps the list
stable."""


def _model(model: ModelInfo) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "id": model.id,
        "object": "model",
        "created": CREATED,
        "owned_by": model.provider,
    }
    if model.context:
        entry["context_window"] = model.context
    return entry


def list_body(models: Sequence[ModelInfo], codex: Sequence[JsonObject] | None = None) -> bytes:
    """`GET /v1/models`: each id once, in the order given; `codex` stands beside it as `models`."""
    seen = once(models)
    body: dict[str, Any] = {"object": "list", "data": [_model(model) for model in seen]}
    if codex is not None:
        body["models"] = codex
    return msgspec.json.encode(body)


def model_body(model: ModelInfo) -> bytes:
    return msgspec.json.encode(_model(model))
