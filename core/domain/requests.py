"""What is asked, and by whom. Absent means absent: None is never sent upstream."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct, field

from .content import JsonObject, Media, Turn

Effort = Literal["none", "minimal", "low", "medium", "high", "max"]


class Sampling(Struct, frozen=True):
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    max_output_tokens: int | None = None


class Thinking(Struct, frozen=True):
    """What the caller asked of the model's thinking; all None means that nothing was said.

    `budget` counts tokens (-1: the model decides); `include` asks for summaries in the answer.
    """

    effort: Effort | None = None
    budget: int | None = None
    include: bool | None = None


class Output(Struct, frozen=True):
    """The form of the answer. `schema` is JSON schema as received, for kind `schema`."""

    kind: Literal["text", "json", "schema"] = "text"
    schema: JsonObject | None = None
    name: str = ""
    strict: bool | None = None


class Tool(Struct, frozen=True):
    """`parameters` is JSON schema as received. A builtin tool has a name and options only."""

    name: str
    description: str = ""
    parameters: JsonObject | None = None
    kind: Literal["function", "custom", "builtin"] = "function"


class ToolChoice(Struct, frozen=True):
    """`names` narrows `any` (and `auto`) to some tools."""

    mode: Literal["auto", "none", "any"] = "auto"
    names: tuple[str, ...] = ()


class ImageOptions(Struct, frozen=True):
    """`aspect` is `W:H` or empty (the model decides); `size` is `1K`, `2K`, `4K` or empty."""

    aspect: str = ""
    size: str = ""


class ChatRequest(Struct, frozen=True):
    """A conversation to be continued by one model turn (`n` of them: each a generation of its own).

    `conversation` is a stable key of the conversation, used for stickiness and caching; `extras` are
    the fields that the domain has no word for, by their name on the client's wire. `repairs` are those
    that a provider named after refusals of this very request (`Failure.repair`).
    """

    model: str
    turns: tuple[Turn, ...]
    system: tuple[str, ...] = ()
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = ToolChoice()
    parallel_tool_calls: bool | None = None
    sampling: Sampling = Sampling()
    thinking: Thinking = Thinking()
    output: Output = Output()
    modalities: tuple[str, ...] = ()
    image: ImageOptions = ImageOptions()
    search: bool = False
    safety: tuple[JsonObject, ...] = ()
    n: int = 1
    conversation: str = ""
    metadata: dict[str, str] = field(default_factory=dict[str, str])
    extras: JsonObject = field(default_factory=dict[str, Any])
    repairs: tuple[str, ...] = ()


class ImageRequest(Struct, frozen=True):
    """`n` pictures from one prompt; each is a generation of its own.

    References and masks are `Media` with their role. `style` and `quality` are the caller's words,
    `repairs` as in ChatRequest; `partials` is how many previews of each picture somebody would look at.
    """

    prompt: str
    model: str = ""
    n: int = 1
    image: ImageOptions = ImageOptions()
    references: tuple[Media, ...] = ()
    style: str = ""
    quality: str = ""
    extras: JsonObject = field(default_factory=dict[str, Any])
    repairs: tuple[str, ...] = ()
    partials: int = 0


class VideoRequest(Struct, frozen=True):
    """`seconds` None lets the model decide; references are pictures."""

    prompt: str
    model: str = ""
    seconds: float | None = None
    image: ImageOptions = ImageOptions()
    references: tuple[Media, ...] = ()
    extras: JsonObject = field(default_factory=dict[str, Any])


class Caller(Struct, frozen=True):
    """Who asks. `key` is the name of a client key (never its text), `client` what it calls itself.

    `family` is the door: `openai`, `anthropic`, `gemini`, `cursor`, `tui`, `cli`. `request_id` is ours
    and unique; `deadline` is monotonic seconds. `replays` is the id of the request that is sent again.
    """

    request_id: str
    family: str
    client: str = ""
    key: str = ""
    path: str = ""
    stream: bool = False
    deadline: float | None = None
    replays: str = ""
