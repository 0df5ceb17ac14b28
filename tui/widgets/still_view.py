"""A line-API view that jumps to where it scrolls: every step of an animation is a screenful of bytes."""

from __future__ import annotations

from typing import Any

from textual.scroll_view import ScrollView


class StillView(ScrollView):
    """As ScrollView, but never animated."""

    def scroll_to(self, x: float | None = None, y: float | None = None, **options: Any) -> None:
        force, then = bool(options.get("force")), options.get("on_complete")
        super().scroll_to(x, y, animate=False, force=force, on_complete=then)
