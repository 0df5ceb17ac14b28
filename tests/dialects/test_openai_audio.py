"""Recordings and transcripts in OpenAI's words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai.types.audio import Transcription, TranscriptionTextDeltaEvent, TranscriptionTextDoneEvent

from core.dialects.form import Form, Upload
from core.dialects.openai.audio import AudioOrder, TranscriptReply, decode
from core.domain.content import Media, Role, Text, Thought
from core.domain.events import (
    Answer,
    Failed,
    Finished,
    FinishReason,
    PartClosed,
    PartDelta,
    PartOpened,
    Started,
    Usage,
    UsageSeen,
)
from core.domain.failure import Failure, GatewayError, Kind


def order(name: str = "a.mp3", content: bytes = b"ID3", **texts: str) -> AudioOrder:
    return decode(Form(tuple(texts.items()), (Upload("file", name, "x/y", content),)), "own-model")


@pytest.mark.parametrize(
    ("name", "mime"),
    [
        ("a.mp3", "audio/mpeg"),
        ("a.WAV", "audio/wav"),
        ("my.voice.m4a", "audio/mp4"),
        ("a.ogg", "audio/ogg"),
        ("a.flac", "audio/flac"),
        ("a.aiff", "audio/aiff"),
        ("a.aif", "audio/aiff"),
    ],
)
def test_the_ending_of_the_name_tells_the_type(name: str, mime: str) -> None:
    (turn,) = order(name).request.turns
    task, recording = turn.parts
    assert (turn.role, recording) == (Role.USER, Media(mime, b"ID3", name=name))
    assert isinstance(task, Text)
    assert "transcript" in task.text


@pytest.mark.parametrize(
    "form",
    [
        Form((("model", "x"),)),
        Form((("file", "text"),)),
        Form((), (Upload("audio", "a.mp3", "", b"ID3"),)),
        Form((), (Upload("file", "", "audio/mpeg", b"ID3"),)),
        Form((), (Upload("file", "a.txt", "audio/mpeg", b"ID3"),)),
        Form((), (Upload("file", "mp3", "audio/mpeg", b"ID3"),)),
        Form((), (Upload("file", "a.mp3", "audio/mpeg", b""),)),
    ],
)
def test_what_is_no_recording_is_refused(form: Form) -> None:
    with pytest.raises(GatewayError) as caught:
        decode(form, "m")
    assert (caught.value.failure.kind, caught.value.failure.params["param"]) == (Kind.BAD_REQUEST, "file")


@pytest.mark.parametrize(
    ("asked", "model"),
    [
        ("", "own-model"),
        ("whisper-1", "own-model"),
        ("gpt-4o-mini-transcribe", "own-model"),
        ("gemini-2.0-flash-exp", "own-model"),
        ("gemini-2.5-flash", "gemini-2.5-flash"),
        ("gpt-oss-120b-medium", "gpt-oss-120b-medium"),
    ],
)
def test_a_model_that_nobody_here_serves_is_replaced(asked: str, model: str) -> None:
    assert order(model=asked).request.model == model


def test_what_is_known_of_the_recording_is_told_to_the_model() -> None:
    found = order(prompt="Zsófi, agtui", language="hu", temperature="0.4", **{"keywords[]": "Duna"}).request
    text = found.turns[0].parts[0]
    assert isinstance(text, Text)
    assert all(word in text.text for word in ("Zsófi, agtui", "hu", "Duna"))
    assert found.sampling.temperature == 0.4


def test_wishes_without_a_word_are_kept_by_name() -> None:
    found = order(**{"include[]": "logprobs", "chunking_strategy": "server_vad", "user": "u"})
    assert set(found.request.extras) == {"include", "chunking_strategy"}


@pytest.mark.parametrize("form", ["srt", "vtt", "verbose_json", "diarized_json", "xml"])
def test_forms_that_need_times_are_refused(form: str) -> None:
    with pytest.raises(GatewayError) as caught:
        order(response_format=form)
    assert caught.value.failure.params["param"] == "response_format"


def answer(text: str, finish: FinishReason = FinishReason.STOP) -> Answer:
    return Answer(Started("m"), (Thought("hm"), Text(text)), Usage(30, 4), Finished(finish))


def test_a_transcript_is_text_or_json_with_usage() -> None:
    found = json.loads(TranscriptReply("json").body(answer(" Good morning.\n")))
    assert found["text"] == "Good morning."
    assert Transcription.model_validate(found, strict=True).usage
    assert TranscriptReply("text").body(answer(" Good morning.\n")) == b"Good morning.\n"
    assert json.loads(TranscriptReply("json").body(answer("")))["text"] == ""


def test_a_filter_that_lets_nothing_through_is_no_silence() -> None:
    with pytest.raises(GatewayError):
        TranscriptReply("json").body(answer("", FinishReason.CONTENT_FILTER))


def test_a_stream_holds_spoken_words_only_and_ends_with_all_of_them() -> None:
    reply = TranscriptReply("json")
    frames = reply.frames([Started("m"), PartOpened(Thought("")), PartDelta("hm"), PartClosed()])
    frames += reply.frames([PartOpened(Text("")), PartDelta("Good "), PartDelta("", "signature")])
    frames += reply.frames([PartDelta("morning."), PartClosed(), UsageSeen(Usage(30, 4)), Finished()])
    found: list[Any] = [json.loads(one.split("data: ")[1]) for one in frames.decode().split("\n\n")[:-1]]
    assert [one["type"] for one in found] == ["transcript.text.delta"] * 2 + ["transcript.text.done"]
    assert (found[0]["delta"], found[-1]["text"]) == ("Good ", "Good morning.")
    TranscriptionTextDeltaEvent.model_validate(found[0], strict=True)
    TranscriptionTextDoneEvent.model_validate(found[-1], strict=True)


def test_a_stream_that_fails_says_so() -> None:
    frame = TranscriptReply("json").frames([Failed(Failure(Kind.UPSTREAM, "It broke off."))])
    assert json.loads(frame.split(b"data: ")[1])["error"]["message"] == "It broke off."
