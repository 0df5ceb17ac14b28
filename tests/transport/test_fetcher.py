"""Links that clients send: fetched from the public network, and from nowhere else (security bar, T13)."""

from __future__ import annotations

import gzip
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from core.domain.failure import GatewayError, Kind
from core.transport import fetcher
from core.transport.dial import tls_context
from core.transport.public import is_public
from core.wire.media_kinds import media_mime

from .web import PNG, PUBLIC, Web, response

OPENSSL = shutil.which("openssl")
KITE = "http://pictures.test/kite.png"

INSIDE = [
    "127.0.0.1",
    "127.1.2.3",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::",
    "3fff::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]
"""Addresses that a name may have and nothing may be sent to."""

SPELLINGS = [
    "http://127.0.0.1/",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://0177.0.0.1/",
    "http://017700000001/",
    "http://0/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[fe80::1%25lo]/",
    "http://0xa9fea9fe/latest/meta-data/",
    "http://2852039166/latest/meta-data/",
    "http://169.254.43518/",
    "http://127.0.0.1\\@pictures.test/",
    "http://pictures.test@127.0.0.1/",
    "http://pictures.test:80@127.0.0.1/",
    "http://user:secret@pictures.test/kite.png",
    "http://pictures.test\\@127.0.0.1/",
    "http://127.0.0.1#@pictures.test/",
    "http://127.0.0.1?@pictures.test/",
    "http://\u2460\u2461\u2466.0.0.1/",
    "http://127\u30020\u30020\u30021/",
    "http://pictures.test:22/",
    "http://pictures.test:8045/",
    "http://pictures.test:443/",
    "https://pictures.test:80/kite.png",
    "http://pictures.test:99999/",
    "http://pictures.test:-80/",
    "ftp://pictures.test/kite.png",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_INFO",
    "javascript:1",
    "//pictures.test/kite.png",
    "http:///kite.png",
    "http://",
    "http://[::1/",
    "http://pictures.test/" + "x" * 9000,
]
"""Links that must not be followed, whatever they are taken for."""


async def refusal(web: Web, url: str, plain: bool = True) -> str:
    """What the sender of `url` is told; nothing that is not public was connected to."""
    with pytest.raises(GatewayError) as caught:
        await web.fetcher(plain).fetch(url)
    assert caught.value.failure.kind is Kind.BAD_REQUEST, caught.value.failure
    assert all(is_public(address) for address in web.connected)
    return caught.value.failure.public_message


async def test_a_public_link_is_fetched_under_its_own_name() -> None:
    async with Web() as web:
        fetched = await web.fetcher().fetch(KITE + "?a=1&b=%20#part")
        assert (fetched.mime, fetched.content) == ("image/png", PNG)
        assert web.connected == [PUBLIC]
        (head,) = web.heads
    assert head.startswith("GET /kite.png?a=1&b=%20 HTTP/1.1\r\nHost: pictures.test\r\n")
    assert not {"cookie", "authorization", "referer"} & {
        line.partition(":")[0].lower() for line in head.split("\r\n")
    }


@pytest.mark.parametrize("address", INSIDE)
async def test_an_address_inside_is_never_connected_to(address: str) -> None:
    async with Web(**{"inside.test": [[address]], "mixed.test": [[PUBLIC, address]]}) as web:
        assert "no public address" in await refusal(web, "http://inside.test/kite.png")
        assert "no public address" in await refusal(web, "http://mixed.test/kite.png")
        assert not web.connected


@pytest.mark.parametrize("url", SPELLINGS)
async def test_no_spelling_leads_inside(url: str) -> None:
    async with Web() as web:
        said = await refusal(web, url)
        assert not web.connected
    assert "data: URL" in said
    assert "secret" not in said


async def test_a_name_that_changes_its_mind_is_asked_once() -> None:
    async with Web(**{"rebind.test": [[PUBLIC], ["127.0.0.1"], ["10.0.0.1"]]}) as web:
        assert (await web.fetcher().fetch("http://rebind.test/kite.png")).content == PNG
        assert (web.looks, web.connected) == (["rebind.test"], [PUBLIC])
        assert "no public address" in await refusal(web, "http://rebind.test/kite.png")
        assert web.connected == [PUBLIC]


async def test_a_name_that_changes_its_mind_between_redirects_is_asked_once() -> None:
    async with Web(**{"rebind.test": [[PUBLIC], ["127.0.0.1"]]}) as web:
        web.pages["/a"] = response(b"", "302 Found", Location="/kite.png")
        assert (await web.fetcher().fetch("http://rebind.test/a")).content == PNG
        assert (web.looks, web.connected) == (["rebind.test"], [PUBLIC, PUBLIC])


async def test_an_address_that_refuses_leads_to_the_next_of_the_same_look() -> None:
    async with Web(**{"two.test": [["93.184.215.1", PUBLIC]]}) as web:
        web.refuse.add("93.184.215.1")
        assert (await web.fetcher().fetch("http://two.test/kite.png")).mime == "image/png"
        assert web.connected == ["93.184.215.1", PUBLIC]


async def test_a_name_without_addresses_looks_like_one_that_is_inside() -> None:
    async with Web(**{"inside.test": [["10.0.0.1"]]}) as web:
        one = await refusal(web, "http://nowhere.test/x")
        other = await refusal(web, "http://inside.test/x")
    assert one.replace("nowhere", "inside") == other


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1/kite.png",
        "http://other.test/kite.png",
        "https://pictures.test/kite.png",
        "http://pictures.test:8080/kite.png",
        "//other.test/kite.png",
        "http://user@pictures.test/kite.png",
        "file:///etc/passwd",
        "",
    ],
)
async def test_a_redirect_to_another_place_is_not_followed(location: str) -> None:
    async with Web(**{"other.test": [[PUBLIC]]}) as web:
        web.pages["/a"] = response(b"", "302 Found", Location=location)
        await refusal(web, "http://pictures.test/a")
        assert web.connected == [PUBLIC]


async def test_three_redirects_of_the_same_place_are_followed_and_no_more() -> None:
    async with Web() as web:
        for at in range(4):
            where = f"/{at + 1}" if at < 3 else "http://pictures.test/kite.png"
            web.pages[f"/{at}"] = response(b"", "307 Temporary Redirect", Location=where)
        assert (await web.fetcher().fetch("http://pictures.test/1")).content == PNG
        assert "more than 3 times" in await refusal(web, "http://pictures.test/0")


async def test_plain_http_needs_the_setting() -> None:
    async with Web() as web:
        assert "gateway.fetch_http" in await refusal(web, KITE, plain=False)
        assert not web.looks


@pytest.mark.parametrize(
    "body",
    [
        b"<html><body>not a picture</body></html>",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b'{"AccessKeyId": "x"}',
        b"root:x:0:0:root:/root:/bin/bash\n",
        b"MZ\x90\0",
        b"",
    ],
)
async def test_what_is_no_media_is_not_handed_over(body: bytes) -> None:
    async with Web() as web:
        web.pages["/kite.png"] = response(body, Content_Type="image/png")
        said = await refusal(web, KITE)
    assert "no picture" in said
    assert body.decode("latin-1")[:10] not in said or not body


async def test_an_endless_answer_that_is_no_media_is_left_at_once() -> None:
    async with Web() as web:
        web.pages["/kite.png"] = b"HTTP/1.1 200 OK\r\n\r\n" + b"text " * 20
        assert "no picture" in await refusal(web, KITE)


@pytest.mark.parametrize("declared", [True, False])
async def test_what_is_too_large_is_left_at_the_limit(
    monkeypatch: pytest.MonkeyPatch, declared: bool
) -> None:
    monkeypatch.setattr(fetcher, "MOST_BYTES", 1000)
    async with Web() as web:
        body = PNG + b"x" * 1000
        web.pages["/kite.png"] = response(body) if declared else b"HTTP/1.1 200 OK\r\n\r\n" + body
        await refusal(web, KITE)


async def test_what_unfolds_to_too_much_is_left_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetcher, "MOST_BYTES", 600_000)
    async with Web() as web:
        web.pages["/kite.png"] = response(gzip.compress(PNG + b"\0" * 50_000_000), Content_Encoding="gzip")
        assert "larger than" in await refusal(web, KITE)


async def test_a_server_that_says_nothing_takes_no_longer_than_it_may() -> None:
    async with Web() as web:
        web.pages["/kite.png"] = b"hang"
        with pytest.raises(GatewayError) as caught:
            await web.fetcher(total_s=0.2).fetch(KITE)
    assert "took longer than 0.2 s" in caught.value.failure.public_message


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (response(b"gone", "404 Not Found"), "status 404"),
        (response(b"", "204 No Content"), "status 204"),
        (b"no HTTP at all\r\n\r\n", "closed the connection"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\nContent-Length: 1\r\n\r\n", "closed the connection"),
    ],
)
async def test_what_went_wrong_is_said(page: bytes, words: str) -> None:
    async with Web() as web:
        web.pages["/kite.png"] = page
        assert words in await refusal(web, KITE)


# --- TLS ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for the name pictures.test alone, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    found = folder / "cert.pem", folder / "key.pem"
    argv = f"{OPENSSL} req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=t"
    argv += f" -addext subjectAltName=DNS:pictures.test -out {found[0]} -keyout {found[1]}"
    subprocess.run(argv.split(), check=True, capture_output=True)
    return found


@pytest.mark.skipif(OPENSSL is None, reason="no openssl to make a certificate with")
async def test_tls_is_asked_for_and_checked_under_the_link_s_own_name(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    async with Web(context, **{"other.test": [[PUBLIC]]}) as web:
        following = web.fetcher(plain=False, tls=tls_context())
        fetched = await following.fetch("https://pictures.test/kite.png")
        assert (fetched.content, web.sni) == (PNG, ["pictures.test"])
        with pytest.raises(GatewayError) as caught:
            await following.fetch("https://other.test/kite.png")
    assert "certificate of other.test can't be verified" in caught.value.failure.public_message
    assert web.sni[-1] == "other.test"


# --- what is media --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "mime"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"GIF89a", "image/gif"),
        (b"\0\0\0\x18ftypheic", "image/heic"),
        (b"%PDF-1.7", "application/pdf"),
        (b"ID3\x04", "audio/mpeg"),
        (b"\xff\xfb\x90\x00", "audio/mpeg"),
        (b"\xff\xf1\x50\x80", "audio/aac"),
        (b"RIFF\0\0\0\0WAVEfmt ", "audio/wav"),
        (b"fLaC\0", "audio/flac"),
        (b"OggS\0", "audio/ogg"),
        (b"FORM\0\0\0\0AIFFCOMM", "audio/aiff"),
        (b"\0\0\0\x18ftypM4A ", "audio/mp4"),
        (b"\0\0\0\x18ftypisom", "video/mp4"),
        (b"\0\0\0\x18ftypqt  ", "video/quicktime"),
        (b"\x1a\x45\xdf\xa3", "video/webm"),
        (b"", ""),
        (b"RIFF\0\0\0\0XXXX", ""),
        (b"\xff\xff\xff\xff", ""),
        (b"\xff\xfe<\0h\0t\0m\0l\0", ""),
        (b"<!DOCTYPE html>", ""),
        (b"PK\x03\x04", ""),
    ],
)
def test_media_is_told_by_its_first_bytes(content: bytes, mime: str) -> None:
    assert media_mime(content) == mime


@pytest.mark.parametrize("address", [PUBLIC, "8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "2a00:1450::1"])
def test_the_public_network_is_public(address: str) -> None:
    assert is_public(address)
