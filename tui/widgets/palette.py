"""The styles that the transcript's renderers use, taken from the theme through component classes.

Pure apart from `palette_from`, which reads a mounted widget's component styles. Renderers get a Palette
and know nothing of themes; tests use `Palette()` as it is.
"""

from __future__ import annotations

from typing import NamedTuple

from rich.style import Style
from textual.widget import Widget


class Palette(NamedTuple):
    """One partial style a kind of text: no background unless the kind is a tinted block.

    Every field has a component class `transcript--<field>` (underscores as dashes) that themes may set.
    """

    user: Style = Style()
    marker: Style = Style(bold=True, color="cyan")
    heading: Style = Style(bold=True)
    strong: Style = Style(bold=True)
    emphasis: Style = Style(italic=True)
    strike: Style = Style(strike=True)
    quote: Style = Style(dim=True)
    rule: Style = Style(dim=True)
    bullet: Style = Style(color="cyan")
    link: Style = Style(underline=True)
    muted: Style = Style(dim=True)
    inline_code: Style = Style(color="yellow")
    code: Style = Style()
    code_label: Style = Style(dim=True)
    code_keyword: Style = Style(color="magenta")
    code_string: Style = Style(color="green")
    code_number: Style = Style(color="yellow")
    code_comment: Style = Style(dim=True, italic=True)
    code_name: Style = Style(color="blue")
    table_head: Style = Style(bold=True)
    thought: Style = Style(dim=True, italic=True)
    tool: Style = Style(color="cyan")
    note: Style = Style(dim=True)
    warning: Style = Style(color="yellow")
    error: Style = Style(color="red")
    cursor: Style = Style(bold=True, color="cyan")
    match: Style = Style(reverse=True)


def component(name: str) -> str:
    """The component class of a palette field: `code_label` is `transcript--code-label`."""
    return "transcript--" + name.replace("_", "-")


COMPONENTS: frozenset[str] = frozenset(component(name) for name in Palette._fields)


def palette_from(widget: Widget) -> Palette:
    """The palette of `widget`'s theme. Colours with alpha are blended with what lies behind the widget.

    A colour or background equal to the widget's own is left out, so that kinds can be laid over each
    other and rows follow the widget's focus tint.
    """
    own = widget.rich_style
    found: dict[str, Style] = {}
    for name in Palette._fields:
        style = widget.get_component_rich_style(component(name))
        color = None if style.color == own.color else style.color
        background = None if style.bgcolor == own.bgcolor else style.bgcolor
        found[name] = style.without_color + Style.from_color(color, background)
    return Palette(**found)
