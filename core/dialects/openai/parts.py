"""Parts of an answer as JSON values of the OpenAI protocols: calls, pictures, citations, usage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.dialects.media import data_url
from core.domain.content import Citation, Media, Search, Source, Text, ToolCall
from core.domain.events import Usage


def usage_object(usage: Usage) -> dict[str, Any]:
    """Usage with cached tokens inside the prompt's and thoughts inside the completion's."""
    return {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read},
        "completion_tokens_details": {"reasoning_tokens": usage.thoughts},
    }


def total(usages: Sequence[Usage]) -> Usage:
    """The usage of several answers to one prompt: that is counted once."""
    return Usage(
        max((usage.input for usage in usages), default=0),
        sum(usage.output for usage in usages),
        max((usage.cache_read for usage in usages), default=0),
        0,
        sum(usage.thoughts for usage in usages),
    )


def _annotation(source: Source, start: int = 0, end: int = 0) -> dict[str, Any]:
    cited = {"start_index": start, "end_index": end, "url": source.uri, "title": source.title}
    return {"type": "url_citation", "url_citation": cited}


def citations(part: Text | Search) -> list[dict[str, Any]]:
    cited: Sequence[Citation | Source] = part.citations if isinstance(part, Text) else part.sources
    return [
        _annotation(one.source, one.start, one.end) if isinstance(one, Citation) else _annotation(one)
        for one in cited
    ]


def image_object(media: Media) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": data_url(media)}}


def signed(entry: dict[str, Any], signature: str) -> dict[str, Any]:
    """A thought signature where Google's own OpenAI endpoint puts it, so that clients hand it back."""
    if signature:
        entry["extra_content"] = {"google": {"thought_signature": signature}}
    return entry


def call_object(call: ToolCall) -> dict[str, Any]:
    if call.kind == "custom":
        entry: dict[str, Any] = {
            "id": call.id,
            "type": "custom",
            "custom": {"name": call.name, "input": call.arguments},
        }
    else:
        function = {"name": call.name, "arguments": call.arguments}
        entry = {"id": call.id, "type": "function", "function": function}
    return signed(entry, call.signature)
