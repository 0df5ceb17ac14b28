"""Models by name: lists that show other names beside ids, and what a name says. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from msgspec import structs

from core.domain.models import Meaning, ModelInfo
from core.wire.pictures import split_model

Leads = Callable[[str], tuple[str, ...]]
"""From a name to the ids that it may lead to, the likeliest first."""


def with_names(offered: Sequence[ModelInfo], names: Iterable[str], leads: Leads) -> list[ModelInfo]:
    """`offered`, and each of `names` as the model that it leads to, sorted by id. A name that leads to
    nothing that is offered is left out, as one is that is an id itself."""
    known = {model.id: model for model in reversed(offered)}
    named: dict[str, ModelInfo] = {}
    for name in names:
        if name not in known and (model := _first(name, known, leads)) is not None:
            named[name] = structs.replace(model, id=name, label=name, leads_to=model.id)
    return sorted((*offered, *named.values()), key=lambda model: model.id)


def meaning(model: str, meant: str, offered: Sequence[ModelInfo], leads: Leads) -> Meaning:
    """What `model` stands for; `meant` is what the user's aliases make of it.

    A picture model keeps what its name says of the shape: it is read where the picture is asked for.
    """
    known = {one.id: one for one in offered}
    found = _first(model, known, leads)
    sent = found.id if found is not None else next(iter(leads(model)), meant)
    paints = found.kind == "image" if found is not None else "image" in sent
    if not paints:
        return Meaning(model, sent, found.kind if found is not None else "chat")
    shape = split_model(meant)
    return Meaning(model, meant if shape.model == sent else sent, "image", shape.aspect, shape.size)


def _first(name: str, known: dict[str, ModelInfo], leads: Leads) -> ModelInfo | None:
    return next((known[one] for one in leads(name) if one in known), None)
