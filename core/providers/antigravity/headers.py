"""Which call carries which headers, and the one device that an account is.

Nothing of a client's own headers comes here. Sources: seed 000 (image calls), seed 001 (all others).
"""

from __future__ import annotations

import secrets
import sys
import uuid
from typing import Final, Literal

from core.domain.accounts import Device
from core.domain.secret import Secret
from core.wire.gemini import to_json

CallKind = Literal["chat", "image", "project", "metadata", "userinfo", "token"]
Headers = tuple[tuple[str, str], ...]

TABLE: Final[dict[CallKind, tuple[str, ...]]] = {
    "chat": (
        "Authorization",
        "Content-Type",
        "Accept",
        "User-Agent",
        "X-Goog-Api-Client",
        "Client-Metadata",
    ),
    "image": (
        "Authorization",
        "Content-Type",
        "Accept",
        "User-Agent",
        "X-Goog-Api-Client",
        "X-Goog-QuotaUser",
        "X-Client-Device-Id",
        "Client-Metadata",
    ),
    "project": (
        "Authorization",
        "Content-Type",
        "Accept",
        "User-Agent",
        "X-Goog-Api-Client",
        "Client-Metadata",
    ),
    "metadata": ("Authorization", "Content-Type", "Accept", "User-Agent"),
    "userinfo": ("Authorization", "Accept", "User-Agent"),
    "token": ("Content-Type", "Accept", "User-Agent"),
}
"""Names by call, in the order they are sent."""

JSON: Final = "application/json"
ACCEPT: Final[dict[CallKind, str]] = {"chat": "text/event-stream"}
CONTENT_TYPE: Final[dict[CallKind, str]] = {"token": "application/x-www-form-urlencoded"}
API_CLIENT: Final = "google-cloud-sdk vscode_cloudshelleditor/0.1"
PLAIN_AGENT: Final = "agtui"
PLAIN: Final = ("userinfo", "token")
"""Calls to Google's sign-in, which say what they are."""

METADATA_PLATFORM: Final[dict[str, str]] = {
    "windows/amd64": "WINDOWS",
    "darwin/arm64": "MACOS",
    "darwin/amd64": "MACOS",
}


def metadata(device: Device) -> dict[str, str]:
    """Client metadata that agrees with the device's user agent; key order matters."""
    return {
        "ideType": "ANTIGRAVITY",
        "platform": METADATA_PLATFORM[device.platform],
        "pluginType": "GEMINI",
    }


def headers(kind: CallKind, device: Device, version: str, token: Secret | None = None) -> Headers:
    """The headers of one call. `version` is the app version that the call names."""
    values = {
        "Authorization": f"Bearer {token.reveal()}" if token else "",
        "Content-Type": CONTENT_TYPE.get(kind, JSON),
        "Accept": ACCEPT.get(kind, JSON),
        "User-Agent": PLAIN_AGENT if kind in PLAIN else f"antigravity/{version} {device.platform}",
        "X-Goog-Api-Client": API_CLIENT,
        "X-Goog-QuotaUser": device.quota_user,
        "X-Client-Device-Id": device.device_id,
        "Client-Metadata": to_json(metadata(device)).decode(),
    }
    return tuple((name, values[name]) for name in TABLE[kind] if values[name])


def new_device() -> Device:
    """A new account's device: made once, kept with the account, never rotated.

    macOS is named where we run on it; elsewhere the platform is the seed's.
    """
    return Device(
        device_id=str(uuid.uuid4()),
        quota_user=f"device-{secrets.token_hex(8)}",
        platform="darwin/arm64" if sys.platform == "darwin" else "windows/amd64",
    )
