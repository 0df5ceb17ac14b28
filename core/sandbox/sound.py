"""What the sandbox hears: length, rate and loudness of a recording, read from the file itself.

Nothing is recognised; a real model would write down the words. Pure. Everything that is measured is told by
headers (WAV, AIFF, FLAC, Ogg, MP3, MP4), loudness by the samples of 16-bit WAV.
"""

import sys
from array import array
from typing import Final, NamedTuple

_MP3_RATES: Final = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_MP3_KBITS: Final = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MP3_KBITS_LOW: Final = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_QUIET: Final = 0.02
"""A share of full scale; below it a recording counts as silent."""


class Facts(NamedTuple):
    """`rate` in Hz, 0 if unknown; `peak` a share of full scale, negative if it was not measured."""

    kind: str
    seconds: float
    rate: int = 0
    channels: int = 0
    peak: float = -1.0


def describe(data: bytes, mime: str) -> str:
    """One sentence about a recording; one whose header can't be read is named by type and size."""
    facts = read(data)
    if facts is None:
        return f"A recording of type `{mime}`, {len(data):,} bytes."
    words = [f"A {facts.kind} recording of **{facts.seconds:.1f} s**"]
    if facts.rate:
        words.append(f"{facts.rate:,} Hz")
    if facts.channels:
        words.append({1: "mono", 2: "stereo"}.get(facts.channels, f"{facts.channels} channels"))
    if facts.peak >= 0:
        words.append("silent" if facts.peak < _QUIET else f"at most {facts.peak:.0%} of full volume")
    return ", ".join(words) + "."


def read(data: bytes) -> Facts | None:
    """What a header tells; None for what has none that is known."""
    for reader in (_wav, _aiff, _flac, _ogg, _mp4, _mp3):
        try:
            facts = reader(data)
        except (IndexError, ZeroDivisionError):
            continue
        if facts is not None:
            return facts
    return None


def _number(data: bytes, at: int, size: int, little: bool = False) -> int:
    if at + size > len(data):
        raise IndexError
    return int.from_bytes(data[at : at + size], "little" if little else "big")


def _chunk(data: bytes, name: bytes, little: bool) -> tuple[int, int]:
    """Where the content of a chunk begins, and its length. Raises IndexError."""
    at = 12
    while True:
        size = _number(data, at + 4, 4, little)
        if data[at : at + 4] == name:
            return at + 8, size
        at += 8 + size + size % 2


def _wav(data: bytes) -> Facts | None:
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        return None
    form, _ = _chunk(data, b"fmt ", True)
    channels, rate = _number(data, form + 2, 2, True), _number(data, form + 4, 4, True)
    per_second, bits = _number(data, form + 8, 4, True), _number(data, form + 14, 2, True)
    at, size = _chunk(data, b"data", True)
    size = min(size, len(data) - at)
    plain = _number(data, form, 2, True) == 1 and bits == 16
    return Facts("WAV", size / per_second, rate, channels, _peak(data[at : at + size]) if plain else -1.0)


def _peak(samples: bytes) -> float:
    values = array("h", samples[: len(samples) // 2 * 2])
    if sys.byteorder == "big":
        values.byteswap()
    return max(max(values), -min(values)) / 32_768 if values else 0.0


def _aiff(data: bytes) -> Facts | None:
    if data[:4] != b"FORM" or data[8:12] not in (b"AIFF", b"AIFC"):
        return None
    at, _ = _chunk(data, b"COMM", False)
    frames, exponent = _number(data, at + 2, 4), (_number(data, at + 8, 2) & 0x7FFF) - 16_383 - 63
    rate = int(_number(data, at + 10, 8) * 2.0 ** max(-200, min(200, exponent)))
    return Facts("AIFF", frames / rate, rate, _number(data, at, 2))


def _flac(data: bytes) -> Facts | None:
    if data[:4] != b"fLaC":
        return None
    packed = _number(data, 18, 8)
    rate = packed >> 44
    return Facts("FLAC", (packed & (1 << 36) - 1) / rate, rate, (packed >> 41 & 7) + 1)


def _ogg(data: bytes) -> Facts | None:
    last = data.rfind(b"OggS")
    if data[:4] != b"OggS" or last < 0:
        return None
    granule, head = _number(data, last + 6, 8, True), data[:128]
    if (at := head.find(b"OpusHead")) >= 0:
        return Facts("Ogg Opus", granule / 48_000, 48_000, data[at + 9])
    if (at := head.find(b"\x01vorbis")) >= 0:
        rate = _number(data, at + 12, 4, True)
        return Facts("Ogg Vorbis", granule / rate, rate, data[at + 11])
    return None


def _mp4(data: bytes) -> Facts | None:
    at = data.find(b"mvhd")
    if data[4:8] != b"ftyp" or at < 0:
        return None
    if data[at + 4]:
        return Facts("MP4", _number(data, at + 28, 8) / _number(data, at + 24, 4))
    return Facts("MP4", _number(data, at + 20, 4) / _number(data, at + 16, 4))


def _mp3(data: bytes) -> Facts | None:
    """The length as the first frame's bit rate has it: right for a constant one, a guess for others."""
    at = 0
    if data[:3] == b"ID3":
        size = data[6:10]
        at = 10 + (size[0] << 21 | size[1] << 14 | size[2] << 7 | size[3])
    head = _number(data, at, 4)
    version, layer = head >> 19 & 3, head >> 17 & 3
    if head >> 21 != 0x7FF or version == 1 or layer != 1 or head >> 12 & 15 in (0, 15) or head >> 10 & 3 == 3:
        return None
    kbits = (_MP3_KBITS if version == 3 else _MP3_KBITS_LOW)[head >> 12 & 15]
    rate = _MP3_RATES[version][head >> 10 & 3]
    return Facts("MP3", (len(data) - at) * 8 / (kbits * 1000), rate, 1 if head >> 6 & 3 == 3 else 2)
