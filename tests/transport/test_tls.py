"""TLS of the pool: who is believed, what is offered, and that leaving early works through it."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from core.domain.failure import Cause
from core.transport.dial import tls_context
from core.transport.pool import PoolTransport

from .answers import BODY, RAW
from .asking import body_of, failure, post
from .torture import Torture

uvloop = pytest.importorskip("uvloop")
Run = Callable[[Awaitable[None]], None]
OPENSSL = shutil.which("openssl")

pytestmark = pytest.mark.skipif(OPENSSL is None, reason="no openssl to make a certificate with")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for the name localhost alone, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    found = folder / "cert.pem", folder / "key.pem"
    argv = f"{OPENSSL} req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=t"
    argv += f" -addext subjectAltName=DNS:localhost -out {found[0]} -keyout {found[1]}"
    subprocess.run(argv.split(), check=True, capture_output=True)
    return found


@pytest.fixture(params=[asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    return request.param


class Secure:
    """A torture server behind TLS that remembers which names were asked for and which protocols offered."""

    def __init__(self, certificate: tuple[Path, Path]) -> None:
        self.names: list[str | None] = []
        self.server = Torture()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(*certificate)
        self._context.set_alpn_protocols(["h2", "http/1.1"])
        self._context.sni_callback = self._named

    async def __aenter__(self) -> str:
        return await self.server.start(self._context)

    async def __aexit__(self, *_: object) -> None:
        await self.server.stop()

    def _named(self, socket: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        self.names.append(name)


def trusting(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> PoolTransport:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    return PoolTransport(tls_context())


def test_answers_come_through_tls(
    run: Run, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        one, secure = trusting(certificate, monkeypatch), Secure(certificate)
        async with secure as at:
            for place in range(1, len(RAW["interim"]), 7):
                assert await body_of(one, post(f"{at}/split/interim/{place}")) == BODY
            assert (await one.read(post(f"{at}/huge")))[2] == b"x" * 3_000_000
            await one.aclose()
        assert secure.names == ["localhost"]
        assert secure.server.protocols == ["http/1.1"]

    run(scenario())


def test_leaving_early_closes_a_connection_with_tls_at_once(
    run: Run, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        one, secure = trusting(certificate, monkeypatch), Secure(certificate)
        async with secure as at:
            for path in ("hang", "flood", "hang"):
                reply = await one.send(post(f"{at}/{path}"))
                await anext(reply.reads())
                await reply.aclose()
            await asyncio.wait_for(secure.server.settled(0), 5)
            assert one.open == 0

    run(scenario())


async def test_a_certificate_that_nobody_vouches_for_is_refused(certificate: tuple[Path, Path]) -> None:
    one = PoolTransport()
    secure = Secure(certificate)
    async with secure as at:
        caught = (await failure(one, post(f"{at}/whole"))).failure
    assert caught.cause is Cause.CONNECT
    assert "certificate of localhost" in caught.public_message
    assert secure.server.requests == []


async def test_a_certificate_of_another_name_is_refused(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = trusting(certificate, monkeypatch)
    async with Secure(certificate) as at:
        caught = (await failure(one, post(f"{at}/whole".replace("localhost", "127.0.0.1")))).failure
    assert "certificate of 127.0.0.1" in caught.public_message
    assert one.open == 0
