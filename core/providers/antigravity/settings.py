"""Settings of the Antigravity upstream. Values only; sources: seeds 000 and 001."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from core.config.settings import doc
from core.domain.secret import Secret
from core.providers.realms import RealmFacts

DAILY = "https://daily-cloudcode-pa.sandbox.googleapis.com"
AUTOPUSH = "https://autopush-cloudcode-pa.sandbox.googleapis.com"
PRODUCTION = "https://cloudcode-pa.googleapis.com"

Profile = Literal["seed", "minimal", "client"]

Tokens = Annotated[int, Meta(ge=1, le=100_000_000)]


class OwnModel(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A row of the user's own table of models; what it leaves out is as the id lets one expect.

    `levels` are the thinking levels that the model takes, or `budget` the (least, most) tokens it may
    think. `context` and `max_output` count tokens.
    """

    label: str = ""
    family: Literal["", "claude", "gemini-pro", "gemini-flash", "gemini-image", "gpt-oss"] = ""
    context: Tokens | None = None
    max_output: Tokens | None = None
    thinking: Literal["", "never", "asked", "always"] = ""
    levels: tuple[Literal["minimal", "low", "medium", "high"], ...] | None = None
    budget: (
        tuple[Annotated[int, Meta(ge=0, le=1_000_000)], Annotated[int, Meta(ge=1, le=1_000_000)]] | None
    ) = None


class AntigravitySettings(Struct, frozen=True, kw_only=True):
    """Google's Antigravity gateway."""

    client_id: Annotated[
        str,
        doc("OAuth client id that your accounts sign in with.", env=["ANTIGRAVITY_CLIENT_ID"], restart=True),
    ] = ""
    client_secret: Annotated[
        Secret,
        doc("Secret of the OAuth client.", env=["ANTIGRAVITY_CLIENT_SECRET"], restart=True),
    ] = Secret("")
    acknowledged: Annotated[
        str,
        doc("Date (YYYY-MM-DD) you acknowledged that use outside Google's own app may end your account."),
    ] = ""
    project_id: Annotated[
        str,
        doc("Project for accounts that have none of their own.", env=["ANTIGRAVITY_PROJECT_ID"]),
    ] = ""
    endpoints: Annotated[
        tuple[str, ...], doc("Addresses to ask for answers, in this order.", restart=True)
    ] = (DAILY, AUTOPUSH, PRODUCTION)
    metadata_endpoints: Annotated[
        tuple[str, ...],
        doc(
            "Addresses to ask for projects and model lists, in this order; empty: production first, "
            "or the answer addresses if those were changed.",
            restart=True,
        ),
    ] = ()
    token_url: Annotated[str, doc("Where refresh tokens are exchanged.", restart=True)] = (
        "https://oauth2.googleapis.com/token"
    )
    authorize_url: Annotated[str, doc("Where a sign-in begins.", restart=True)] = (
        "https://accounts.google.com/o/oauth2/auth"
    )
    userinfo_url: Annotated[str, doc("Where the e-mail of an account is asked.", restart=True)] = (
        "https://www.googleapis.com/oauth2/v1/userinfo?alt=json"
    )
    client_version: Annotated[
        str,
        doc("Version of the Antigravity app that calls name; raise it when Google calls it outdated."),
    ] = "1.15.8"
    header_profile: Annotated[
        Profile,
        doc(
            "Headers that calls carry: the documented ones (seed), hardly any (minimal), "
            "or those of the app's newer versions (client)."
        ),
    ] = "seed"
    device_on_chat: Annotated[
        bool, doc("In the profile seed: name the account's device with chats, too, not with pictures only.")
    ] = False
    models: Annotated[
        dict[str, OwnModel],
        doc(
            "Your own table of models, over and beside the known ones; see below.",
            restart=True,
        ),
    ] = field(default_factory=dict[str, OwnModel])
    system_preamble: Annotated[str, doc("Text put before every system instruction.")] = ""
    send_request_type: Annotated[bool, doc("Say with every call what kind it is (agent, image_gen).")] = False
    enable_credits: Annotated[
        bool, doc("Let Google spend the account's own Google One AI credits when its quota is used up.")
    ] = False
    connect_timeout_s: Annotated[float, doc("Seconds for a connection to come about.", 1, 300)] = 10.0
    token_timeout_s: Annotated[float, doc("Seconds for a token or e-mail call.", 1, 300)] = 15.0
    metadata_timeout_s: Annotated[float, doc("Seconds for a project or model list call.", 1, 300)] = 10.0
    answer_timeout_s: Annotated[float, doc("Seconds until an answer begins.", 1, 3_600)] = 60.0
    thinking_timeout_s: Annotated[
        float, doc("Seconds until an answer of a thinking or a picture model begins.", 1, 3_600)
    ] = 300.0
    idle_timeout_s: Annotated[
        float, doc("Longest silence in the middle of an answer, in seconds.", 1, 3_600)
    ] = 120.0
    thinking_idle_timeout_s: Annotated[
        float, doc("Longest silence in the middle of a thinking model's answer, in seconds.", 1, 3_600)
    ] = 300.0
    onboard_polls: Annotated[int, doc("Polls for a new account's project.", 1, 100)] = 10
    onboard_poll_s: Annotated[float, doc("Seconds between two such polls.", 0, 60, restart=True)] = 5.0

    def realm(self) -> RealmFacts:
        """The real realm."""
        untouched = self.endpoints == (DAILY, AUTOPUSH, PRODUCTION)
        metadata = (PRODUCTION, DAILY, AUTOPUSH) if untouched else self.endpoints
        return RealmFacts(
            endpoints=tuple(address.rstrip("/") for address in self.endpoints),
            metadata_endpoints=tuple(a.rstrip("/") for a in self.metadata_endpoints or metadata),
            token_url=self.token_url,
            authorize_url=self.authorize_url,
            userinfo_url=self.userinfo_url,
            client_id=self.client_id,
            client_secret=self.client_secret,
            poll_s=self.onboard_poll_s,
        )
