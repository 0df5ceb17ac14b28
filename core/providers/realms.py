"""Where a provider's realm is: addresses and the client it signs in as."""

from __future__ import annotations

from msgspec import Struct

from core.domain.secret import Secret


class RealmFacts(Struct, frozen=True, kw_only=True):
    """One realm of a provider, real or sandbox. Addresses carry their scheme and no path.

    `endpoints` are tried in order for answers, `metadata_endpoints` for project and catalogue calls.
    `poll_s` is the time between two polls of a long-running operation, in seconds.
    """

    endpoints: tuple[str, ...]
    token_url: str
    authorize_url: str
    userinfo_url: str
    client_id: str
    client_secret: Secret
    metadata_endpoints: tuple[str, ...] = ()
    poll_s: float = 5.0

    @property
    def metadata(self) -> tuple[str, ...]:
        return self.metadata_endpoints or self.endpoints
