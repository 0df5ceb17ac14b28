"""From a checked request to a whole answer: what to say, what to call, how it ends, what it costs.

Pure. How the answer goes over the wire is `stream`; pictures are drawn and looked at before, by `art`.
"""

import re
from typing import Any, Final

import msgspec
from msgspec import Struct

from core.sandbox import brain, usage, webpages
from core.sandbox.catalogue import Model
from core.sandbox.messages import Content, FunctionDeclaration, FunctionResponse, GenerationConfig, Request
from core.sandbox.sampler import sample
from core.sandbox.sequence import responses_of
from core.sandbox.signatures import sign
from core.sandbox.steering import Steering, correction, without_words
from core.sandbox.subjects import subject_of

BIG_CHUNKS: Final = 2000
_PICTURE_TOKENS: Final = 1120
_LARGE_PICTURE_TOKENS: Final = 2000
_TRANSCRIBE: Final = re.compile(r"\btranscri(be|pt)", re.I)


class Call(Struct, frozen=True):
    """One function call. `signature` is empty where the model doesn't sign calls."""

    name: str
    args: dict[str, Any]
    signature: str = ""


class Usage(Struct, frozen=True):
    """Tokens. `prompt` includes `cached`; `answer` excludes `thoughts`."""

    prompt: int
    cached: int
    answer: int
    thoughts: int


class Composed(Struct, frozen=True):
    """One whole answer. `pieces` are given only where their exact number matters.

    `signature` belongs to `thoughts` for Claude and the sandbox's own models, to the answer for Gemini.
    `picture` is base64 of a PNG, and so are the `drafts` that are shown before it; `pages` is the
    `urlContextMetadata` of what it was told to read, `message` what is said beside an unusual finish.
    """

    finish: str
    usage: Usage
    thoughts: str = ""
    signature: str = ""
    text: str = ""
    pieces: tuple[str, ...] = ()
    calls: tuple[Call, ...] = ()
    picture: str = ""
    drafts: tuple[str, ...] = ()
    grounding: dict[str, Any] | None = None
    pages: dict[str, Any] | None = None
    message: str = ""


def question_of(request: Request) -> str:
    """The last text block of the last turn, if a user wrote it; empty after a bare tool result."""
    last = (request.contents or [Content()])[-1]
    if last.role == "model":
        return ""
    texts = [part.text for part in last.parts or [] if part.text and not part.thought]
    return texts[-1] if texts else ""


def earlier_of(request: Request) -> list[str]:
    """What the user wrote in earlier turns, the last block of each."""
    found: list[str] = []
    for content in (request.contents or [])[:-1]:
        texts = [part.text for part in content.parts or [] if part.text]
        if content.role != "model" and texts:
            found.append(texts[-1])
    return found


def compose(request: Request, model: Model, steering: Steering, cached: int, seen: list[str]) -> Composed:
    """The answer of a chat model. `cached`: prompt tokens seen before; `seen`: what pictures show."""
    config = request.generation_config or GenerationConfig()
    prompt = usage.prompt_tokens(request)
    if steering.empty or steering.blocked or steering.malformed:
        return _nothing(model, steering, Usage(prompt, cached, 0, 0))
    if steering.mistaken:
        return compose_text(request, cached, correction(steering.mistaken))
    question = without_words(question_of(request))
    room = config.max_output_tokens or model.max_output
    thoughts, shown = _think(question, model, config)
    if thoughts:
        thoughts = usage.cut(thoughts, room)
    spent = usage.text_tokens(thoughts)
    thought_signature = _signature(model, thoughts) if thoughts else ""
    if steering.thoughts:
        return Composed("STOP", Usage(prompt, cached, 0, spent), thoughts, thought_signature)
    if calls := tuple(_call(tool, question, model) for tool in _tools_to_call(request, steering, question)):
        said = "".join(call.name + msgspec.json.encode(call.args).decode() for call in calls)
        tokens = usage.text_tokens(said)
        return Composed(
            "OTHER" if model.claude else "STOP",
            Usage(prompt, cached, tokens, spent),
            thoughts if shown else "",
            thought_signature if shown else "",
            calls=calls,
        )
    pieces = _numbered(room - spent) if steering.big else ()
    urls = (
        webpages.named(question) if any(tool.url_context is not None for tool in request.tools or []) else []
    )
    asks = any(tool.google_search is not None for tool in request.tools or [])
    searched = asks or (steering.search and webpages.function(request) is None)
    text = "".join(pieces) or _text(request, config, question, seen, searched)
    text, finish = _limited(text, config.stop_sequences or [], room - spent)
    return Composed(
        finish,
        Usage(prompt, cached, usage.text_tokens(text), spent),
        thoughts if shown else "",
        thought_signature if shown or not model.claude else "",
        text,
        pieces if text and finish == "STOP" else (),
        grounding=webpages.grounding(question, text) if searched else None,
        pages=webpages.retrieved(urls) if urls else None,
    )


def compose_text(request: Request, cached: int, text: str) -> Composed:
    """An answer that is nothing but `text`."""
    spent = Usage(usage.prompt_tokens(request), cached, usage.text_tokens(text), 0)
    return Composed("STOP", spent, text=text)


def _nothing(model: Model, steering: Steering, spent: Usage) -> Composed:
    """A finished answer without content, and why."""
    if steering.blocked:
        return Composed("IMAGE_SAFETY" if model.draws else "SAFETY", spent)
    if steering.malformed:
        message = "Malformed function call: print(default_api.look("
        return Composed("MALFORMED_FUNCTION_CALL", spent, message=message)
    return Composed("STOP", spent)


def compose_picture(
    request: Request, cached: int, picture: str, large: bool, drafts: tuple[str, ...] = ()
) -> Composed:
    """The answer of an image model that drew `picture` (base64 of a PNG)."""
    tokens = _LARGE_PICTURE_TOKENS if large else _PICTURE_TOKENS
    spent = Usage(usage.prompt_tokens(request), cached, tokens, 0)
    return Composed("STOP", spent, picture=picture, drafts=drafts)


def _think(question: str, model: Model, config: GenerationConfig) -> tuple[str, bool]:
    """The thoughts, and whether the request wants to see them."""
    asked = config.thinking_config
    budget = asked.thinking_budget if asked else None
    wants = asked.include_thoughts if asked else None
    if model.thinks == "never" or budget == 0:
        return "", False
    if model.thinks == "asked" and not wants and not budget:
        return "", False
    thoughts = brain.thoughts(question)
    if budget and budget > 0:
        thoughts = usage.cut(thoughts, budget)
    return thoughts, bool(wants) or (wants is None and model.family == "sandbox")


def _signature(model: Model, text: str) -> str:
    return sign("claude" if model.claude else "gemini", text)


def _call(tool: FunctionDeclaration, question: str, model: Model) -> Call:
    """A call with valid arguments; a search is called with what is to be found."""
    name, parameters = tool.name or "", tool.parameters or {"type": "object"}
    args = webpages.arguments(question) if webpages.searches(tool) else sample(parameters, question)
    return Call(name, args, "" if model.claude or model.thinks == "never" else _signature(model, name))


def _tools_to_call(request: Request, steering: Steering, question: str) -> list[FunctionDeclaration]:
    """The first function that is not a search where one is to be called, and the search where that is."""
    offered = [one for tool in request.tools or [] for one in tool.function_declarations or []]
    calling = request.tool_config.function_calling_config if request.tool_config else None
    mode = calling.mode if calling else None
    if calling and calling.allowed_function_names:
        offered = [one for one in offered if one.name in calling.allowed_function_names]
    if not offered or mode == "NONE" or not question:
        return offered[:1] if mode == "ANY" else []
    search = [
        one for one in offered if webpages.searches(one) and (steering.search or webpages.wanted(question))
    ]
    others = [one for one in offered if not webpages.searches(one)] or offered
    called = others[:1] if steering.use_tool or (mode == "ANY" and not search) else []
    return [*search[:1], *(one for one in called if one not in search)]


def _text(request: Request, config: GenerationConfig, question: str, seen: list[str], searched: bool) -> str:
    results = responses_of((request.contents or [Content()])[-1])
    if config.response_mime_type in ("application/json", "text/x.enum"):
        schema = config.response_schema or config.response_json_schema
        fallback = {"question": question, "answer": brain.answer(question, earlier_of(request))}
        value = sample(schema, question) if schema else fallback
        if config.response_mime_type == "text/x.enum":
            return str(value)
        return msgspec.json.format(msgspec.json.encode(value)).decode()
    if results:
        return "\n".join(_result_text(one) for one in results)
    if seen:
        return _media_text(seen, question)
    return brain.answer(question, earlier_of(request), searched)


def _result_text(result: FunctionResponse) -> str:
    response = result.response or {}
    if text := webpages.found(response):
        return text
    if len(response) == 1:
        key, value = next(iter(response.items()))
        if isinstance(value, str) and key in ("result", "output", "content", "error"):
            verb = "failed with" if key == "error" else "answered"
            return f"The tool `{result.name}` {verb}:\n\n{value}\n"
    shown = msgspec.json.format(msgspec.json.encode(response)).decode()
    return f"The tool `{result.name}` answered:\n\n```json\n{shown}\n```\n"


def _media_text(seen: list[str], question: str) -> str:
    if _TRANSCRIBE.search(question):
        heard = " ".join(seen).replace("*", "")
        return f"[{heard} The sandbox recognises no words; a real model would write them down.]"
    lines = "\n".join(f"{at}. {text}" for at, text in enumerate(seen, 1))
    asked = f"\n\nYou asked: *{subject_of(question)}*. " if question else "\n\n"
    return (
        f"## What I see and hear\n\n{lines}{asked}I'm the sandbox: I measure size, colour and length and "
        "recognise no objects or words; a real model would.\n"
    )


def _limited(text: str, stops: list[str], tokens: int) -> tuple[str, str]:
    """`text` up to the first stop sequence and at most `tokens`, and the finish reason."""
    ends = [text.index(stop) for stop in stops if stop and stop in text]
    stopped = text[: min(ends)] if ends else text
    if usage.text_tokens(stopped) > tokens:
        return usage.cut(stopped, tokens), "MAX_TOKENS"
    return stopped, "STOP"


def _numbered(tokens: int) -> tuple[str, ...]:
    """The 2,000 pieces of `[[big]]`, short enough to fit into `tokens` if that is possible."""
    note = ": a line of the long answer" if tokens > BIG_CHUNKS * 12 else ""
    return tuple(f"- line {at} of {BIG_CHUNKS}{note}\n" for at in range(1, BIG_CHUNKS + 1))
