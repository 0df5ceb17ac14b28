"""The older `POST /v1/completions`: one prompt in, text out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, cast

import msgspec

from core.dialects import fields
from core.dialects.jsonbody import read_object
from core.dialects.media import markdown
from core.domain.content import JsonObject, Media, Part, Refusal, Search, Text
from core.domain.events import (
    Answer,
    Failed,
    Finished,
    FinishReason,
    PartDelta,
    PartOpened,
    StreamEvent,
    Usage,
    UsageSeen,
)
from core.domain.ports import Decoded
from core.domain.searches import sources_markdown
from core.wire.sse import EVENT_STREAM

from . import chat
from .errors import error_object
from .parts import usage_object

_encode: Final[Callable[[Any], bytes]] = msgspec.json.Encoder().encode
_DONE: Final = b"data: [DONE]\n\n"
_TAIL: Final = b',"index":0,"logprobs":null,"finish_reason":null}]}\n\n'


def decode(body: bytes, reply_id: str, created: int) -> Decoded:
    """Read a completions request, or what a chat sends here.

    Raises GatewayError `bad_request` naming the member, in words its sender can act on.
    """
    source = read_object(body)
    prompt = _prompt(source)
    if prompt is not None:
        source = {name: value for name, value in source.items() if name != "prompt"}
        source["messages"] = [{"role": "user", "content": prompt}]
    echo = bool(fields.flag(source, "echo"))
    source.pop("echo", None)
    decoded = chat.decode_object(source, reply_id, created)
    if decoded.request.n != 1:
        fields.refuse("n", "`n` has to be 1 here: ask several times, or by /v1/chat/completions.")
    options = fields.mapping(source, "stream_options") or {}
    reply = CompletionReply(
        reply_id,
        str(source["model"]).strip(),
        created,
        bool(fields.flag(options, "include_usage", "stream_options")),
        (prompt or "") if echo else "",
    )
    return Decoded(decoded.request, reply, decoded.stream)


def _prompt(source: JsonObject) -> str | None:
    found: Any = source.get("prompt")
    if isinstance(found, list):
        items = cast("list[Any]", found)
        if len(items) != 1 or not isinstance(items[0], str):
            fields.refuse("prompt", "`prompt` has to be text, or an array with one text.")
        return items[0]
    return fields.text(source, "prompt")


class CompletionReply:
    """Speaks `text_completion`. `echo` stands before the answer."""

    def __init__(self, reply_id: str, model: str, created: int, include_usage: bool, echo: str = "") -> None:
        self._fixed = {"id": reply_id, "object": "text_completion", "created": created, "model": model}
        self._include_usage, self._echo = include_usage, echo
        self._head = b"data: " + _encode(self._fixed)[:-1]
        self._said: type[Part] | None = None
        self._usage = Usage()
        self._begun = self._ended = False

    @property
    def content_type(self) -> str:
        return EVENT_STREAM

    def heartbeat(self) -> bytes:
        return b": ping\n\n"

    def frames(self, batch: Sequence[object]) -> bytes:
        out: list[bytes] = []
        for event in cast("Sequence[StreamEvent]", batch):
            if self._ended:
                break
            if not self._begun:
                self._begun = True
                out.append(self._text(self._echo))
            match event:
                case PartOpened(part=part):
                    self._said = type(part)
                    out.append(self._text(_shown(part)))
                case PartDelta(text=text) if self._said is Text:
                    out.append(self._text(text))
                case UsageSeen(usage=usage):
                    self._usage = usage
                case Finished(reason=reason):
                    self._ended = True
                    out.append(self._ending(reason))
                case Failed(failure=failure):
                    self._ended = True
                    out.append(b"data: " + _encode({"error": error_object(failure)}) + b"\n\n")
                case _:
                    pass
        return b"".join(out)

    def _text(self, text: str) -> bytes:
        return self._head + b',"choices":[{"text":' + _encode(text) + _TAIL if text else b""

    def _ending(self, reason: FinishReason) -> bytes:
        choice = {"text": "", "index": 0, "logprobs": None, "finish_reason": finish_word(reason)}
        out = self._head + b',"choices":[' + _encode(choice) + b"]}\n\n"
        if self._include_usage:
            out += self._head + b',"choices":[],"usage":' + _encode(usage_object(self._usage)) + b"}\n\n"
        return out + _DONE

    def body(self, answer: Answer) -> bytes:
        """The whole answer as one `text_completion`."""
        text = self._echo + "".join(_shown(part) for part in answer.parts)
        choice = {
            "text": text,
            "index": 0,
            "logprobs": None,
            "finish_reason": finish_word(answer.finish.reason),
        }
        return _encode({**self._fixed, "choices": [choice], "usage": usage_object(answer.usage)})


def _shown(part: Part) -> str:
    match part:
        case Text(text=text) | Refusal(text=text):
            return text
        case Search():
            return sources_markdown(part)
        case Media():
            return markdown(part)
        case _:
            return ""


def finish_word(reason: FinishReason) -> str:
    return {FinishReason.LENGTH: "length", FinishReason.CONTENT_FILTER: "content_filter"}.get(reason, "stop")
