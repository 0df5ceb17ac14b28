"""Names that programs have built in for other vendors' models, and what is sent for them; the names that
lists of models show. Data that may grow old without harm. Source: Antigravity Tools, mapping.

Ids that are written out, no patterns: `gpt-4-foo` passes through. A user's own aliases come before them.
"""

from __future__ import annotations

from itertools import product
from typing import Final

SMALL: Final = "gemini-2.5-flash"
PAINTER: Final = "gemini-3-pro-image"

GPT: Final = (
    "gpt-3.5-turbo",
    "gpt-3.5-turbo-0125",
    "gpt-3.5-turbo-0613",
    "gpt-3.5-turbo-1106",
    "gpt-3.5-turbo-16k",
    "gpt-3.5-turbo-16k-0613",
    "gpt-4",
    "gpt-4-0125-preview",
    "gpt-4-0613",
    "gpt-4-1106-preview",
    "gpt-4-32k",
    "gpt-4-turbo",
    "gpt-4-turbo-2024-04-09",
    "gpt-4-turbo-preview",
    "gpt-4-vision-preview",
    "gpt-4.1",
    "gpt-4.1-2025-04-14",
    "gpt-4.1-mini",
    "gpt-4.1-mini-2025-04-14",
    "gpt-4.1-nano",
    "gpt-4.1-nano-2025-04-14",
    "gpt-4o",
    "gpt-4o-2024-05-13",
    "gpt-4o-2024-08-06",
    "gpt-4o-2024-11-20",
    "gpt-4o-mini",
    "gpt-4o-mini-2024-07-18",
)
PAINTERS: Final = (
    "dall-e-2",
    "dall-e-3",
    "gpt-image-1",
    "gpt-image-1-mini",
    "gpt-image-1.5",
    "gpt-image-2",
    "gpt-image-2.5-sunburst",
    "gpt-image-2.5-flare",
    "gpt-image-2.6-sunburst",
    "gpt-image-2.6-flare",
    "chatgpt-image-latest",
)
BACKGROUND: Final = "internal-background-task"
"""What small turns of coding agents are sent to, where those are told apart."""

FOREIGN: Final[dict[str, str]] = (
    dict.fromkeys(GPT, SMALL) | dict.fromkeys(PAINTERS, PAINTER) | {BACKGROUND: SMALL}
)
"""Name -> what is sent for it."""

EARLIER: Final = (
    "claude-3-5-haiku-20241022",
    "claude-3-5-haiku-latest",
    "claude-3-5-sonnet-20240620",
    "claude-3-5-sonnet-20241022",
    "claude-3-5-sonnet-latest",
    "claude-3-7-sonnet-20250219",
    "claude-3-7-sonnet-latest",
    "claude-3-haiku-20240307",
    "claude-haiku-4",
    "claude-haiku-4-5",
    "claude-haiku-4-5-20251001",
    "claude-opus-4",
    "claude-opus-4-1",
    "claude-opus-4-1-20250805",
    "claude-opus-4-20250514",
    "claude-opus-4-5",
    "claude-opus-4-5-20251101",
    "claude-opus-4-5-thinking",
    "claude-opus-4-6",
    "claude-sonnet-4-20250514",
    "claude-sonnet-4-5",
    "claude-sonnet-4-5-20250929",
    "claude-sonnet-4-5-thinking",
    "claude-sonnet-4-6-thinking",
    "gemini-3-flash-preview",
    "gemini-3-pro",
    "gemini-3-pro-image-preview",
    "gemini-3-pro-preview",
    "gemini-3.1-pro-high",
    "gemini-3.1-pro-preview",
    "gpt-oss-120b",
)
"""Other names of what is offered; what is sent for them is names.py's."""

SIZES: Final = ("", "-2k", "-4k")
ASPECTS: Final = ("", "-1x1", "-4x3", "-3x4", "-16x9", "-9x16", "-21x9")
SHAPES: Final = tuple(f"{PAINTER}{size}{aspect}" for size, aspect in product(SIZES, ASPECTS))
"""For clients that can only choose a model: its name says size and shape of the picture."""

LISTED: Final = (*GPT, *PAINTERS, *EARLIER, *SHAPES)
