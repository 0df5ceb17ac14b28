"""What is said, and what can be read out of it."""

from __future__ import annotations

from core.domain.content import AssetRef, Media, Text, ToolCall, ToolResult, media_of


def test_media_are_found_in_order_inside_tool_results_too() -> None:
    first, second, third = (Media("image/png", AssetRef(name)) for name in "abc")
    parts = (Text("x"), first, ToolCall("c", "draw"), ToolResult("c", "draw", (Text("y"), second)), third)
    assert list(media_of(parts)) == [first, second, third]
    assert list(media_of(())) == []
