"""The model list in Gemini's shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from core.dialects.listing import once
from core.domain.models import ModelInfo

PREFIX: Final = "models/"
METHODS: Final = ("generateContent", "streamGenerateContent", "countTokens")
INPUT_LIMIT: Final = 128_000
OUTPUT_LIMIT: Final = 8_192
"""What is said of a model whose limits nobody told (spec of the compatible API)."""


def entry(model: ModelInfo) -> dict[str, Any]:
    return {
        "name": PREFIX + model.id,
        "version": "001",
        "displayName": model.id,
        "description": "",
        "inputTokenLimit": model.context or INPUT_LIMIT,
        "outputTokenLimit": model.max_output or OUTPUT_LIMIT,
        "supportedGenerationMethods": METHODS,
        "temperature": 1.0,
        "topP": 0.95,
        "topK": 64,
        "thinking": model.thinking != "never",
    }


def list_body(models: Sequence[ModelInfo]) -> bytes:
    """`GET /v1beta/models`: each id once, in the order given."""
    seen = once(models)
    return msgspec.json.encode({"models": [entry(model) for model in seen]})


def model_body(models: Sequence[ModelInfo], wanted: str) -> bytes:
    """One model; of an unknown one its name, for the name alone is all that some clients ask for."""
    known = next((model for model in models if model.id == wanted), None)
    found = entry(known) if known else {"name": PREFIX + wanted, "displayName": wanted}
    return msgspec.json.encode(found)
