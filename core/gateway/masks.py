"""Masks as models understand them: white on black. Clients of OpenAI mark by making transparent instead."""

from __future__ import annotations

import asyncio

from msgspec import structs

from core.domain.content import Base64Text, Media
from core.domain.failure import GatewayError, Kind
from core.library.pixels import painted_mask
from core.wire.picture_bytes import base64_of, raw_bytes


async def painted(media: Media) -> Media:
    """A mask in white on black; other pictures as they are. Raises GatewayError that names `mask`."""
    if media.role != "mask":
        return media
    try:
        found = await asyncio.to_thread(painted_mask, await raw_bytes(media))
    except GatewayError as error:
        kind = Kind.TOO_LARGE if error.failure.kind is Kind.TOO_LARGE else Kind.BAD_REQUEST
        said = f"`mask` can't be used: {error.failure.public_message}"
        failure = structs.replace(error.failure, kind=kind, public_message=said)
        raise GatewayError(structs.replace(failure, params=failure.params | {"param": "mask"})) from error
    if found is None:
        return media
    content = await base64_of(Media("image/png", found))
    return structs.replace(media, mime="image/png", data=Base64Text(content))
