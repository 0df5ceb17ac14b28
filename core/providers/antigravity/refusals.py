"""What is added to a failure once it is known which request it answers: a trace, and a repair."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

from msgspec import structs

from core.domain.failure import Failure, Kind
from core.domain.requests import ChatRequest, ImageRequest

from .encode import Sender, request_object
from .image import image_object
from .models import Facts
from .repairs import accused_tools, proposed

log = logging.getLogger("agtui.providers.antigravity")

TRACE: Final = "x-cloudaicompanion-trace-id"
LONGEST_TRACE: Final = 64
LONGEST_SCHEMA: Final = 2_000


def traced(failure: Failure, headers: Mapping[str, str]) -> Failure:
    """The failure with the id under which Google has logged the call, for our log."""
    trace = headers.get(TRACE, "")[:LONGEST_TRACE]
    if not trace.isprintable() or not trace:
        return failure
    return structs.replace(failure, detail=f"{failure.detail} (trace {trace})".strip())


def repairable_chat(failure: Failure, request: ChatRequest, row: Facts, sender: Sender) -> Failure:
    """The failure with the repair that it asks for, if it is a 400 that names one."""
    if failure.status != 400 or failure.kind is not Kind.BAD_REQUEST:
        return failure
    name = proposed(
        failure.detail,
        request.repairs,
        lambda repairs: request_object(structs.replace(request, repairs=repairs), row, sender),
    )
    if name.startswith("schema"):
        for tool in accused_tools(request_object(request, row, sender), name.partition(":")[2]):
            schema = bytes(tool["parameters"]).decode()[:LONGEST_SCHEMA]
            log.warning("the schema of the tool %s was refused: %s", tool["name"], schema)
    return structs.replace(failure, repair=name)


def repairable_image(failure: Failure, request: ImageRequest, row: Facts) -> Failure:
    """The same for a picture."""
    if failure.status != 400 or failure.kind is not Kind.BAD_REQUEST:
        return failure
    name = proposed(
        failure.detail,
        request.repairs,
        lambda repairs: image_object(structs.replace(request, repairs=repairs), row),
    )
    return structs.replace(failure, repair=name)
