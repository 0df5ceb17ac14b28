"""The settings of the program's own rooms, a struct a section; a provider brings its own struct.

A field is a setting: its name gives `section.key`, the environment name `AGTUI_SECTION__KEY` and the
place in config.toml; its `Meta` description is the help text everywhere. `extra_json_schema` may say
`restart` (takes effect after a restart), `secret` (never shown) and `env` (names that other
programs use, read after ours). This module holds values only; `load` reads them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from core.domain.secret import Secret


def doc(text: str, least: float | None = None, most: float | None = None, **facts: Any) -> Meta:
    """A setting's help text and facts; every number has a `least` and a `most`."""
    return Meta(description=text, ge=least, le=most, extra_json_schema=facts or None)


Strategy = Literal["sticky", "round-robin", "least-loaded", "quota-first"]
AuthMode = Literal["off", "strict", "all_except_health", "auto"]


class ServerSettings(Struct, frozen=True, kw_only=True):
    """The gateway's door."""

    host: Annotated[
        str, doc("Address to listen on. Anything but loopback needs a strong key.", restart=True)
    ] = "127.0.0.1"
    port: Annotated[int, doc("Port of the gateway.", 0, 65_535, restart=True)] = 8045
    auth_mode: Annotated[
        AuthMode,
        doc("Which paths need a key: all of them (strict), all but health, or none (off, loopback only)."),
    ] = "all_except_health"
    trusted_proxies: Annotated[
        tuple[str, ...], doc("Addresses of reverse proxies whose forwarding headers are believed.")
    ] = ()
    allowed_hosts: Annotated[
        tuple[str, ...], doc("Host names that requests may name besides loopback ones.")
    ] = ()
    max_body_mb: Annotated[int, doc("Largest request body, in MiB.", 1, 256)] = 100
    header_timeout_s: Annotated[
        float, doc("Seconds a client has to send its request header.", 1, 600, restart=True)
    ] = 10.0
    heartbeat_s: Annotated[
        float, doc("Seconds of silence after which a stream gets a heartbeat.", 1, 600)
    ] = 15.0
    list_names: Annotated[
        bool,
        doc(
            "List other names of models in /v1/models beside their ids: your aliases, names of models of "
            "other vendors, and picture models with a shape."
        ),
    ] = True
    downgrade_background: Annotated[
        bool,
        doc(
            "Send titles, summaries and other small turns of coding agents (Anthropic's protocol) to the "
            "model that `internal-background-task` stands for."
        ),
    ] = False
    transcription_model: Annotated[
        str,
        doc("Model that writes down recordings where none is named, or one of OpenAI's (whisper-1 ...)."),
    ] = "gemini-3-flash"
    cursor_reasoning: Annotated[
        str,
        doc("How Cursor gets thoughts: hide, raw, think_tags or inline; empty: as the next one says."),
    ] = ""
    cursor_reasoning_default: Annotated[
        str, doc("The same where nothing is set; empty: think_tags.", env=("ANTI_CURSOR_REASONING_MODE",))
    ] = ""
    drain_s: Annotated[
        float, doc("Seconds that open streams get to finish when the program stops.", 0, 3_600)
    ] = 30.0


class StudioSettings(Struct, frozen=True, kw_only=True):
    """Pictures and their door."""

    port: Annotated[int, doc("Port of the studio API.", 0, 65_535, restart=True)] = 3333
    model: Annotated[str, doc("Model for pictures when none is named.")] = "gemini-3-pro-image"
    parallel: Annotated[int, doc("Pictures that are made at the same time.", 1, 16)] = 2


class ChatSettings(Struct, frozen=True, kw_only=True):
    """The chat tab and `agtui chat`."""

    model: Annotated[str, doc("Model for new chats.")] = "gemini-3-pro-high"
    sandbox_model: Annotated[str, doc("Model for new chats while the sandbox answers.")] = "sandbox-thinking"
    system: Annotated[str, doc("System instruction for new chats.")] = ""


class GatewaySettings(Struct, frozen=True, kw_only=True):
    """How a request finds its account."""

    attempts: Annotated[int, doc("Upstream calls a generation may use.", 1, 8)] = 3
    strategy: Annotated[
        Strategy,
        doc(
            "How an account is chosen: sticky keeps a conversation where it was; round-robin, least-loaded "
            "and quota-first (who has most left) look at the accounts alone."
        ),
    ] = "sticky"
    per_account: Annotated[
        int, doc("Calls that one account has in flight at most.", 1, 10_000, restart=True)
    ] = 4
    signature_ttl_s: Annotated[
        float,
        doc("Seconds that a model's signatures are kept for clients that lose them.", 0, 31_536_000),
    ] = 604_800.0
    bad_endpoint_s: Annotated[
        float, doc("Seconds an unreachable endpoint is left alone.", 0, 86_400, restart=True)
    ] = 600.0
    search_model: Annotated[
        str,
        doc("Model that searches the web for answers that use tools or come from a model without search."),
    ] = "gemini-2.5-flash"
    search_rounds: Annotated[
        int,
        doc("Times that such an answer may search before it has to be given; 0: it can't search.", 0, 16),
    ] = 4
    search_timeout_s: Annotated[float, doc("Seconds that one such search may take.", 1, 3_600)] = 60.0
    fetch_links: Annotated[
        bool,
        doc(
            "Follow https links to pictures, sounds, videos and PDF in requests, to public addresses only; "
            "off: such requests are refused."
        ),
    ] = True
    fetch_http: Annotated[bool, doc("Follow http links, too.")] = False


class LibrarySettings(Struct, frozen=True, kw_only=True):
    """What was made."""

    keep_api_pictures: Annotated[bool, doc("Keep pictures made over HTTP in the library, too.")] = True


class RecordsSettings(Struct, frozen=True, kw_only=True):
    """What happened."""

    database_url: Annotated[
        Secret,
        doc(
            "Database for records and index; empty: a file in the state directory.",
            restart=True,
            env=["AGTUI_DATABASE_URL"],
        ),
    ] = Secret("")
    keep_days: Annotated[int, doc("Days that request records are kept.", 1, 36_500, restart=True)] = 90
    bodies: Annotated[
        bool,
        doc(
            "Record what is said over HTTP, without secrets, at most 64 KiB a side: the request, what was "
            "sent upstream, the answer. `agtui logs --id` shows it, `agtui replay` sends it again."
        ),
    ] = False
    bodies_keys: Annotated[
        tuple[str, ...],
        doc("Names of client keys whose requests are recorded, beside the local key; `*`: all of them."),
    ] = ()
    bodies_keep_days: Annotated[int, doc("Days that recorded bodies are kept.", 1, 3_650)] = 7
    bodies_max_mb: Annotated[
        int, doc("What recorded bodies may take on disk, in MiB; the oldest go first.", 1, 65_536)
    ] = 256


class UiSettings(Struct, frozen=True, kw_only=True):
    """The terminal program."""

    theme: Annotated[str, doc("Theme: a file name from themes/ without its ending.")] = "harbor"
    mouse: Annotated[bool, doc("Take mouse events (F9 switches).")] = True


SECTIONS: dict[str, type[Struct]] = {
    "server": ServerSettings,
    "studio": StudioSettings,
    "chat": ChatSettings,
    "gateway": GatewaySettings,
    "library": LibrarySettings,
    "records": RecordsSettings,
    "ui": UiSettings,
}
