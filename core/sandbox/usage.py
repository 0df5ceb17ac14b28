"""Counting tokens: an estimate, but one that always adds up."""

import hashlib

import msgspec

from core.sandbox.messages import Content, CountedRequest, Part

_CHARACTERS = 4
_MEDIA_TOKENS = 258
"""Tokens of one picture tile, as Gemini counts them."""

_encoder = msgspec.json.Encoder(order="sorted")


def text_tokens(text: str) -> int:
    """Tokens of `text`: a quarter of its characters, rounded up."""
    return -(-len(text) // _CHARACTERS)


def cut(text: str, tokens: int) -> str:
    """The first `tokens` tokens of `text`."""
    return text[: max(0, tokens) * _CHARACTERS]


def prompt_tokens(request: CountedRequest) -> int:
    """Tokens of everything that is sent to the model."""
    return _head_tokens(request) + sum(_content_tokens(one) for one in request.contents or [])


def prefixes(request: CountedRequest, model: str) -> list[tuple[bytes, int]]:
    """Digest and tokens of each prefix of the prompt that ends before its last turn."""
    digest = hashlib.blake2b(model.encode(), digest_size=16)
    digest.update(_encoder.encode((request.system_instruction, request.tools)))
    tokens = _head_tokens(request)
    found = [(digest.digest(), tokens)] if tokens else []
    for content in (request.contents or [])[:-1]:
        digest.update(_encoder.encode(content))
        tokens += _content_tokens(content)
        found.append((digest.digest(), tokens))
    return found


def _head_tokens(request: CountedRequest) -> int:
    system = request.system_instruction
    tools = len(_encoder.encode(request.tools)) if request.tools else 0
    return (_content_tokens(system) if system else 0) + -(-tools // _CHARACTERS)


def _content_tokens(content: Content) -> int:
    return sum(_part_tokens(part) for part in content.parts or [])


def _part_tokens(part: Part) -> int:
    if part.text is not None:
        return text_tokens(part.text)
    if part.inline_data or part.file_data:
        return _MEDIA_TOKENS
    other = part.function_call or part.function_response or part.executable_code or part.code_execution_result
    return -(-len(_encoder.encode(other)) // _CHARACTERS)
