"""What can be asked for."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class ModelInfo(Struct, frozen=True):
    """A model as a provider offers it. `id` is what is sent upstream.

    `context` and `max_output` count tokens (0: unknown). `thinking`: never, when asked, or always.
    `accounts` is how many accounts offer it; `fraction` is the best quota left (0..1, None: unknown).
    `leads_to` is set for another name of a model, which then is `id`: the model's own id.
    """

    id: str
    provider: str
    label: str = ""
    family: str = ""
    kind: Literal["chat", "image", "video"] = "chat"
    context: int = 0
    max_output: int = 0
    thinking: Literal["never", "asked", "always"] = "never"
    images_in: bool = True
    tools: bool = True
    search: bool = False
    accounts: int = 0
    fraction: float | None = None
    sandbox: bool = False
    leads_to: str = ""


class Meaning(Struct, frozen=True):
    """What a name stands for. `mapped` is what it is taken for once aliases and built-in names are looked up,
    `aspect` (`16:9`) and `size` (`4K`) are what it says of a picture."""

    model: str
    mapped: str
    kind: Literal["chat", "image", "video"] = "chat"
    aspect: str = ""
    size: str = ""
