"""Parts of an answer as output items of a response.

Pure: a complete part and its place give a complete item. The stream builds on the same items.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from core.dialects.media import markdown
from core.domain.content import (
    Base64Text,
    Media,
    Part,
    Refusal,
    Search,
    Source,
    Text,
    Thought,
    ToolCall,
)
from core.domain.events import Usage
from core.domain.searches import sources_markdown
from core.wire.picture_bytes import encoded

Item = dict[str, Any]
Spaces = Mapping[str, tuple[str, str]]
"""By the name that a model sees: the namespace of a tool and its name there."""

PREFIXES: Final = {
    "message": "msg",
    "reasoning": "rs",
    "function_call": "fc",
    "custom_tool_call": "ctc",
    "image_generation_call": "ig",
    "web_search_call": "ws",
}


def item_id(kind: str, reply_id: str, index: int) -> str:
    """The same in the stream and in the whole answer."""
    return f"{PREFIXES[kind]}_{reply_id.removeprefix('resp_')}_{index}"


def whole_items(part: Part, reply_id: str, index: int, spaces: Spaces, sources: bool) -> list[Item]:
    """A complete part as items from place `index` on; nothing for what the protocol has no item for."""
    match part:
        case Text(text=text):
            return [message(reply_id, index, text_part(text, cited(part)))] if text else []
        case Refusal(text=text):
            return [message(reply_id, index, {"type": "refusal", "refusal": text})]
        case Thought():
            return [reasoning(reply_id, index, part)] if part.text or part.signature else []
        case ToolCall(kind="builtin"):
            return []
        case ToolCall():
            return [call(reply_id, index, part, spaces)]
        case Media(data=Base64Text() | bytes()):
            return [picture(reply_id, index, part)]
        case Media():
            return [message(reply_id, index, text_part(markdown(part)))]
        case Search():
            return searched(reply_id, index, part, sources)
        case _:
            return []


def message(reply_id: str, index: int, content: Item, status: str = "completed") -> Item:
    return {
        "id": item_id("message", reply_id, index),
        "type": "message",
        "role": "assistant",
        "status": status,
        "content": [content],
    }


def text_part(text: str, annotations: list[Item] | None = None) -> Item:
    return {"type": "output_text", "text": text, "annotations": annotations or [], "logprobs": []}


def cited(part: Text) -> list[Item]:
    return [annotation(one.source, one.start, one.end) for one in part.citations]


def annotation(source: Source, start: int = 0, end: int = 0) -> Item:
    return {
        "type": "url_citation",
        "start_index": start,
        "end_index": end,
        "url": source.uri,
        "title": source.title,
    }


def reasoning(reply_id: str, index: int, thought: Thought) -> Item:
    """A signature travels as encrypted content: opaque to the client, and handed back by it."""
    item: Item = {
        "id": item_id("reasoning", reply_id, index),
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": thought.text}] if thought.text else [],
    }
    if thought.signature:
        item["encrypted_content"] = thought.signature
    return item


def call(reply_id: str, index: int, made: ToolCall, spaces: Spaces, status: str = "completed") -> Item:
    """A call of a function or of a tool that takes free text."""
    kind, member = ("custom_tool_call", "input") if made.kind == "custom" else ("function_call", "arguments")
    space, name = spaces.get(made.name, ("", made.name))
    item: Item = {
        "id": item_id(kind, reply_id, index),
        "type": kind,
        "call_id": made.id,
        "name": name,
        member: made.arguments,
        "status": status,
    }
    if space:
        item["namespace"] = space
    return item


def picture(reply_id: str, index: int, made: Media) -> Item:
    data = made.data
    text = data.text if isinstance(data, Base64Text) else encoded(data) if isinstance(data, bytes) else ""
    return {
        "id": item_id("image_generation_call", reply_id, index),
        "type": "image_generation_call",
        "status": "completed",
        "result": text,
        "output_format": made.mime.rpartition("/")[2],
    }


def searched(reply_id: str, index: int, found: Search, shown: bool) -> list[Item]:
    """A search that the server made, and its sources as text for clients that show nothing else."""
    action: Item = {
        "type": "search",
        "query": "; ".join(found.queries),
        "queries": found.queries,
        "sources": [{"type": "url", "url": source.uri} for source in found.sources],
    }
    items: list[Item] = [
        {
            "id": item_id("web_search_call", reply_id, index),
            "type": "web_search_call",
            "status": "completed",
            "action": action,
        }
    ]
    if shown and (text := sources_markdown(found).strip()):
        notes = [annotation(source) for source in found.sources]
        items.append(message(reply_id, index + 1, text_part(text, notes)))
    return items


def usage_object(usage: Usage) -> Item:
    return {
        "input_tokens": usage.input,
        "input_tokens_details": {"cached_tokens": usage.cache_read},
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.thoughts},
        "total_tokens": usage.input + usage.output,
    }
