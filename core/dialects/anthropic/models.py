"""The model list in Anthropic's shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from core.dialects.listing import once
from core.domain.models import ModelInfo

CREATED: Final = "2025-01-01T00:00:00Z"
"""No upstream tells when a model was made; one fixed day keeps the list stable."""


def entry(model: ModelInfo) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": "model",
        "id": model.id,
        "display_name": model.label or model.id,
        "created_at": CREATED,
    }
    if model.context:
        found["max_input_tokens"] = model.context
    if model.max_output:
        found["max_tokens"] = model.max_output
    return found


def list_body(models: Sequence[ModelInfo]) -> bytes:
    """`GET /v1/models`: each id once, in the order given, on one page."""
    seen = once(models)
    return msgspec.json.encode(
        {
            "data": [entry(model) for model in seen],
            "has_more": False,
            "first_id": seen[0].id if seen else None,
            "last_id": seen[-1].id if seen else None,
        }
    )


def model_body(model: ModelInfo) -> bytes:
    return msgspec.json.encode(entry(model))
