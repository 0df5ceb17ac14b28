"""The model list as Codex reads it (`GET /v1/models?client_version=…`): `models` beside `data`.

One row that lacks a member makes Codex throw the whole list away, so every member stands in every row.
Source: codex-rs, protocol/openai_models.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from core.domain.content import JsonObject
from core.domain.models import ModelInfo

INSTRUCTIONS: Final = (
    "You are a coding agent that works in a person's terminal, in their working directory. "
    "Read before you write: look at the files that matter and follow the conventions you find there. "
    "Change what was asked for and nothing else, with the patch tool where there is one. "
    "Run the project's own checks when you can, and say honestly what passed and what you did not try. "
    "Ask before anything that can't be undone. Go on until the task is done, then sum up in a few lines."
)
"""What Codex tells a model that it has no text of its own for."""

EFFORTS: Final = {
    "low": "Quick answers with little thought",
    "medium": "Some thought for everyday work",
    "high": "Much thought for hard problems",
}
OUTPUT_BYTES: Final = 10_000
"""How much of a command's output Codex passes on."""


def codex_models(models: Sequence[ModelInfo]) -> list[JsonObject]:
    """The models that chat, each id once; other names can be used, but are kept out of the picker."""
    chats = {model.id: model for model in reversed(models) if model.kind == "chat"}
    order = [chats.pop(model.id) for model in models if model.id in chats]
    return [_row(model, priority) for priority, model in enumerate(order, 1)]


def _row(model: ModelInfo, priority: int) -> JsonObject:
    thinks = model.thinking != "never"
    row: dict[str, Any] = {
        "slug": model.id,
        "display_name": model.label or model.id,
        "description": f"Leads to {model.leads_to}." if model.leads_to else None,
        "default_reasoning_level": "medium" if thinks else None,
        "supported_reasoning_levels": [
            {"effort": effort, "description": description}
            for effort, description in (EFFORTS if thinks else {}).items()
        ],
        "shell_type": "shell_command",
        "visibility": "hide" if model.leads_to else "list",
        "supported_in_api": True,
        "priority": priority,
        "upgrade": None,
        "base_instructions": INSTRUCTIONS,
        "supports_reasoning_summaries": thinks,
        "support_verbosity": False,
        "default_verbosity": None,
        "apply_patch_tool_type": "freeform",
        "truncation_policy": {"mode": "bytes", "limit": OUTPUT_BYTES},
        "supports_parallel_tool_calls": model.tools,
        "context_window": model.context or None,
        "effective_context_window_percent": 95,
        "experimental_supported_tools": [],
        "input_modalities": ["text", "image"] if model.images_in else ["text"],
    }
    return row
