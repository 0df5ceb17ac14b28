"""How an answer ends: its last word, what a search found, and the ways of coming to nothing. Pure."""

from __future__ import annotations

from typing import Final

from core.domain.content import Retrieved, Search, Source
from core.domain.events import Finished, FinishReason
from core.domain.failure import Cause, Failure, Kind, Scope
from core.wire.gemini import URL_READ, Grounding, PromptFeedback, UrlContext, UrlMetadata, finish_reason

BLOCKED: Final = "Google's filter stopped the answer ({reason}). Put the question differently."

CUT: Final = Failure(
    Kind.UPSTREAM,
    "The answer broke off before its end. What has arrived is kept; ask again to go on.",
    scope=Scope.ENDPOINT,
    cause=Cause.CUT,
)
"""The body is over and no finish reason has come."""

HOLE: Final = Failure(
    Kind.UPSTREAM,
    "A part of the answer came damaged, so it stops here. What has arrived is kept; ask again to go on.",
    scope=Scope.ENDPOINT,
    cause=Cause.CUT,
)
"""Something in the middle can't be read."""


OUTDATED_LONGEST: Final = 300
OUTDATED: Final = tuple(
    f"{whose} version of antigravity is no longer supported" for whose in ("this", "your")
)
"""A short answer that begins with one of these is a refusal of the client version (upstream notes 3.5)."""


def refuses_version(text: str) -> bool:
    """Whether a whole answer is nothing but that refusal."""
    return len(text) <= OUTDATED_LONGEST and _plain(text).startswith(OUTDATED)


def may_refuse_version(text: str) -> bool:
    """Whether an answer that has begun with `text` may become that refusal."""
    begun = _plain(text)
    return len(text) <= OUTDATED_LONGEST and any(
        begun.startswith(sentence) or sentence.startswith(begun) for sentence in OUTDATED
    )


def _plain(text: str) -> str:
    return text.lower().lstrip(" \t\r\n\"'*_#>-")


def ending(reason: str, message: str, blocked: PromptFeedback | None) -> Finished:
    """The last event. `blocked` is what was said of a prompt that was not answered at all."""
    if blocked is not None and not reason:
        why = blocked.block_reason_message or blocked.block_reason or ""
        return Finished(FinishReason.CONTENT_FILTER, BLOCKED.format(reason=why))
    meaning = finish_reason(reason)
    if meaning is FinishReason.CONTENT_FILTER:
        return Finished(meaning, BLOCKED.format(reason=reason))
    return Finished(meaning, message)


def broken(reason: str, message: str) -> Failure:
    """An answer that can't be used, for one of gemini.BROKEN's reasons."""
    return Failure(
        Kind.UPSTREAM,
        "The model began an answer that can't be used, a tool call without a proper form. Ask again.",
        scope=Scope.ENDPOINT,
        cause=Cause.EMPTY,
        detail=f"{reason} {message}".strip(),
    )


def searched(found: Grounding, read: UrlContext) -> Search | None:
    """Queries, sources and pages, each source once in its order; None if there is nothing of them."""
    sources = {
        chunk.web.uri: Source(chunk.web.uri, chunk.web.title or chunk.web.domain)
        for chunk in found.grounding_chunks or ()
        if chunk.web is not None and chunk.web.uri
    }
    queries = tuple(found.web_search_queries or ())
    pages = tuple(_retrieved(page) for page in read.url_metadata or ())
    return Search(queries, tuple(sources.values()), pages) if sources or queries or pages else None


def _retrieved(page: UrlMetadata) -> Retrieved:
    status = page.url_retrieval_status
    return Retrieved(page.retrieved_url, "" if status == URL_READ else status or "no status")
