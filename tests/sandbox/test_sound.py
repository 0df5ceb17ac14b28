"""What the sandbox hears: length and loudness, measured; and drafts of what it draws."""

import base64
import io
import struct
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.sandbox import art, sound
from core.sandbox.sound import Facts

from .world import World


def wav(seconds: float = 2.0, rate: int = 16_000, loud: int = 16_384) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(struct.pack("<hh", loud, -loud) * int(seconds * rate / 2))
    return out.getvalue()


def flac(seconds: int, rate: int) -> bytes:
    packed = rate << 44 | 1 << 41 | 15 << 36 | seconds * rate
    return b"fLaC\x80\0\0\x22" + b"\0" * 10 + packed.to_bytes(8, "big") + b"\0" * 16


def aiff(seconds: int) -> bytes:
    rate = (0x400E).to_bytes(2, "big") + (44_100 << 48).to_bytes(8, "big")
    comm = (2).to_bytes(2, "big") + (seconds * 44_100).to_bytes(4, "big") + b"\0\x10" + rate
    return b"FORM\0\0\0\0AIFFCOMM" + len(comm).to_bytes(4, "big") + comm


def mp4(seconds: int) -> bytes:
    head = b"\0" * 12 + (1000).to_bytes(4, "big") + (seconds * 1000).to_bytes(4, "big")
    return b"\0\0\0\x18ftypM4A " + b"\0" * 12 + b"\0\0\0\x6cmvhd" + head


OGG = b"OggS\0\x02" + b"\0" * 22 + b"OpusHead\x01\x02" + b"\0" * 60
OGG += b"OggS\0\x04" + (96_000).to_bytes(8, "little") + b"\0" * 20


@pytest.mark.parametrize(
    ("data", "facts"),
    [
        (wav(), Facts("WAV", 2.0, 16_000, 1, 0.5)),
        (flac(3, 48_000), Facts("FLAC", 3.0, 48_000, 2)),
        (aiff(2), Facts("AIFF", 2.0, 44_100, 2)),
        (mp4(5), Facts("MP4", 5.0)),
        (OGG, Facts("Ogg Opus", 2.0, 48_000, 2)),
        (b"\xff\xfb\x90\x00" + b"\0" * 15_996, Facts("MP3", 1.0, 44_100, 2)),
        (b"ID3\x04\0\0\0\0\0\x02xx\xff\xfb\x90\xc0" + b"\0" * 15_996, Facts("MP3", 1.0, 44_100, 1)),
        (b"ID3", None),
        (b"", None),
    ],
)
def test_headers_tell_how_long_a_recording_is(data: bytes, facts: Facts | None) -> None:
    assert sound.read(data) == facts


@given(
    st.binary(max_size=80),
    st.sampled_from([b"", b"RIFF\0\0\0\0WAVEfmt ", b"FORM\0\0\0\0AIFFCOMM", b"fLaC", b"OggS", b"ID3", OGG]),
)
def test_any_bytes_are_described(data: bytes, beginning: bytes) -> None:
    assert sound.describe(beginning + data, "audio/x").endswith(".")


def test_silence_is_told_from_sound() -> None:
    assert "silent" in sound.describe(wav(loud=3), "audio/wav")
    assert "50%" in sound.describe(wav(), "audio/wav")


async def test_a_transcript_says_what_was_heard(ada: World) -> None:
    blob = {"inlineData": {"mimeType": "audio/wav", "data": base64.b64encode(wav()).decode()}}
    contents = [{"role": "user", "parts": [{"text": "Write a transcript."}, blob]}]
    response = await ada.ask(contents=contents)
    said = response["candidates"][0]["content"]["parts"][0]["text"]
    assert "2.0 s" in said
    assert "recognises no words" in said


async def test_a_stream_of_a_picture_shows_drafts_first(ada: World) -> None:
    events = await ada.stream("hills", "sandbox-image")
    parts = [part for event in events for part in event["candidates"][0].get("content", {}).get("parts", [])]
    pictures = [part for part in parts if "inlineData" in part]
    assert [part.get("thought", False) for part in pictures] == [True, True, False]


def test_drafts_are_smaller_and_of_the_same_shape() -> None:
    picture = art.draw("a harbour", "16:9", "1K", 0, [])
    for draft in art.drafts(picture):
        assert art.describe(draft, "image/png").startswith("A landscape picture of **688 × 384**")
        assert len(draft) < len(picture)
