"""What the lists of models of all protocols have alike."""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.models import ModelInfo


def once(models: Sequence[ModelInfo]) -> list[ModelInfo]:
    """Each id once, in the order given; of several with one id the first counts."""
    unique: dict[str, ModelInfo] = {}
    for model in models:
        unique.setdefault(model.id, model)
    return list(unique.values())
