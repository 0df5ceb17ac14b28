"""The models the sandbox serves, and what each of them can do (spec/antigravity-upstream.md 5.3)."""

from typing import Final, Literal

from msgspec import Struct

Family = Literal["claude", "gemini-pro", "gemini-flash", "gemini-image", "gpt-oss", "sandbox"]
Thinks = Literal["never", "asked", "always"]


class Model(Struct, frozen=True):
    """One row. `thinks`: whether thoughts are possible, and whether they happen unasked.

    `budget` is the largest `thinkingBudget`; `level` says that `thinkingLevel` is taken too; `signed` that
    the calls of a running tool loop must carry their signature. Limits count tokens.
    """

    id: str
    label: str
    family: Family
    context: int
    max_output: int
    thinks: Thinks
    budget: int = 32_768
    level: bool = False
    signed: bool = False
    draws: bool = False

    @property
    def claude(self) -> bool:
        return self.family == "claude"


_MILLION: Final = 1_048_576

MODELS: Final[dict[str, Model]] = {
    row.id: row
    for row in (
        Model("claude-sonnet-4-6", "Claude Sonnet 4.6", "claude", 200_000, 64_000, "asked", 63_999),
        Model(
            "claude-opus-4-6-thinking",
            "Claude Opus 4.6 (Thinking)",
            "claude",
            200_000,
            64_000,
            "always",
            63_999,
        ),
        Model(
            "gemini-3-pro-high",
            "Gemini 3 Pro (High)",
            "gemini-pro",
            _MILLION,
            65_535,
            "always",
            level=True,
            signed=True,
        ),
        Model(
            "gemini-3-pro-low",
            "Gemini 3 Pro (Low)",
            "gemini-pro",
            _MILLION,
            65_535,
            "always",
            level=True,
            signed=True,
        ),
        Model("gpt-oss-120b-medium", "GPT-OSS 120B (Medium)", "gpt-oss", 114_000, 32_768, "never"),
        Model(
            "gemini-3-pro-image", "Gemini 3 Pro Image", "gemini-image", 65_536, 32_768, "never", draws=True
        ),
        Model(
            "gemini-3-flash",
            "Gemini 3 Flash",
            "gemini-flash",
            _MILLION,
            65_536,
            "asked",
            level=True,
            signed=True,
        ),
        Model("gemini-2.5-flash", "Gemini 2.5 Flash", "gemini-flash", _MILLION, 65_535, "asked", 24_576),
        Model("sandbox-chat", "Sandbox Chat", "sandbox", 131_072, 32_768, "never"),
        Model("sandbox-thinking", "Sandbox Thinking", "sandbox", 131_072, 32_768, "always", level=True),
        Model("sandbox-image", "Sandbox Image", "gemini-image", 65_536, 32_768, "never", draws=True),
    )
}
