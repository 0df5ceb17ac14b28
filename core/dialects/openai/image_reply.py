"""Pictures in OpenAI's words: the answer as a whole, and the events of a stream of them.

Source of the shapes: the official openai package, types/images_response.py, image_gen_*_event.py and
image_edit_*_event.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from core.domain.content import Base64Text
from core.domain.events import Answer, Failed, Made, Partial, Usage
from core.domain.failure import Failure, GatewayError, Kind
from core.domain.requests import ImageRequest
from core.wire.pictures import ENDINGS

from .errors import error_object
from .images import ImageOrder

PIECE: Final = 1024 * 1024
"""Characters of a picture that are written at a time."""

QUALITIES: Final = frozenset({"low", "medium", "high", "xhigh", "max"})
"""Words that a quality may have in an answer; anything else is said as `auto`."""

TELLING: Final = (
    frozenset({Kind.QUOTA, Kind.RATE}),
    frozenset({Kind.CAPACITY, Kind.UNAVAILABLE}),
    frozenset({Kind.BAD_REQUEST, Kind.TOO_LONG, Kind.TOO_LARGE, Kind.NOT_FOUND, Kind.FORBIDDEN}),
)
"""Which of several failures the client is told. Source: Antigravity Tools, images."""


class Picture(Struct, frozen=True, omit_defaults=True):
    """One entry of the answer's `data`: either the bytes as base64 or a link."""

    b64_json: str = ""
    url: str = ""
    revised_prompt: str = ""


def verdict(failures: Sequence[Failure]) -> Failure:
    """What is told when no picture was made: a limit before an overload before the client's own fault;

    whatever else went wrong upstream is a 502.
    """
    for kinds in TELLING:
        for failure in failures:
            if failure.kind in kinds:
                return failure
    failure = failures[0] if failures else Failure(Kind.UPSTREAM, "No picture was made.")
    return msgspec.structs.replace(failure, params=failure.params | {"status": "502"})


def usage_object(usage: Usage, request: ImageRequest, pictures: int = 1) -> dict[str, Any]:
    """Tokens of so many pictures. Upstreams don't say which of the input were pictures: where some were sent
    along, four characters of the prompt are counted as one token and the rest as pictures."""
    words = -(-len(request.prompt) // 4) * pictures
    text = min(usage.input, words) if request.references else usage.input
    return {
        "input_tokens": usage.input,
        "input_tokens_details": {"image_tokens": usage.input - text, "text_tokens": text},
        "output_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
    }


def pieces(pictures: Sequence[Picture], created: int, facts: dict[str, Any] | None = None) -> Iterator[bytes]:
    """The answer with at least one picture, bit by bit: four large ones in one go take a tenth of a second.

    Fewer pictures than asked for are still an answer; none raises GatewayError `upstream`. `facts` are more
    members of it.
    """
    if not pictures:
        raise GatewayError.of(Kind.UPSTREAM, "No picture was made.")
    return _pieces(pictures, created, facts or {})


def _pieces(pictures: Sequence[Picture], created: int, facts: dict[str, Any]) -> Iterator[bytes]:
    yield b'{"created":%d,"data":[' % created
    for number, picture in enumerate(pictures):
        rest = msgspec.json.encode(msgspec.structs.replace(picture, b64_json=""))
        text = picture.b64_json
        if number:
            yield b","
        if not text:
            yield rest
            continue
        yield b'{"b64_json":"'
        for at in range(0, len(text), PIECE):
            yield msgspec.json.encode(text[at : at + PIECE])[1:-1]
        yield b'"}' if rest == b"{}" else b'",' + rest[1:]
    yield b"]" + (b"," + msgspec.json.encode(facts)[1:] if facts else b"}")


class ImageReply:
    """Reply (domain/ports.py) of a stream of pictures; one object a request.

    Takes `Partial` and `Made` whose media are base64. `sizes` are those that pictures turned out to have and
    `links` lead to them, by index; told beside the bytes.
    """

    content_type = "text/event-stream"

    def __init__(self, created: int, order: ImageOrder, size: str) -> None:
        """`size` is what a picture will have, as `WxH` or `auto`."""
        self._created, self._order, self._size = created, order, size
        self._name = "image_edit" if order.edit else "image_generation"
        self._quality = quality_word(order.request.quality)
        self._partials: dict[int, int] = {}
        self.sizes: dict[int, str] = {}
        self.links: dict[int, str] = {}

    def frames(self, batch: Sequence[object]) -> bytes:
        return b"".join(self._frame(event) for event in batch)

    def heartbeat(self) -> bytes:
        return b": ping\n\n"

    def body(self, answer: Answer) -> bytes:
        """Raises GatewayError: pictures are no chat."""
        raise GatewayError.of(Kind.INTERNAL, "An answer in words came where pictures were asked for.")

    def _frame(self, event: object) -> bytes:
        match event:
            case Partial(index=index, media=media):
                number = self._partials.get(index, 0)
                self._partials[index] = number + 1
                more = {"partial_image_index": number}
                return self._event("partial_image", index, media.mime, media.data, more)
            case Made(index=index, media=media, usage=usage):
                more: dict[str, Any] = {"usage": usage_object(usage, self._order.request)}
                if index in self.links:
                    more["url"] = self.links[index]
                return self._event("completed", index, media.mime, media.data, more)
            case Failed(failure=failure):
                return _sse("error", {"type": "error", "error": error_object(failure)})
            case _:
                return b""

    def _event(self, kind: str, index: int, mime: str, content: object, more: dict[str, Any]) -> bytes:
        name = f"{self._name}.{kind}"
        assert isinstance(content, Base64Text)
        told = {
            "type": name,
            "b64_json": content.text,
            "created_at": self._created,
            "size": self.sizes.get(index, self._size),
            "quality": self._quality,
            "background": "opaque",
            "output_format": output_format(mime),
        }
        return _sse(name, told | more)


def quality_word(quality: str) -> str:
    word = quality.strip().lower()
    return word if word in QUALITIES else "high" if word == "hd" else "auto"


def output_format(mime: str) -> str:
    """`png`, `jpeg`, `webp` or `gif`."""
    return {"jpg": "jpeg"}.get(found := ENDINGS.get(mime, "png"), found)


def _sse(name: str, payload: dict[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), msgspec.json.encode(payload))
