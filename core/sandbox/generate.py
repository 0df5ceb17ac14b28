"""One generate request from its bytes to an answer ready to be sent, or an ApiError.

The order of the checks is the service's: token, body, model, project, content, quota. Decoding and
drawing pictures is the only thing done in a thread.
"""

import asyncio
import base64
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from core.sandbox import steering, strict, usage
from core.sandbox.accounts import SandboxAccount, project_of
from core.sandbox.catalogue import MODELS, Model
from core.sandbox.checks import check_request
from core.sandbox.compose import Composed, compose, compose_picture, compose_text, question_of
from core.sandbox.delivery import Unanswered
from core.sandbox.errors import Refused, exhausted, invalid, not_found, not_onboarded, project_denied
from core.sandbox.messages import GenerateBody, ImageConfig, Request
from core.sandbox.refusals import Moment
from core.sandbox.steering import Steering

Steer = Callable[[Model, Steering], Steering]
"""What becomes of a generation by `Model`, given what its prompt asks for."""

_REPEATS: Final = 512


class Generation(Struct, frozen=True):
    """A finished answer and how it is to be delivered. `error`: what breaks it off in the middle."""

    answer: Composed
    model: Model
    steering: Steering
    error: Refused | None = None


class Studio:
    """Remembers how often a picture was asked for, so that asking again gives another one."""

    def __init__(self) -> None:
        self._asked: OrderedDict[bytes, int] = OrderedDict()

    def variant(self, words: str, shape: str) -> int:
        """How often exactly this was asked for before."""
        key = hashlib.blake2b(f"{shape}\n{words}".encode(), digest_size=16).digest()
        count = self._asked.pop(key, 0)
        self._asked[key] = count + 1
        if len(self._asked) > _REPEATS:
            self._asked.popitem(last=False)
        return count


async def generate(
    body: bytes, account: SandboxAccount, studio: Studio, steer: Steer, now: float, here: str, streaming: bool
) -> Generation:
    """Check, think, draw. `here` is the sandbox's own address. Raises Refused, and Unanswered."""
    envelope = strict.read(body, GenerateBody)
    model = MODELS.get(envelope.model or "")
    if model is None:
        raise not_found()
    request = envelope.request or Request()
    steered = steer(model, steering.read(question_of(request)))
    if steered.close or steered.silent:
        raise Unanswered(steered.silent, steered.wait)
    error = steered.refusal.error(moment_of(account, model, here, now)) if steered.refusal else None
    form = steered.refusal.form if steered.refusal else ""
    if error is not None and form != "answer" and not (form == "stream" and streaming):
        error.wait = steered.wait
        raise error
    if not account.planned.has(model.id):
        raise not_found()
    if steered.mistaken and model.draws:
        raise invalid(steering.correction(steered.mistaken))
    _check_project(envelope.project or "", account)
    check_request(request, model)
    tokens = usage.prompt_tokens(request)
    if tokens > model.context:
        raise invalid(
            f"The input token count ({tokens}) exceeds the maximum number of tokens allowed "
            f"({model.context})."
        )
    left, resets = account.remaining(model, now)
    if left <= 0:
        raise exhausted(model.id, resets - now, now)
    cached = account.cached(usage.prefixes(request, model.id))
    if error is not None and form == "answer":
        answer, error = compose_text(request, cached, error.message), None
    elif model.draws and not (steered.empty or steered.blocked or steered.malformed or steered.thoughts):
        answer = await _draw(request, studio, cached, drafts=streaming)
    else:
        answer = compose(request, model, steered, cached, await _look(request))
    spent = answer.usage
    account.spend(model, spent.prompt - spent.cached + spent.answer + spent.thoughts, now)
    return Generation(answer, model, steered, error)


def moment_of(account: SandboxAccount, model: Model | None, here: str, now: float) -> Moment:
    """What a refusal may speak of; without a model, of one that everybody knows."""
    spoken = model or MODELS["gemini-3-pro-high"]
    project = account.project or project_of(account.name)
    return Moment(spoken.id, here, now, project, spoken.claude)


def _check_project(project: str, account: SandboxAccount) -> None:
    if not account.project:
        raise not_onboarded(project)
    if project != account.project:
        raise project_denied(project)


async def _look(request: Request) -> list[str]:
    """What the pictures of the last turn show, and what can be said of its sounds and files."""
    last = (request.contents or [])[-1]
    blobs = [part.inline_data for part in last.parts or [] if part.inline_data]
    if not blobs:
        return []
    from core.sandbox import art, sound  # Pillow is slow to import and most runs show no picture

    def look() -> list[str]:
        found: list[str] = []
        for blob in blobs:
            data, mime = _bytes(blob.data or ""), blob.mime_type or ""
            found.append(
                sound.describe(data, mime) if mime.startswith("audio/") else art.describe(data, mime)
            )
        return found

    try:
        return await asyncio.to_thread(look)
    except art.UnreadableError:
        raise invalid("Unable to process input image. Please retry or report.") from None


async def _draw(request: Request, studio: Studio, cached: int, *, drafts: bool) -> Composed:
    from core.sandbox import art  # Pillow is slow to import and most runs draw nothing

    config = request.generation_config
    image = (config.image_config if config else None) or ImageConfig()
    last = (request.contents or [])[-1]
    words = "\n".join(part.text for part in last.parts or [] if part.text).strip()
    words = steering.without_words(words)
    references = [part.inline_data for part in last.parts or [] if part.inline_data]
    shape = f"{image.aspect_ratio} {image.image_size}"
    seed = config.seed if config else None
    variant = seed if seed is not None else studio.variant(words, shape)

    def draw() -> list[str]:
        seen = [_bytes(one.data or "") for one in references]
        picture = art.draw(words, image.aspect_ratio, image.image_size or "1K", variant, seen)
        shown = [*(art.drafts(picture) if drafts else ()), picture]
        return [base64.b64encode(one).decode() for one in shown]

    try:
        *earlier, picture = await asyncio.to_thread(draw)
    except art.UnreadableError:
        raise invalid("Unable to process input image. Please retry or report.") from None
    return compose_picture(request, cached, picture, image.image_size == "4K", tuple(earlier))


def _bytes(data: str) -> bytes:
    plain = data.replace("-", "+").replace("_", "/").rstrip("=")
    return base64.b64decode(plain + "=" * (-len(plain) % 4))
