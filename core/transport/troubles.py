"""Network trouble said as failures: what happened to which host, and what to do about it.

Knows exceptions and hosts; knows nothing of HTTP statuses or accounts. Scope is always the endpoint.
"""

from __future__ import annotations

import socket
import ssl
from typing import cast
from urllib.parse import urlsplit

from core.domain.failure import Cause, Failure, GatewayError, Kind, Scope


def host_of(url: str) -> str:
    """`host` or `host:port` as a person would name it; never a path, a query or a password."""
    parts = urlsplit(url)
    host = parts.hostname or url
    return f"{host}:{parts.port}" if parts.port else host


def unreachable(url: str, error: BaseException) -> GatewayError:
    """No connection came about; nothing was sent."""
    host = host_of(url)
    return _trouble(Kind.UNAVAILABLE, Cause.CONNECT, _why_unreachable(host, error), error)


def closing(url: str) -> GatewayError:
    """The program is on its way out; nothing was sent."""
    return _trouble(
        Kind.UNAVAILABLE,
        Cause.CONNECT,
        f"agtui is stopping, so {host_of(url)} was not called. Start it and ask again.",
    )


def connect_too_slow(url: str, seconds: float) -> GatewayError:
    return _trouble(
        Kind.UNAVAILABLE,
        Cause.CONNECT,
        f"{host_of(url)} did not take the connection within {seconds:g} s. "
        "Check the network, a firewall or the proxy, then try again.",
    )


def head_too_slow(url: str, seconds: float) -> GatewayError:
    return _trouble(
        Kind.TIMEOUT,
        Cause.SILENT,
        f"{host_of(url)} gave no answer within {seconds:g} s. Try again, or pick a faster model.",
    )


def took_too_long(url: str, seconds: float) -> GatewayError:
    return _trouble(
        Kind.TIMEOUT,
        Cause.SILENT,
        f"The answer of {host_of(url)} took longer than {seconds:g} s. Ask for less or raise the limit.",
    )


def went_silent(url: str, seconds: float) -> GatewayError:
    return _trouble(
        Kind.TIMEOUT,
        Cause.SILENT,
        f"{host_of(url)} stopped sending for {seconds:g} s in the middle of the answer. "
        "What has arrived is kept; ask again to go on.",
    )


def cut(url: str, error: BaseException | None = None) -> GatewayError:
    """The connection ended before the body did."""
    return _trouble(
        Kind.UPSTREAM,
        Cause.CUT,
        f"The connection to {host_of(url)} broke off in the middle of the answer. "
        "What has arrived is kept; ask again to go on.",
        error,
    )


def no_head(url: str, error: BaseException) -> GatewayError:
    """The connection ended after the request went out and before a head came back."""
    return _trouble(
        Kind.UPSTREAM,
        Cause.CUT,
        f"{host_of(url)} closed the connection without an answer. Try again.",
        error,
    )


def too_large(url: str, limit: int) -> GatewayError:
    return _trouble(
        Kind.UPSTREAM,
        Cause.SERVER,
        f"{host_of(url)} answered with more than {limit // 1024:,} KiB, too much for this call.",
    )


def bad_address(url: str, error: BaseException) -> GatewayError:
    return _trouble(
        Kind.UNAVAILABLE,
        Cause.CONFIG,
        f"{url!r} is no address that can be called. Correct the endpoint in the settings: "
        "it needs https:// (or http:// on this machine) and a host.",
        error,
    )


def bad_header(url: str, error: BaseException) -> GatewayError:
    """A header of ours can't be sent; its value is not shown. Nothing was sent."""
    return _trouble(
        Kind.UNAVAILABLE,
        Cause.CONFIG,
        f"A header for {host_of(url)} holds characters that can't be sent. "
        "Look for line breaks or letters outside Latin-1 in a key, token or header of the settings.",
        ValueError(type(error).__name__),
    )


def _trouble(kind: Kind, cause: Cause, message: str, error: BaseException | None = None) -> GatewayError:
    detail = "" if error is None else f"{type(error).__name__}: {error}"
    return GatewayError(Failure(kind, message, scope=Scope.ENDPOINT, cause=cause, detail=detail))


def _why_unreachable(host: str, error: BaseException) -> str:
    for link in _chain(error):
        match link:
            case socket.gaierror():
                return f"The name {host} can't be resolved. Check the network connection and the name server."
            case ssl.SSLCertVerificationError():
                return (
                    f"The certificate of {host} can't be verified. "
                    "Check the clock of this machine, or a proxy that opens TLS."
                )
            case ssl.SSLError():
                return f"No secure connection to {host} came about. Check the address and the proxy."
            case ConnectionRefusedError():
                return f"{host} refuses connections. Check that it is running and that the address is right."
            case _:
                pass
    return f"{host} can't be reached. Check the network connection, a firewall or the proxy."


def _chain(error: BaseException) -> list[BaseException]:
    """`error` and what it came from, exception groups opened, at most 32 links."""
    found: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting and len(found) < 32:
        link = waiting.pop(0)
        if link is None or link in found:
            continue
        found.append(link)
        waiting += [link.__cause__, link.__context__]
        if isinstance(link, BaseExceptionGroup):
            waiting += cast(BaseExceptionGroup[BaseException], link).exceptions
    return found
