"""An answer as `chat.completion`, whole or as `chat.completion.chunk` frames.

Order of a stream: a chunk with the role; reasoning, content, tool calls, images as they come; one chunk
with `finish_reason`; the usage chunk if it was asked for; `[DONE]`. A failure is an `error` frame and no
`[DONE]`. What a frame repeats is encoded once, so a delta costs one small string.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, cast

import msgspec

from core.dialects.calls import is_object
from core.dialects.media import markdown
from core.domain.content import (
    Media,
    Part,
    Refusal,
    Search,
    Text,
    Thought,
    ToolCall,
)
from core.domain.events import (
    Answer,
    Failed,
    Finished,
    FinishReason,
    PartClosed,
    PartDelta,
    PartOpened,
    Started,
    StreamEvent,
    Usage,
    UsageSeen,
)
from core.domain.searches import sources_markdown
from core.wire.sse import EVENT_STREAM

from .errors import error_object
from .parts import call_object, citations, image_object, signed, total, usage_object

_encode: Final[Callable[[Any], bytes]] = msgspec.json.Encoder().encode
_DONE: Final = b"data: [DONE]\n\n"
_TAIL: Final = b'},"finish_reason":null}]}\n\n'
_HEARTBEAT: Final = b": ping\n\n"

_FINISH: Final = {
    FinishReason.STOP: "stop",
    FinishReason.LENGTH: "length",
    FinishReason.CONTENT_FILTER: "content_filter",
    FinishReason.OTHER: "stop",
}


class ChatReply:
    """Speaks chat completions to one client. `model` is the name that the client asked for.

    `sources` adds what a search found to the text; it is off where the text has to be JSON, and beside tool
    calls it stands in the annotations alone, for the text of such a message goes back to the model. `index`
    is the choice that is spoken for, `alone` whether it is the only one. Pictures stand in the text as
    Markdown and beside it as `images`: clients show one or the other.
    """

    def __init__(
        self,
        reply_id: str,
        model: str,
        created: int,
        include_usage: bool = False,
        sources: bool = True,
        *,
        index: int = 0,
        alone: bool = True,
    ) -> None:
        self._id, self._model, self._created = reply_id, model, created
        self._include_usage, self._sources = include_usage, sources
        self._alone = alone
        self._choice = self._head(b'"choices":[{"index":%d,"delta":{' % index)
        self._content = self._choice + b'"content":'
        self._reasoning = self._choice + b'"reasoning_content":'
        self._delta: bytes | None = None
        self._delta_tail = _TAIL
        self._part: Part | None = None
        self._calls = 0
        self._arguments: list[str] = []
        self._usage = Usage()
        self._begun = self._ended = False

    @property
    def content_type(self) -> str:
        return EVENT_STREAM

    def _head(self, rest: bytes) -> bytes:
        fixed = {
            "id": self._id,
            "object": "chat.completion.chunk",
            "created": self._created,
            "model": self._model,
        }
        return b"data: " + _encode(fixed)[:-1] + b"," + rest

    def frames(self, batch: Sequence[object]) -> bytes:
        """The frames of a batch of stream events, ready for one write."""
        out: list[bytes] = []
        for event in cast("Sequence[StreamEvent]", batch):
            if self._ended:
                break
            if type(event) is PartDelta:
                if self._delta is not None and event.text:
                    out += (self._delta, _encode(event.text), self._delta_tail)
                    if self._delta_tail is not _TAIL:
                        self._arguments.append(event.text)
                if event.signature:
                    out.append(self._late_signature(event.signature))
                continue
            if not self._begun:
                self._begun = True
                out.append(self._role())
            out.append(self._frame(event))
        return b"".join(out)

    def _role(self) -> bytes:
        return self._choice + b'"role":"assistant","content":""' + _TAIL

    def _frame(self, event: StreamEvent) -> bytes:
        match event:
            case PartOpened(part=part):
                return self._open(part)
            case PartClosed(signature=signature):
                late = self._late_signature(signature) if signature else b""
                self._part = self._delta = None
                return late
            case UsageSeen(usage=usage):
                self._usage = usage
                return b""
            case Finished(reason=reason):
                self._ended = True
                ending = self._ending(reason)
                return ending + self.last_words(self._usage) if self._alone else ending
            case Failed(failure=failure):
                self._ended = True
                return b"data: " + _encode({"error": error_object(failure)}) + b"\n\n"
            case Started() | PartDelta():
                return b""

    def _open(self, part: Part) -> bytes:
        self._part, self._delta, self._delta_tail = part, None, _TAIL
        match part:
            case Text():
                self._delta = self._content
                first = self._content + _encode(part.text) + _TAIL if part.text else b""
                cited = citations(part)
                return first + (self._chunk({"annotations": cited}) if cited else b"")
            case Thought(text=text):
                self._delta = self._reasoning
                return self._reasoning + _encode(text) + _TAIL if text else b""
            case Refusal(text=text):
                return self._chunk({"refusal": text})
            case Media():
                return self._picture(part)
            case Search():
                text = sources_markdown(part) if self._sources and not self._calls else ""
                said = self._content + _encode(text) + _TAIL if text else b""
                cited = citations(part)
                return said + (self._chunk({"annotations": cited}) if cited else b"")
            case ToolCall() if part.kind != "builtin":
                return self._open_call(part)
            case _:
                return b""

    def _picture(self, media: Media) -> bytes:
        return self._chunk({"content": markdown(media)}) + self._chunk({"images": [image_object(media)]})

    def _open_call(self, call: ToolCall) -> bytes:
        index = self._calls
        self._calls += 1
        self._arguments = [call.arguments]
        holder, member = (b"custom", b"input") if call.kind == "custom" else (b"function", b"arguments")
        self._delta = b'%b"tool_calls":[{"index":%d,"%b":{"%b":' % (self._choice, index, holder, member)
        self._delta_tail = b"}}]" + _TAIL
        return self._chunk({"tool_calls": [{"index": index, **call_object(call)}]})

    def _late_signature(self, signature: str) -> bytes:
        if not isinstance(self._part, ToolCall) or self._part.kind == "builtin":
            return b""
        body = {"custom": {"input": ""}} if self._part.kind == "custom" else {"function": {"arguments": ""}}
        entry: dict[str, Any] = {"index": self._calls - 1, **body}
        return self._chunk({"tool_calls": [signed(entry, signature)]})

    def _chunk(self, delta: dict[str, Any]) -> bytes:
        return self._choice + _encode(delta)[1:-1] + _TAIL

    def _ending(self, reason: FinishReason) -> bytes:
        last = "".join(self._arguments) if self._calls else None
        finish = _encode(self._finish(reason, last))
        return self._choice + b'},"finish_reason":' + finish + b"}]}\n\n"

    def last_words(self, usage: Usage) -> bytes:
        """What follows the last choice of an answer: the usage, if it was asked for, and `[DONE]`."""
        if not self._include_usage:
            return _DONE
        return self._head(b'"choices":[],"usage":') + _encode(usage_object(usage)) + b"}\n\n" + _DONE

    @staticmethod
    def _finish(reason: FinishReason, last_arguments: str | None) -> str:
        """`tool_calls` if there was one, unless it was cut short: then its arguments are no object."""
        if last_arguments is None or reason is FinishReason.CONTENT_FILTER:
            return _FINISH[reason]
        if reason is FinishReason.LENGTH and not is_object(last_arguments):
            return _FINISH[reason]
        return "tool_calls"

    def body(self, answer: Answer) -> bytes:
        """The whole answer as one `chat.completion`."""
        return self.bodies([answer])

    def bodies(self, answers: Sequence[Answer]) -> bytes:
        """Several answers to one request (`n`) as the choices of one `chat.completion`."""
        usage = total([answer.usage for answer in answers])
        return _encode(
            {
                "id": self._id,
                "object": "chat.completion",
                "created": self._created,
                "model": self._model,
                "choices": [self._whole(index, answer) for index, answer in enumerate(answers)],
                "usage": usage_object(usage),
            }
        )

    def _whole(self, index: int, answer: Answer) -> dict[str, Any]:
        found: dict[type, list[Any]] = {kind: [] for kind in (Text, Thought, Refusal, Media, Search)}
        calls: list[dict[str, Any]] = []
        content = ""
        for part in answer.parts:
            if isinstance(part, ToolCall):
                if part.kind != "builtin":
                    calls.append(call_object(part))
                continue
            found.setdefault(type(part), []).append(part)
            if isinstance(part, Text):
                content += part.text
            elif isinstance(part, Media):
                content += markdown(part)
            elif isinstance(part, Search) and self._sources and not calls:
                content += sources_markdown(part)
        refusal = "".join(part.text for part in found[Refusal])
        message: dict[str, Any] = {
            "role": "assistant",
            "content": None if calls and not content else content,
            "refusal": refusal or None,
        }
        if reasoning := "".join(part.text for part in found[Thought]):
            message["reasoning_content"] = reasoning
        if calls:
            message["tool_calls"] = calls
        if cited := [one for part in found[Text] + found[Search] for one in citations(part)]:
            message["annotations"] = cited
        if found[Media]:
            message["images"] = [image_object(part) for part in found[Media]]
        last = next((part for part in reversed(answer.parts) if isinstance(part, ToolCall)), None)
        finish = self._finish(answer.finish.reason, last.arguments if last and calls else None)
        return {"index": index, "message": message, "finish_reason": finish, "logprobs": None}

    def nothing(self) -> bytes:
        """A chunk without content, for what is left out of an answer."""
        begun, self._begun = self._begun, True
        return (b"" if begun else self._role()) + self._chunk({"content": None})

    def heartbeat(self) -> bytes:
        """A comment: it keeps proxies and people patient, and no reader sees it."""
        return _HEARTBEAT
