"""The AI routes, a module a protocol family; `protocols` lists them.

Where several serve one path, the first that claims a request gets it; the last is whose words are used
for paths that nobody serves.
"""

from __future__ import annotations

from core.domain.ports import Clock
from core.services import Generation, Studio

from ..family import Family
from ..files import PictureLinks
from . import anthropic, cursor, gemini, openai


def protocols(
    generation: Generation, studio: Studio, links: PictureLinks, clock: Clock
) -> tuple[Family, ...]:
    """Every protocol that clients may speak, ready to be served."""
    return (
        anthropic.family(generation),
        gemini.family(generation),
        cursor.family(generation),
        openai.family(generation, studio, links, clock),
    )
