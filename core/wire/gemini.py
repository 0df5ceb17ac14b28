"""Gemini's answers as they stand on the wire: fields, finish reasons, usage. Shared by all who speak it.

Read leniently: unknown fields are skipped, snake_case spellings of three fields are taken too. Says
what a field means, not what to do about it. Sources: seed 001 (response fields), Gemini API reference
(GenerateContentResponse).
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Raw, Struct, field

from core.domain.events import FinishReason, Usage


class Blob(Struct, rename="camel", gc=False):
    """Bytes as base64 text."""

    mime_type: str = ""
    data: str = ""


class SnakeBlob(Struct, gc=False):
    mime_type: str = ""
    data: str = ""


class FileLink(Struct, rename="camel", gc=False):
    mime_type: str = ""
    file_uri: str = ""


class FunctionCall(Struct, gc=False):
    """`args` is the JSON text of an object, as sent."""

    name: str = ""
    id: str | None = None
    args: Raw = Raw(b"")


class ExecutableCode(Struct, gc=False):
    language: str = ""
    code: str = ""


class CodeResult(Struct, gc=False):
    outcome: str = ""
    output: str = ""


class Part(Struct, rename="camel", gc=False):
    """One part of a candidate; exactly one of the content fields is set."""

    text: str | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    function_call: FunctionCall | None = None
    inline_data: Blob | None = None
    file_data: FileLink | None = None
    executable_code: ExecutableCode | None = None
    code_execution_result: CodeResult | None = None
    snake_signature: str | None = field(default=None, name="thought_signature")
    snake_call: FunctionCall | None = field(default=None, name="function_call")
    snake_data: SnakeBlob | None = field(default=None, name="inline_data")

    def signature(self) -> str:
        return self.thought_signature or self.snake_signature or ""

    def call(self) -> FunctionCall | None:
        return self.function_call or self.snake_call

    def blob(self) -> tuple[str, str] | None:
        """Mime type and base64 text."""
        blob = self.inline_data or self.snake_data
        return None if blob is None else (blob.mime_type, blob.data)


class Content(Struct, gc=False):
    parts: list[Part] | None = None


class WebSource(Struct, gc=False):
    uri: str = ""
    title: str = ""
    domain: str = ""


class GroundingChunk(Struct, gc=False):
    web: WebSource | None = None


class Grounding(Struct, rename="camel"):
    """What a search found. Segments are left out: they count bytes of a text that has gone by."""

    web_search_queries: list[str] | None = None
    grounding_chunks: list[GroundingChunk] | None = None


class UrlMetadata(Struct, rename="camel", gc=False):
    retrieved_url: str = ""
    url_retrieval_status: str = ""


URL_READ: Final = "URL_RETRIEVAL_STATUS_SUCCESS"


class UrlContext(Struct, rename="camel"):
    """Which pages the model was told to read, and how that went."""

    url_metadata: list[UrlMetadata] | None = None


class Candidate(Struct, rename="camel", gc=False):
    content: Content | None = None
    finish_reason: str | None = None
    finish_message: str | None = None
    grounding_metadata: Grounding | None = None
    url_context_metadata: UrlContext | None = None


class UsageMetadata(Struct, rename="camel", gc=False):
    """Token counts, cumulative over a stream. A later message may leave some out."""

    prompt_token_count: int | None = None
    cached_content_token_count: int | None = None
    candidates_token_count: int | None = None
    thoughts_token_count: int | None = None
    tool_use_prompt_token_count: int | None = None
    total_token_count: int | None = None

    def updated(self, later: UsageMetadata) -> UsageMetadata:
        """These counts with those that `later` states."""
        return UsageMetadata(
            _last(self.prompt_token_count, later.prompt_token_count),
            _last(self.cached_content_token_count, later.cached_content_token_count),
            _last(self.candidates_token_count, later.candidates_token_count),
            _last(self.thoughts_token_count, later.thoughts_token_count),
            _last(self.tool_use_prompt_token_count, later.tool_use_prompt_token_count),
            _last(self.total_token_count, later.total_token_count),
        )

    def usage(self) -> Usage:
        """In the domain's words: tool prompts are input, thoughts are output.

        `promptTokenCount` includes cached tokens, `candidatesTokenCount` excludes thoughts; when it is
        absent, it is what the total leaves.
        """
        asked = (self.prompt_token_count or 0) + (self.tool_use_prompt_token_count or 0)
        thoughts = self.thoughts_token_count or 0
        answered = self.candidates_token_count
        if answered is None:
            answered = max(0, (self.total_token_count or 0) - asked - thoughts)
        return Usage(
            input=asked,
            output=answered + thoughts,
            cache_read=self.cached_content_token_count or 0,
            thoughts=thoughts,
        )


class PromptFeedback(Struct, rename="camel", gc=False):
    block_reason: str | None = None
    block_reason_message: str | None = None


class Response(Struct, rename="camel", gc=False):
    """A GenerateContentResponse, or one message of a stream of them."""

    candidates: list[Candidate] | None = None
    usage_metadata: UsageMetadata | None = None
    prompt_feedback: PromptFeedback | None = None
    model_version: str | None = None


def _last(before: int | None, later: int | None) -> int | None:
    return before if later is None else later


FINISH: Final[dict[str, FinishReason]] = {
    "STOP": FinishReason.STOP,
    "OTHER": FinishReason.STOP,
    "FINISH_REASON_UNSPECIFIED": FinishReason.STOP,
    "MAX_TOKENS": FinishReason.LENGTH,
    "SAFETY": FinishReason.CONTENT_FILTER,
    "RECITATION": FinishReason.CONTENT_FILTER,
    "BLOCKLIST": FinishReason.CONTENT_FILTER,
    "PROHIBITED_CONTENT": FinishReason.CONTENT_FILTER,
    "SPII": FinishReason.CONTENT_FILTER,
    "LANGUAGE": FinishReason.CONTENT_FILTER,
    "IMAGE_SAFETY": FinishReason.CONTENT_FILTER,
    "IMAGE_PROHIBITED_CONTENT": FinishReason.CONTENT_FILTER,
    "IMAGE_RECITATION": FinishReason.CONTENT_FILTER,
}
"""What a finish reason means. The gateway says OTHER for tool calls, too (seed 001)."""

BROKEN: Final = frozenset(
    {"MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "NO_IMAGE"}
)
"""Finish reasons of an answer that came to nothing: worth another try if nothing was sent."""


UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding a body may raise; the last one for brackets without end."""


def finish_reason(wire: str) -> FinishReason:
    """The domain's word for a finish reason; unknown ones are `other`."""
    return FINISH.get(wire, FinishReason.OTHER)


def to_json(value: Any) -> bytes:
    """Compact JSON; dicts keep their order, so equal input gives equal bytes."""
    return msgspec.json.encode(value)
