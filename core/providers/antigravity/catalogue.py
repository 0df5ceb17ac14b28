"""The live model list: `fetchAvailableModels` read into models and quota windows. Pure.

A window is a family of models, because families share their quota. The wire omits zero: a missing
fraction beside a reset time is 0, without one it is unknown.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct, field

from core.domain.accounts import ModelQuota, QuotaWindow
from core.domain.models import ModelInfo
from core.domain.ports import Catalogue

from .models import facts_of, model_info

HIDDEN: Final = ("chat_", "tab_")
"""Starts of ids that are for the app's own use."""


class _Quota(Struct, rename="camel"):
    remaining_fraction: float | None = None
    reset_time: str | None = None


class _Model(Struct, rename="camel"):
    display_name: str | None = None
    model_name: str | None = None
    max_tokens: int | None = None
    max_output_tokens: int | None = None
    supports_images: bool | None = None
    supports_thinking: bool | None = None
    quota_info: _Quota | None = None


class _Replacement(Struct, rename="camel"):
    new_model_id: str = ""


class _List(Struct, rename="camel"):
    models: dict[str, _Model] = field(default_factory=dict[str, _Model])
    deprecated_model_ids: dict[str, _Replacement] | None = None


def read_catalogue(body: bytes, now: float) -> Catalogue:
    """Read the reply. `now` is unix seconds. Raises msgspec.DecodeError for anything else."""
    listed = msgspec.json.decode(body, type=_List)
    models: list[ModelInfo] = []
    windows: dict[str, list[ModelQuota]] = {}
    for model_id, row in listed.models.items():
        if model_id.startswith(HIDDEN) or (row.quota_info is None and not row.display_name):
            continue
        quota = _own(model_id, row.quota_info, now)
        info = _info(model_id, row, quota)
        models.append(info)
        windows.setdefault(info.family, []).append(quota)
    return Catalogue(
        models=tuple(models),
        quotas=tuple(_shared(family, members) for family, members in sorted(windows.items())),
        retired={
            old: new.new_model_id
            for old, new in (listed.deprecated_model_ids or {}).items()
            if new.new_model_id
        },
    )


def _info(model_id: str, row: _Model, quota: ModelQuota) -> ModelInfo:
    """The live row over what is known of the model by itself."""
    known = model_info(facts_of(model_id))
    thinking = known.thinking
    if row.supports_thinking is False:
        thinking = "never"
    elif row.supports_thinking and thinking == "never":
        thinking = "asked"
    return msgspec.structs.replace(
        known,
        label=row.display_name or row.model_name or known.label,
        context=row.max_tokens or known.context,
        max_output=row.max_output_tokens or known.max_output,
        thinking=thinking,
        images_in=known.images_in if row.supports_images is None else row.supports_images,
        fraction=quota.fraction,
    )


def _own(model: str, told: _Quota | None, now: float) -> ModelQuota:
    if told is None:
        return ModelQuota(model)
    reset = _unix(told.reset_time or "")
    if told.remaining_fraction is not None:
        fraction = min(1.0, max(0.0, told.remaining_fraction))
    else:
        fraction = 0.0 if told.reset_time else None
    return ModelQuota(model, fraction, reset if reset is not None and reset > now else None)


def _shared(family: str, members: list[ModelQuota]) -> QuotaWindow:
    """One window for a family: the least that is left, the first reset of those that are not full."""
    fractions = [one.fraction for one in members if one.fraction is not None]
    used = [one for one in members if one.fraction is not None and one.fraction < 1] or members
    resets = [one.reset_at for one in used if one.reset_at is not None]
    return QuotaWindow(family, min(fractions, default=None), min(resets, default=None), tuple(members))


def _unix(text: str) -> float | None:
    """Unix seconds of an RFC 3339 time."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None
