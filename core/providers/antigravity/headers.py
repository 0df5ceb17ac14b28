"""Which call carries which headers, and the one device that an account is.

Nothing of a client's own headers comes here. Sources: seed 000 (image calls), seed 001 (all others), and
for the profiles besides `seed` what other programs send.
"""

from __future__ import annotations

import secrets
import sys
import uuid
from functools import lru_cache
from typing import Final, Literal

from msgspec import Struct

from core.domain.accounts import Device
from core.domain.secret import Secret
from core.wire.gemini import to_json

from .settings import AntigravitySettings, Profile

CallKind = Literal["chat", "image", "project", "metadata", "userinfo", "token"]
Headers = tuple[tuple[str, str], ...]

BASE: Final = ("Authorization", "Content-Type", "Accept", "User-Agent")
DEVICE: Final = ("X-Goog-QuotaUser", "X-Client-Device-Id")
CLIENT: Final = (
    *BASE,
    "X-Goog-Api-Client",
    "x-client-name",
    "x-client-version",
    "x-machine-id",
    "X-Machine-Session-Id",
    "x-vscode-sessionid",
    "anthropic-beta",
)
EVERYWHERE: Final[dict[CallKind, tuple[str, ...]]] = {
    "project": (*BASE, "X-Goog-Api-Client", "Client-Metadata"),
    "metadata": BASE,
    "userinfo": ("Authorization", "Accept", "User-Agent"),
    "token": ("Content-Type", "Accept", "User-Agent"),
}
"""Calls that are the same in every profile."""

PROFILES: Final[dict[Profile, dict[CallKind, tuple[str, ...]]]] = {
    "seed": {
        "chat": (*BASE, "X-Goog-Api-Client", "Client-Metadata"),
        "image": (*BASE, "X-Goog-Api-Client", *DEVICE, "Client-Metadata"),
        **EVERYWHERE,
    },
    "minimal": {"chat": (*BASE, "anthropic-beta"), "image": BASE, **EVERYWHERE},
    "client": {"chat": CLIENT, "image": CLIENT, **EVERYWHERE},
}
"""Names by call, in the order they are sent; a name without a value is left out."""

JSON: Final = "application/json"
ACCEPT: Final[dict[CallKind, str]] = {"chat": "text/event-stream"}
CONTENT_TYPE: Final[dict[CallKind, str]] = {"token": "application/x-www-form-urlencoded"}
API_CLIENT: Final = "google-cloud-sdk vscode_cloudshelleditor/0.1"
API_CLIENTS: Final[dict[Profile, str]] = {"client": "gl-node/18.18.2 fire/0.8.6 grpc/1.10.x"}
"""What answers are asked with where a profile has a word of its own for it."""

INTERLEAVED: Final = "interleaved-thinking-2025-05-14"
"""`anthropic-beta` of a Claude that thinks."""

PLAIN_AGENT: Final = "agtui"
PLAIN: Final = ("userinfo", "token")
"""Calls to Google's sign-in, which say what they are."""

METADATA_PLATFORM: Final[dict[str, str]] = {
    "windows/amd64": "WINDOWS",
    "darwin/arm64": "MACOS",
    "darwin/amd64": "MACOS",
}


class Style(Struct, frozen=True):
    """How calls introduce themselves: `version` of the app, and the header profile.

    `device_on_chat` sends the device with chats, too, where the profile knows it for pictures only;
    `run` tells this run of the program from others, for the profile that names sessions.
    """

    version: str
    profile: Profile = "seed"
    device_on_chat: bool = False
    run: str = ""


def style_of(settings: AntigravitySettings, run: str = "") -> Style:
    return Style(settings.client_version, settings.header_profile, settings.device_on_chat, run)


def metadata(device: Device) -> dict[str, str]:
    """Client metadata that agrees with the device's user agent; key order matters."""
    return {
        "ideType": "ANTIGRAVITY",
        "platform": METADATA_PLATFORM[device.platform],
        "pluginType": "GEMINI",
    }


def headers(
    kind: CallKind, device: Device, style: Style, token: Secret | None = None, claude_thinks: bool = False
) -> Headers:
    """The headers of one call."""
    names = PROFILES[style.profile][kind]
    if kind == "chat" and style.profile == "seed" and style.device_on_chat:
        names = PROFILES["seed"]["image"]
    answers = kind in ("chat", "image")
    session = _session(style.run, device.device_id)
    values = {
        "Authorization": f"Bearer {token.reveal()}" if token else "",
        "Content-Type": CONTENT_TYPE.get(kind, JSON),
        "Accept": ACCEPT.get(kind, JSON),
        "User-Agent": PLAIN_AGENT if kind in PLAIN else f"antigravity/{style.version} {device.platform}",
        "X-Goog-Api-Client": API_CLIENTS.get(style.profile, API_CLIENT) if answers else API_CLIENT,
        "X-Goog-QuotaUser": device.quota_user,
        "X-Client-Device-Id": device.device_id,
        "Client-Metadata": to_json(metadata(device)).decode(),
        "x-client-name": "antigravity",
        "x-client-version": style.version,
        "x-machine-id": device.device_id,
        "X-Machine-Session-Id": session,
        "x-vscode-sessionid": session,
        "anthropic-beta": INTERLEAVED if claude_thinks else "",
    }
    return tuple((name, values[name]) for name in names if values[name])


@lru_cache(maxsize=256)
def _session(run: str, device_id: str) -> str:
    """The session of an account in this run: the same value under two accounts would tie them together."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{run}/{device_id}"))


def new_device() -> Device:
    """A new account's device: made once, kept with the account, never rotated.

    macOS is named where we run on it; elsewhere the platform is the seed's.
    """
    return Device(
        device_id=str(uuid.uuid4()),
        quota_user=f"device-{secrets.token_hex(8)}",
        platform="darwin/arm64" if sys.platform == "darwin" else "windows/amd64",
    )
