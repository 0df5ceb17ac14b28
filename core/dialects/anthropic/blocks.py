"""Content blocks to parts. `cache_control` and citations say nothing to other models and are read past.

What a server tool of Anthropic's left in the history is told in words or left out: nobody else can
continue it.
"""

from __future__ import annotations

from typing import Any, Final, cast

from core.dialects import fields
from core.dialects.media import from_base64, mime_of
from core.domain.content import JsonObject, Media, Part, Text, Thought, ToolCall, ToolResult, Url

from .hidden import shown

SILENT: Final = frozenset({"container_upload", "compaction", "server_tool_use", "mcp_tool_use", "fallback"})
"""Blocks that are left out of what is sent on."""

SEARCHED: Final = frozenset({"web_search_tool_result", "web_fetch_tool_result"})
RAN: Final = "_tool_result"
"""The ending of what other server tools leave."""


class BlockReader:
    """Reads the blocks of one conversation: results find the names of the calls before them.

    `names` are those of calls by id, as far as somebody else has read some; `left_out` collects the kinds of
    blocks that were not sent on.
    """

    def __init__(self, names: dict[str, str] | None = None) -> None:
        self._names: dict[str, str] = {} if names is None else names
        self.left_out: set[str] = set()

    def content(self, found: Any, at: str) -> list[Part]:
        """Text, a block, or an array of blocks."""
        if found is None:
            return []
        if isinstance(found, str):
            return [Text(found)] if found.strip() else []
        if isinstance(found, dict):
            return self.block(cast(JsonObject, found), at)
        parts: list[Part] = []
        for index, item in enumerate(fields.as_array(found, at)):
            where = f"{at}[{index}]"
            if isinstance(item, str):
                parts += [Text(item)] if item.strip() else []
            elif item is not None:
                parts += self.block(fields.as_object(item, where), where)
        return parts

    def block(self, block: JsonObject, at: str) -> list[Part]:
        kind = fields.text(block, "type", at) or ("text" if "text" in block else "")
        match kind:
            case "text":
                text = fields.text(block, "text", at) or ""
                return [Text(text)] if text.strip() else []
            case "image":
                return [_source(block, at, "image/png")]
            case "document":
                return self._document(block, at)
            case "thinking":
                text = fields.text(block, "thinking", at) or ""
                return [shown(Thought(text, fields.text(block, "signature", at) or ""))]
            case "redacted_thinking":
                return [Thought("", fields.text(block, "data", at) or "")]
            case "tool_use":
                return [self._call(block, at)]
            case "tool_result":
                return [self._result(block, at)]
            case "search_result":
                return [Text(_search_result(block, at, self.content(block.get("content"), f"{at}.content")))]
            case "tool_reference":
                return [Text(fields.text(block, "tool_name", at) or "")]
            case "":
                raise fields.refusal(f"{at}.type", f"`{at}.type` is missing.")
            case _:
                return self._other(kind, block)

    def _other(self, kind: str, block: JsonObject) -> list[Part]:
        if kind in SEARCHED and (text := _pages(block)):
            return [Text(text)]
        if kind not in SILENT and not kind.endswith(RAN):
            self.left_out.add(kind)
        return []

    def _document(self, block: JsonObject, at: str) -> list[Part]:
        words = [fields.text(block, name, at) for name in ("title", "context")]
        before: list[Part] = [Text("\n".join(word for word in words if word))] if any(words) else []
        source = fields.as_object(block.get("source"), f"{at}.source")
        match fields.text(source, "type", f"{at}.source"):
            case "text":
                return [*before, Text(fields.text(source, "data", f"{at}.source") or "")]
            case "content":
                return [*before, *self.content(source.get("content"), f"{at}.source.content")]
            case _:
                media = _source(block, at, "application/pdf")
                return [*before, Media(media.mime, media.data, name=words[0] or "")]

    def _call(self, block: JsonObject, at: str) -> ToolCall:
        call_id, name = fields.text(block, "id", at) or "", fields.text(block, "name", at) or ""
        for member, value in (("id", call_id), ("name", name)):
            if not value:
                fields.refuse(f"{at}.{member}", f"`{at}.{member}` is missing.")
        self._names[call_id] = name
        given = block.get("input")
        arguments = given if isinstance(given, str) else fields.as_json({} if given is None else given)
        signature = fields.text(block, "thoughtSignature", at) or fields.text(block, "signature", at) or ""
        return ToolCall(call_id, name, arguments, signature=signature)

    def _result(self, block: JsonObject, at: str) -> ToolResult:
        call_id = fields.text(block, "tool_use_id", at)
        if not call_id:
            fields.refuse(f"{at}.tool_use_id", f"`{at}.tool_use_id` is missing.")
        content = block.get("content")
        if isinstance(content, bool | int | float) or (isinstance(content, dict) and "type" not in content):
            content = fields.as_json(cast(object, content))
        parts = self.content(content, f"{at}.content")
        kept = tuple(part for part in parts if isinstance(part, Text | Media))
        is_error = bool(fields.flag(block, "is_error", at))
        return ToolResult(call_id, self._names.get(call_id, ""), kept or (Text(""),), is_error)


def _source(block: JsonObject, at: str, default: str) -> Media:
    """`source` of an image or a document: base64 or a link; stored files are refused."""
    name = f"{at}.source"
    source = fields.as_object(block.get("source"), name)
    kind = fields.text(source, "type", name)
    if kind == "base64":
        payload = fields.text(source, "data", name)
        if not payload:
            fields.refuse(f"{name}.data", f"`{name}.data` is missing.")
        return from_base64(payload, (fields.text(source, "media_type", name) or "").lower(), default)
    if kind == "url":
        url = fields.text(source, "url", name) or ""
        if not url.lower().startswith(("http://", "https://")):
            fields.refuse(f"{name}.url", f"`{name}.url` has to be an http(s) link.")
        return Media(mime_of(url, default), Url(url, f"{name}.url"))
    if kind == "file":
        fields.refuse(f"{name}.type", "Stored files are not supported: send the content as base64.")
    raise fields.refusal(f"{name}.type", f"`{name}.type` has to be base64 or url, not {kind!r:.40}.")


def _search_result(block: JsonObject, at: str, content: list[Part]) -> str:
    title, source = (fields.text(block, name, at) or "" for name in ("title", "source"))
    texts = [part.text for part in content if isinstance(part, Text)]
    return "\n".join([f"{title} ({source})".strip(), *texts])


def _pages(block: JsonObject) -> str:
    """The pages that a search of the server's found, as a list of links."""
    found = block.get("content")
    pages = cast("list[JsonObject]", found if isinstance(found, list) else [found])
    lines = [
        f"- {page.get('title') or page['url']}: {page['url']}"
        for page in pages
        if isinstance(cast(object, page), dict) and isinstance(page.get("url"), str)
    ]
    return "Pages that were found:\n" + "\n".join(lines) if lines else ""
