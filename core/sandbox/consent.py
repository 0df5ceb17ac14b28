"""The page of a sign-in, on which a person picks an account, agrees, refuses, or lets the time run out.

Pure: queries in, pages and addresses out (spec/antigravity-upstream.md 1.2). Codes are `oauth`'s.
"""

import html
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import urlencode, urlsplit

from core.sandbox.accounts import email_of
from core.sandbox.errors import ApiError
from core.sandbox.tokens import CLIENT_ID, name_of, refresh_token

_LOOPBACK: Final = {"localhost", "127.0.0.1", "::1"}
_STYLE: Final = "body{font:16px/1.6 system-ui,sans-serif;max-width:30em;margin:4em auto;padding:0 1em}"
ENDINGS: Final = {
    "refuse": ("Refuse", "agtui is told that you did not agree."),
    "expired": ("Come back with a code that is too old", "Google will not redeem it."),
    "wait": ("Say nothing", "The sign-in runs out of time by itself, after five minutes."),
}
"""What `play` in the address does instead of agreeing: the link's text, and what comes of it."""


def chooser(query: Mapping[str, str], here: str, accounts: Iterable[str]) -> str:
    """The page. `here` is its own path, `accounts` the names it offers; a hint stands first.

    Raises ApiError 400 or 401 for a client or an address to return to that isn't allowed.
    """
    check(query)
    names = list(accounts)
    hint = query.get("login_hint", "").partition("@")[0]
    if hint and is_name(hint):
        names = [hint, *(name for name in names if name != hint)]
    agree = "".join(f"<li>{_link(here, query, email_of(name), account=name)}</li>" for name in names)
    others = "".join(
        f"<li>{_link(here, query, text, play=play)} {html.escape(about)}</li>"
        for play, (text, about) in ENDINGS.items()
    )
    return page(
        "Choose an account",
        "<p>This is agtui's simulated sign-in; nothing leaves this machine. An account agrees at once.</p>"
        f"<ul>{agree}</ul><h2>Or try what else happens</h2><ul>{others}</ul>",
    )


def refused(query: Mapping[str, str]) -> str:
    """The address that the browser of somebody goes to who did not agree."""
    return back(query, {"error": "access_denied"})


def back(query: Mapping[str, str], answer: Mapping[str, str]) -> str:
    """redirect_uri with `answer` and the state of the request."""
    check(query)
    state = {"state": query["state"]} if query.get("state") else {}
    joint = "&" if "?" in query["redirect_uri"] else "?"
    return query["redirect_uri"] + joint + urlencode({**answer, **state})


def check(query: Mapping[str, str]) -> None:
    """Raises ApiError for a request that Google would not show its page for."""
    if query.get("client_id") != CLIENT_ID:
        raise ApiError(401, "Error 401: invalid_client. The OAuth client was not found.")
    target = urlsplit(query.get("redirect_uri", ""))
    if target.scheme != "http" or target.hostname not in _LOOPBACK:
        raise ApiError(400, "Error 400: redirect_uri_mismatch. Only loopback addresses are allowed.")
    if query.get("response_type") != "code":
        raise ApiError(400, "Error 400: invalid_request. response_type must be code.")
    if query.get("code_challenge") and query.get("code_challenge_method") != "S256":
        raise ApiError(400, "Error 400: invalid_request. code_challenge_method must be S256.")


def is_name(name: str) -> bool:
    """Whether an account may be called so."""
    return name_of(refresh_token(name)) is not None


def page(title: str, body: str) -> str:
    """`body` is HTML."""
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{title} - agtui sandbox</title>"
        f"<style>{_STYLE}</style><h1>{title}</h1>{body}"
    )


WAIT_PAGE: Final = page(
    "Nothing happens here",
    "<p>This page never leads back. In agtui the sign-in waits until its five minutes are over.</p>",
)
VERIFY_PAGE: Final = page(
    "Nothing to confirm",
    "<p>This is agtui's sandbox: it played an account that has to be verified. "
    "The account comes back by itself after a minute, and at once with "
    "<code>agtui accounts enable ACCOUNT</code>.</p>",
)
"""Where the link of a verification leads, which is a page of Google's for a real account."""
APPEAL_PAGE: Final = page(
    "Nothing to appeal",
    "<p>This is agtui's sandbox: it played an account that was closed. agtui never uses it again; remove it "
    "with <code>agtui accounts remove ACCOUNT</code>.</p>",
)


def _link(here: str, query: Mapping[str, str], text: str, **chosen: str) -> str:
    address = here + "?" + urlencode({**query, **chosen})
    return f'<a href="{html.escape(address)}">{html.escape(text)}</a>'
