"""What is known of each model, from the surest to the least: the user's own table, live lists, the built-in
table, the name.

A live list tells limits and whether a model thinks; it stands for every account, because what a model can
do does not depend on who asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import structs

from core.domain.models import ModelInfo
from core.domain.requests import ChatRequest, Effort

from .models import NEWEST, TABLE, Facts, expected, facts_of, model_info
from .names import resolve, with_name
from .settings import OwnModel

UNLISTED: Final = frozenset(row.id for row in NEWEST)


class Models:
    """The models of one provider; `own` is the user's table, by id."""

    def __init__(self, own: Mapping[str, OwnModel]) -> None:
        self._own = dict(own)
        rows = {model: own_facts(facts_of(model), row) for model, row in own.items()}
        self._table: dict[str, Facts] = TABLE | rows

    def facts(self, model: str) -> Facts:
        return self._table.get(model) or facts_of(model)

    def listed(self, sandbox: bool) -> tuple[ModelInfo, ...]:
        """What is offered while no live list is known; the sandbox's own models only with a sandbox."""
        shown = (model for model in TABLE | self._own if model not in UNLISTED or model in self._own)
        rows = [self._table[model] for model in shown]
        return tuple(model_info(row) for row in rows if sandbox or not row.sandbox)

    def learn(self, live: Iterable[ModelInfo]) -> tuple[ModelInfo, ...]:
        """Take in an account's live list; it comes back with the user's own rows over and beside it."""
        offered: dict[str, ModelInfo] = {}
        for model in live:
            told, own = _as_told(facts_of(model.id), model), self._own.get(model.id)
            self._table[model.id] = told if own is None else own_facts(told, own)
            offered[model.id] = model
            if own is not None:
                shown = model_info(self._table[model.id])
                offered[model.id] = structs.replace(shown, fraction=model.fraction, images_in=model.images_in)
        beside = (model_info(self._table[model]) for model in self._own if model not in offered)
        return (*offered.values(), *beside)

    def resolve(self, model: str, effort: Effort | None = None) -> str:
        """The id that is sent for a name that a client may use; unknown names pass through."""
        return resolve(model, effort, self._table)

    def with_name(self, request: ChatRequest) -> ChatRequest:
        """The request with what its model's name says beyond the model."""
        return with_name(request, self._table)


def own_facts(base: Facts, row: OwnModel) -> Facts:
    """A row of the user's over what is known of the model otherwise."""
    if row.family and row.family != base.family:
        base = expected(base.id, row.family)
    said = {name: value for name, value in structs.asdict(row).items() if value not in (None, "")}
    if row.levels is not None:
        said["budget"] = None
    elif row.budget is not None:
        said["levels"] = ()
    return structs.replace(base, **said)


def _as_told(row: Facts, live: ModelInfo) -> Facts:
    return structs.replace(
        row, context=live.context, max_output=live.max_output, thinking=live.thinking, label=live.label
    )
