"""An answer as `chat.completion`, whole or as `chat.completion.chunk` frames.

Order of a stream: a chunk with the role; reasoning, content, tool calls, images as they come; one chunk
with `finish_reason`; the usage chunk if it was asked for; `[DONE]`. A failure is an `error` frame and no
`[DONE]`. What a frame repeats is encoded once, so a delta costs one small string.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from typing import Any, Final, cast

import msgspec

from core.domain.content import (
    Base64Text,
    Citation,
    Media,
    Part,
    Refusal,
    Search,
    Source,
    Text,
    Thought,
    ToolCall,
    Url,
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

from .errors import error_object

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


def usage_object(usage: Usage) -> dict[str, Any]:
    """Usage with cached tokens inside the prompt's and thoughts inside the completion's."""
    return {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read},
        "completion_tokens_details": {"reasoning_tokens": usage.thoughts},
    }


def data_url(media: Media) -> str:
    """The picture as one URL; a link stays a link."""
    match media.data:
        case Base64Text(text=text):
            return f"data:{media.mime};base64,{text}"
        case bytes() as raw:
            return f"data:{media.mime};base64,{b64encode(raw).decode()}"
        case Url(url=url):
            return url
        case _:
            return ""


def _annotation(source: Source, start: int = 0, end: int = 0) -> dict[str, Any]:
    cited = {"start_index": start, "end_index": end, "url": source.uri, "title": source.title}
    return {"type": "url_citation", "url_citation": cited}


def _annotations(part: Text | Search) -> list[dict[str, Any]]:
    cited: Sequence[Citation | Source] = part.citations if isinstance(part, Text) else part.sources
    return [
        _annotation(one.source, one.start, one.end) if isinstance(one, Citation) else _annotation(one)
        for one in cited
    ]


def _image(media: Media) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": data_url(media)}}


def _signed(entry: dict[str, Any], signature: str) -> dict[str, Any]:
    """A thought signature where Google's own OpenAI endpoint puts it, so that clients hand it back."""
    if signature:
        entry["extra_content"] = {"google": {"thought_signature": signature}}
    return entry


def _call(call: ToolCall) -> dict[str, Any]:
    if call.kind == "custom":
        entry: dict[str, Any] = {
            "id": call.id,
            "type": "custom",
            "custom": {"name": call.name, "input": call.arguments},
        }
    else:
        function = {"name": call.name, "arguments": call.arguments}
        entry = {"id": call.id, "type": "function", "function": function}
    return _signed(entry, call.signature)


class ChatReply:
    """Speaks chat completions to one client. `model` is the name that the client asked for."""

    def __init__(self, reply_id: str, model: str, created: int, include_usage: bool = False) -> None:
        self._id, self._model, self._created = reply_id, model, created
        self._include_usage = include_usage
        self._choice = self._head(b'"choices":[{"index":0,"delta":{')
        self._content = self._choice + b'"content":'
        self._reasoning = self._choice + b'"reasoning_content":'
        self._delta: bytes | None = None
        self._delta_tail = _TAIL
        self._part: Part | None = None
        self._calls = 0
        self._usage = Usage()
        self._begun = self._ended = False

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
                if event.signature:
                    out.append(self._late_signature(event.signature))
                continue
            if not self._begun:
                self._begun = True
                out += (self._choice, b'"role":"assistant","content":""', _TAIL)
            out.append(self._frame(event))
        return b"".join(out)

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
                return self._ending(reason)
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
                cited = _annotations(part)
                return first + (self._chunk({"annotations": cited}) if cited else b"")
            case Thought(text=text):
                self._delta = self._reasoning
                return self._reasoning + _encode(text) + _TAIL if text else b""
            case Refusal(text=text):
                return self._chunk({"refusal": text})
            case Media():
                return self._chunk({"images": [_image(part)]})
            case Search():
                cited = _annotations(part)
                return self._chunk({"annotations": cited}) if cited else b""
            case ToolCall() if part.kind != "builtin":
                return self._open_call(part)
            case _:
                return b""

    def _open_call(self, call: ToolCall) -> bytes:
        index = self._calls
        self._calls += 1
        holder, member = (b"custom", b"input") if call.kind == "custom" else (b"function", b"arguments")
        self._delta = b'%b"tool_calls":[{"index":%d,"%b":{"%b":' % (self._choice, index, holder, member)
        self._delta_tail = b"}}]" + _TAIL
        return self._chunk({"tool_calls": [{"index": index, **_call(call)}]})

    def _late_signature(self, signature: str) -> bytes:
        if not isinstance(self._part, ToolCall) or self._part.kind == "builtin":
            return b""
        body = {"custom": {"input": ""}} if self._part.kind == "custom" else {"function": {"arguments": ""}}
        entry: dict[str, Any] = {"index": self._calls - 1, **body}
        return self._chunk({"tool_calls": [_signed(entry, signature)]})

    def _chunk(self, delta: dict[str, Any]) -> bytes:
        return self._choice + _encode(delta)[1:-1] + _TAIL

    def _ending(self, reason: FinishReason) -> bytes:
        finish = _encode(self._finish(reason, bool(self._calls)))
        out = self._choice + b'},"finish_reason":' + finish + b"}]}\n\n"
        if self._include_usage:
            out += self._head(b'"choices":[],"usage":') + _encode(usage_object(self._usage)) + b"}\n\n"
        return out + _DONE

    @staticmethod
    def _finish(reason: FinishReason, called: bool) -> str:
        if called and reason in (FinishReason.STOP, FinishReason.OTHER):
            return "tool_calls"
        return _FINISH[reason]

    def body(self, answer: Answer) -> bytes:
        """The whole answer as one `chat.completion`."""
        return self.bodies([answer])

    def bodies(self, answers: Sequence[Answer]) -> bytes:
        """Several answers to one request (`n`) as the choices of one `chat.completion`."""
        total = Usage(
            max((answer.usage.input for answer in answers), default=0),
            sum(answer.usage.output for answer in answers),
            max((answer.usage.cache_read for answer in answers), default=0),
            0,
            sum(answer.usage.thoughts for answer in answers),
        )
        return _encode(
            {
                "id": self._id,
                "object": "chat.completion",
                "created": self._created,
                "model": self._model,
                "choices": [self._whole(index, answer) for index, answer in enumerate(answers)],
                "usage": usage_object(total),
            }
        )

    def _whole(self, index: int, answer: Answer) -> dict[str, Any]:
        found: dict[type, list[Any]] = {kind: [] for kind in (Text, Thought, Refusal, Media, Search)}
        calls: list[dict[str, Any]] = []
        for part in answer.parts:
            if isinstance(part, ToolCall):
                if part.kind != "builtin":
                    calls.append(_call(part))
            else:
                found.setdefault(type(part), []).append(part)
        content = "".join(part.text for part in found[Text])
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
        if cited := [one for part in found[Text] + found[Search] for one in _annotations(part)]:
            message["annotations"] = cited
        if found[Media]:
            message["images"] = [_image(part) for part in found[Media]]
        finish = self._finish(answer.finish.reason, bool(calls))
        return {"index": index, "message": message, "finish_reason": finish, "logprobs": None}

    def heartbeat(self) -> bytes:
        """A comment: it keeps proxies and people patient, and no reader sees it."""
        return _HEARTBEAT
