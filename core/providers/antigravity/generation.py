"""`generationConfig`: sampling, limits, the form of the answer, pictures. And what a model can't be told."""

from __future__ import annotations

from typing import Any, Final

from core.domain.requests import ChatRequest, ImageOptions
from core.wire.gemini import to_json
from core.wire.schema import clean_json

from .contents import faded
from .models import Facts
from .repairs import lost as lost_to
from .thinking import Thought
from .tools import asks_search, searches

MAX_STOPS: Final = 5
HOTTEST: Final = 2.0
WRITER: Final = frozenset({"text"})
PAINTER: Final = frozenset({"text", "image"})
"""The forms in which models answer."""

CLAUDE_MIN_TOP_P: Final = 0.95
"""The least top_p that Claude takes while it thinks."""

SCHEMA_TEXT: Final = (
    "Answer with one JSON value and nothing else: no code fence, no words around it. "
    "It has to be valid under this JSON schema:\n"
)
JSON_TEXT: Final = "Answer with one JSON object and nothing else: no code fence, no words around it."


def generation_config(request: ChatRequest, row: Facts, thought: Thought) -> dict[str, Any]:
    """The object as it is sent; absent is absent."""
    if row.draws:
        return {"candidateCount": 1, **image_config(request.image)}
    config: dict[str, Any] = _sampling(request, row, thought)
    if thought.max_output is not None:
        config["maxOutputTokens"] = thought.max_output
    if answers_in_json(request, row):
        config["responseMimeType"] = "application/json"
        if request.output.schema is not None:
            config["responseSchema"] = clean_json(request.output.schema, "response")
    if thought.config is not None:
        config["thinkingConfig"] = thought.config
    return config


def image_config(image: ImageOptions) -> dict[str, Any]:
    """`imageConfig`, or nothing: forcing a shape crops pictures that are edited."""
    config: dict[str, str] = {}
    if image.aspect:
        config["aspectRatio"] = image.aspect
    if image.size:
        config["imageSize"] = image.size
    return {"imageConfig": config} if config else {}


def answers_in_json(request: ChatRequest, row: Facts) -> bool:
    """Whether the answer's form is a field; Gemini 2.5 can't have it beside tools."""
    return (
        row.gemini and request.output.kind != "text" and not (request.tools and row.id.startswith("gemini-2"))
    )


def schema_text(request: ChatRequest, row: Facts) -> str:
    """The form of the answer in words, for models without a field for it."""
    if request.output.kind == "text" or row.draws or answers_in_json(request, row):
        return ""
    if request.output.schema is None:
        return JSON_TEXT
    return SCHEMA_TEXT + to_json(request.output.schema).decode()


def _sampling(request: ChatRequest, row: Facts, thought: Thought) -> dict[str, Any]:
    asked = request.sampling
    config: dict[str, Any] = {
        "temperature": None if asked.temperature is None else max(0.0, min(asked.temperature, HOTTEST)),
        "topP": asked.top_p,
        "topK": asked.top_k,
        "stopSequences": [text for text in asked.stop if text.strip()][:MAX_STOPS] or None,
        "seed": asked.seed,
        "presencePenalty": asked.presence_penalty or None,
        "frequencyPenalty": asked.frequency_penalty or None,
    }
    if not row.gemini:
        config |= {"seed": None, "presencePenalty": None, "frequencyPenalty": None}
    if row.claude and thought.on:
        config |= {"temperature": None, "topK": None}
        if (asked.top_p or 0) < CLAUDE_MIN_TOP_P:
            config["topP"] = None
    elif row.claude and asked.temperature is not None:
        config |= {"temperature": min(asked.temperature, 1.0), "topP": None}
    return {key: value for key, value in config.items() if value is not None}


def dropped(request: ChatRequest, row: Facts, thinks: bool) -> tuple[str, ...]:
    """Names of what the caller asked and the model can't be told, in a fixed order."""
    asked = request.sampling
    functions = any(tool.kind != "builtin" for tool in request.tools)
    lost = {
        "temperature": row.claude and thinks and asked.temperature not in (None, 1, 1.0),
        "top_p": row.claude
        and asked.top_p is not None
        and (asked.temperature is not None if not thinks else asked.top_p < CLAUDE_MIN_TOP_P),
        "top_k": row.claude and thinks and asked.top_k is not None,
        "stop": len(asked.stop) > MAX_STOPS,
        "seed": not row.gemini and asked.seed is not None,
        "presence_penalty": not row.gemini and bool(asked.presence_penalty),
        "frequency_penalty": not row.gemini and bool(asked.frequency_penalty),
        "parallel_tool_calls": request.parallel_tool_calls is False,
        "thinking": not thinks
        and (request.thinking.effort not in (None, "none") or bool(request.thinking.budget)),
        "modalities": not {word.lower() for word in request.modalities} <= (PAINTER if row.draws else WRITER),
        "search": asks_search(request) and not searches(request, row),
        "safety": bool(request.safety) and not row.gemini,
        "tools": row.draws and functions,
        "system": row.draws and bool(request.system),
        "image": not row.draws and request.image != ImageOptions(),
        "older_pictures": row.gemini and faded(request.turns) is not request.turns,
    }
    names = (*(name for name, is_lost in lost.items() if is_lost), *sorted(request.extras))
    return tuple(dict.fromkeys((*names, *lost_to(request.repairs))))
