"""Words that a style or a quality adds to a prompt, for models that have no field for them."""

from __future__ import annotations

from typing import Final

STYLES: Final = {
    "vivid": "vivid colours, strong light, dramatic and hyper-real",
    "natural": "natural light, true-to-life colours, unstaged",
}
QUALITIES: Final = {"hd": "fine detail, crisp edges, high resolution"}


def styled(prompt: str, style: str = "", quality: str = "") -> str:
    """`prompt` with the words for its style and quality after it; unknown words add nothing."""
    words = [QUALITIES.get(quality.strip().lower(), ""), STYLES.get(style.strip().lower(), "")]
    added = ", ".join(word for word in words if word)
    return f"{prompt.rstrip()}\n\nStyle: {added}." if added else prompt
