"""Pictures: a picture request as a body, its answer as one picture (seed 000). Pure."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from core.domain.content import Base64Text, Media
from core.domain.events import Made, Partial
from core.domain.failure import Cause, Failure, GatewayError, Kind, Scope
from core.domain.requests import ImageOptions, ImageRequest
from core.wire.gemini import FINISH, UNREADABLE, Part, Response, UsageMetadata
from core.wire.pictures import base64_mime, split_model

from .contents import media_part
from .encode import DRAWING, Sender
from .errors import classify_object
from .generation import image_config
from .models import Facts
from .repairs import mended

MAX_REFERENCES: Final = 14
MASK_TEXT: Final = "The last picture is a mask for the first: change only what is white in it."


class _Envelope(Response):
    response: Response | None = None
    error: dict[str, Any] | None = None


def encode_image(request: ImageRequest, row: Facts, sender: Sender) -> bytes:
    """Write one picture's request. Raises GatewayError(bad_request) for what can't be asked."""
    return sender.envelope(DRAWING, row.id, image_object(request, row))


def image_object(request: ImageRequest, row: Facts) -> dict[str, Any]:
    """What stands in `request`, with the repairs that were asked for."""
    references = [media for media in request.references if media.role != "mask"]
    masks = [media for media in request.references if media.role == "mask"]
    if len(references) + len(masks) > MAX_REFERENCES:
        raise GatewayError.of(
            Kind.BAD_REQUEST, f"At most {MAX_REFERENCES} pictures can be sent along; take some away."
        )
    prompt = f"{request.prompt}\n\n{MASK_TEXT}" if masks else request.prompt
    parts = [{"text": prompt}, *map(media_part, [*references, *masks])]
    named = split_model(request.model)
    shape = ImageOptions(request.image.aspect or named.aspect, request.image.size or named.size)
    fields: dict[str, Any] = {
        "contents": [{"role": "user", "parts": parts}],
        "generationConfig": {"candidateCount": 1, **image_config(shape)},
    }
    return mended(fields, row, request.repairs)


class Drawing:
    """The answer to one picture's request, whole or as it comes."""

    def __init__(self, model: str, index: int, now: float, partials: int = 0) -> None:
        self._model, self._index, self._now = model, index, now
        self._partials = partials
        self._drafts: list[Part] = []
        self._final: Part | None = None
        self._texts: list[str] = []
        self._usage = UsageMetadata()
        self._reason = self._blocked = ""

    def take(self, payload: bytes) -> list[Partial]:
        """Read the body, or one event of it; the drafts in it are previews, as long as any are wanted.

        Raises GatewayError for a refusal and for what can't be read.
        """
        try:
            envelope = _DECODER.decode(payload)
        except UNREADABLE as error:
            raise GatewayError.of(
                Kind.UPSTREAM,
                "Google's answer can't be read as a picture. Try again.",
                scope=Scope.ENDPOINT,
                cause=Cause.SERVER,
                detail=str(error),
            ) from error
        if envelope.error is not None:
            raise GatewayError(classify_object(envelope.error, self._model, self._now))
        response = envelope.response or envelope
        self._note(response)
        partials: list[Partial] = []
        for candidate in response.candidates or ():
            for part in (candidate.content.parts if candidate.content else None) or ():
                if part.blob() is None:
                    self._texts += [part.text] if part.text and not part.thought else []
                elif not part.thought:
                    self._final = self._final or part
                else:
                    self._drafts.append(part)
                    if len(self._drafts) <= self._partials:
                        partials.append(Partial(self._index, _picture(part)))
        return partials

    def made(self) -> Made:
        """The first picture that is no draft, else the last draft, with the words beside it.

        Raises GatewayError where there is no picture, with what the model said instead.
        """
        text = "".join(self._texts)
        chosen = self._final or (self._drafts[-1] if self._drafts else None)
        if chosen is None:
            raise GatewayError(_no_picture(self._reason, self._blocked, text))
        return Made(self._index, _picture(chosen), usage=self._usage.usage(), text=text)

    def _note(self, response: Response) -> None:
        self._usage = self._usage.updated(response.usage_metadata or UsageMetadata())
        reasons = (one.finish_reason for one in response.candidates or () if one.finish_reason)
        self._reason = next(reasons, "") or self._reason
        if response.prompt_feedback is not None:
            self._blocked = response.prompt_feedback.block_reason or self._blocked


def _picture(part: Part) -> Media:
    mime, data = part.blob() or ("", "")
    return Media(base64_mime(data) or mime.lower(), Base64Text(data))


def _no_picture(finish: str, blocked: str, text: str) -> Failure:
    reason = blocked or finish
    filtered = reason in FINISH and reason not in ("STOP", "OTHER", "MAX_TOKENS", "FINISH_REASON_UNSPECIFIED")
    if filtered or blocked:
        return Failure(
            Kind.BAD_REQUEST,
            f"Google's filter stopped this picture ({reason}). Describe it differently.",
            params={"code": "content_policy_violation"},
            detail=reason,
        )
    said = f" It said: {text.strip()[:200]}" if text.strip() else ""
    return Failure(
        Kind.UPSTREAM,
        f"The model made no picture.{said} Try again, or describe more plainly what to draw.",
        scope=Scope.ENDPOINT,
        cause=Cause.EMPTY,
        detail=reason,
    )


_DECODER: Final = msgspec.json.Decoder(_Envelope)
