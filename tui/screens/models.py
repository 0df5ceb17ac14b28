"""Choosing a model from a list with facts: what it can do, how much context, how much quota is left."""

from __future__ import annotations

from typing import Any

from textual.app import App

from core.domain.models import ModelInfo
from core.domain.quota import percent, quota_cells
from core.services import Services
from tui import format as say
from tui.widgets.picker import Picker, PickerColumn
from tui.widgets.picker_list import PickerRow

COLUMNS = (PickerColumn("context", right=True), PickerColumn("can"), PickerColumn("left"))


async def choose_model(app: App[Any], services: Services, kind: str, current: str) -> str:
    """The id of the chosen model of `kind` (`chat` or `image`); empty after esc."""
    models = [model for model in await services.generation.models() if model.kind == kind]
    rows = [model_row(model) for model in sorted(models, key=lambda model: (not model.accounts, model.id))]
    chosen = await app.push_screen_wait(Picker("Model", rows, COLUMNS, current=current))
    return chosen or ""


def model_row(model: ModelInfo) -> PickerRow:
    """One model; its hint says what the columns leave out."""
    abilities = ["thinks"] if model.thinking != "never" else []
    abilities += ["sees"] if model.images_in else []
    abilities += ["tools"] if model.tools else []
    left = (
        "–"
        if model.fraction is None
        else f"{quota_cells(model.fraction, 6)} {percent(model.fraction).strip()}"
    )
    accounts = f"{model.accounts} {'account has' if model.accounts == 1 else 'accounts have'} it"
    facts = (say.count(model.context) if model.context else "–", " ".join(abilities), left)
    return PickerRow(model.id, model.id, facts, f"{model.label or model.id} · {model.family} · {accounts}")
