"""Links in a request: what they lead to is fetched before anybody is asked, held for that request and then
forgotten. The fetcher decides where a link may lead; this decides how many, how much, and whether at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from msgspec import structs

from core.config.settings import GatewaySettings
from core.domain.content import Base64Text, Media, Turn, Url, media_of, with_media
from core.domain.failure import Failure, GatewayError, Kind
from core.domain.ports import LinkFetcher
from core.wire.picture_bytes import base64_of

MIB: Final = 1024 * 1024
MOST_LINKS: Final = 16
MOST_OF_A_REQUEST: Final = 40 * MIB
MOST_OF_ALL: Final = 256 * MIB
"""Bytes that links have brought and requests still need, by all requests together."""


class Links:
    """Fills in what links lead to. `release` gives back what a request held; call it once it is over."""

    def __init__(
        self,
        fetcher: LinkFetcher | None,
        settings: Callable[[], GatewaySettings],
        most_of_all: int = MOST_OF_ALL,
    ) -> None:
        self._fetcher, self._settings = fetcher, settings
        self._most_of_all = most_of_all
        self._held: dict[str, int] = {}

    @property
    def held(self) -> int:
        return sum(self._held.values())

    async def filled(self, turns: tuple[Turn, ...], request_id: str) -> tuple[Turn, ...]:
        """The turns with content where links were. A link that stands there twice is followed once.

        Raises GatewayError: bad_request that names the member, unavailable when too much is held.
        """
        found: dict[str, str] = {}
        for turn in turns:
            for media in media_of(turn.parts):
                if isinstance(media.data, Url):
                    found.setdefault(media.data.url, media.data.at)
        if not found:
            return turns
        fetched = dict(zip(found, await self._all(self._allowed(found), found, request_id), strict=True))

        def filled(media: Media) -> Media:
            if not isinstance(media.data, Url):
                return media
            content = fetched[media.data.url]
            return structs.replace(media, mime=content.mime, data=content.data)

        return with_media(turns, filled)

    def release(self, request_id: str) -> None:
        self._held.pop(request_id, None)

    def _allowed(self, found: dict[str, str]) -> LinkFetcher:
        first = next(iter(found.values()))
        if self._fetcher is None or not self._settings().fetch_links:
            raise _about(
                first,
                "Links are not followed here (the setting gateway.fetch_links is off). "
                "Send the content itself, as a data: URL or base64.",
                "unsupported_url",
            )
        if len(found) > MOST_LINKS:
            raise _about(
                list(found.values())[MOST_LINKS],
                f"The request holds {len(found)} links; at most {MOST_LINKS} are followed. "
                "Send the content of the others itself, as data: URLs or base64.",
                "unsupported_url",
            )
        return self._fetcher

    async def _all(self, fetcher: LinkFetcher, found: dict[str, str], request_id: str) -> list[Media]:
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self._one(fetcher, url, at, request_id)) for url, at in found.items()
                ]
        except* GatewayError as failed:
            self.release(request_id)
            first: BaseException = failed
            while isinstance(first, BaseExceptionGroup):
                first = first.exceptions[0]
            raise first from None
        return [task.result() for task in tasks]

    async def _one(self, fetcher: LinkFetcher, url: str, at: str, request_id: str) -> Media:
        try:
            fetched = await fetcher.fetch(url)
        except GatewayError as error:
            named = {"param": at} if at else {}
            failure = structs.replace(error.failure, params=error.failure.params | named)
            if at:
                failure = structs.replace(failure, public_message=f"`{at}`: {failure.public_message}")
            raise GatewayError(failure) from error
        self._hold(request_id, len(fetched.content), at)
        return Media(fetched.mime, Base64Text(await base64_of(Media(fetched.mime, fetched.content))))

    def _hold(self, request_id: str, size: int, at: str) -> None:
        held = self._held.get(request_id, 0) + size
        if held > MOST_OF_A_REQUEST:
            raise _about(
                at,
                f"The links of the request lead to more than {MOST_OF_A_REQUEST // MIB} MiB together. "
                "Send fewer or smaller files.",
                "unsupported_media",
            )
        if self.held + size > self._most_of_all:
            raise GatewayError(
                Failure(
                    Kind.UNAVAILABLE,
                    "Too many large files are being read at the same time. Ask again in a moment.",
                    retry_after=2.0,
                )
            )
        self._held[request_id] = held


def _about(at: str, message: str, code: str) -> GatewayError:
    params = {"code": code} | ({"param": at} if at else {})
    return GatewayError.of(Kind.BAD_REQUEST, f"`{at}`: {message}" if at else message, params=params)
