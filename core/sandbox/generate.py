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
from core.sandbox.accounts import SandboxAccount
from core.sandbox.catalogue import MODELS, Model
from core.sandbox.checks import check_request
from core.sandbox.compose import Composed, compose, compose_picture, question_of
from core.sandbox.errors import asked_for, exhausted, invalid, not_found, not_onboarded, project_denied
from core.sandbox.messages import GenerateBody, ImageConfig, Request
from core.sandbox.steering import Steering

Script = Callable[[str, str], Steering | None]
"""Asked before each generation with account name and model; its answer replaces the prompt's steering."""

_REPEATS: Final = 512


class Generation(Struct, frozen=True):
    """A finished answer and how it is to be delivered."""

    answer: Composed
    model: Model
    steering: Steering


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
    body: bytes, account: SandboxAccount, studio: Studio, script: Script | None, now: float, here: str
) -> Generation:
    """Check, think, draw. `here` is the sandbox's own address. Raises ApiError."""
    envelope = strict.read(body, GenerateBody)
    model = MODELS.get(envelope.model or "")
    if model is None:
        raise not_found()
    request = envelope.request or Request()
    steered = steering.read(question_of(request))
    if script and (scripted := script(account.name, model.id)):
        steered = scripted
    if steered.error:
        raise asked_for(steered.error, steered.delay, model.id, here, now)
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
    left, resets = account.remaining(model.family, now)
    if left <= 0:
        raise exhausted(model.id, resets - now, now)
    cached = account.cached(usage.prefixes(request, model.id))
    if model.draws and not steered.empty:
        answer = await _draw(request, studio, cached)
    else:
        answer = compose(request, model, steered, cached, await _look(request))
    spent = answer.usage
    account.spend(model, spent.prompt - spent.cached + spent.answer + spent.thoughts, now)
    return Generation(answer, model, steered)


def _check_project(project: str, account: SandboxAccount) -> None:
    if not account.project:
        raise not_onboarded(project)
    if project != account.project:
        raise project_denied(project)


async def _look(request: Request) -> list[str]:
    """What the pictures of the last turn show."""
    last = (request.contents or [])[-1]
    blobs = [part.inline_data for part in last.parts or [] if part.inline_data]
    if not blobs:
        return []
    from core.sandbox import art  # Pillow is slow to import and most runs show no picture

    def look() -> list[str]:
        return [art.describe(_bytes(blob.data or ""), blob.mime_type or "") for blob in blobs]

    try:
        return await asyncio.to_thread(look)
    except art.UnreadableError:
        raise invalid("Unable to process input image. Please retry or report.") from None


async def _draw(request: Request, studio: Studio, cached: int) -> Composed:
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

    def draw() -> str:
        seen = [_bytes(one.data or "") for one in references]
        picture = art.draw(words, image.aspect_ratio, image.image_size or "1K", variant, seen)
        return base64.b64encode(picture).decode()

    try:
        picture = await asyncio.to_thread(draw)
    except art.UnreadableError:
        raise invalid("Unable to process input image. Please retry or report.") from None
    return compose_picture(request, cached, picture, image.image_size == "4K")


def _bytes(data: str) -> bytes:
    plain = data.replace("-", "+").replace("_", "/").rstrip("=")
    return base64.b64decode(plain + "=" * (-len(plain) % 4))
