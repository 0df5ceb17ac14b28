"""A secret shows itself to nobody who has not asked by name."""

from __future__ import annotations

import copy
import logging
import pickle

import msgspec
import pytest

from core.domain.accounts import OAuth
from core.domain.secret import Secret

TOKEN = "1//canary-refresh-token"


def test_no_way_of_printing_shows_the_text() -> None:
    credential = OAuth(Secret(TOKEN))
    shown = f"{credential} {credential!r} {credential.refresh_token:>20} {[credential]} %s" % credential
    assert TOKEN not in shown
    assert "***" in shown


def test_no_encoder_takes_it_by_accident() -> None:
    with pytest.raises(TypeError):
        msgspec.json.encode(OAuth(Secret(TOKEN)))
    with pytest.raises(TypeError):
        pickle.dumps(Secret(TOKEN))


def test_a_log_line_masks_it(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        logging.getLogger("agtui.test").info("signed in with %s", Secret(TOKEN))
    assert TOKEN not in caplog.text


def test_it_compares_copies_and_fingerprints() -> None:
    one = Secret(TOKEN)
    assert one == Secret(TOKEN) == copy.deepcopy(one)
    assert one != Secret("other")
    assert one.reveal() == TOKEN
    assert len(one.fingerprint()) == 6
    assert not Secret("")
