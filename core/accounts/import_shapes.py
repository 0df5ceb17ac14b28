"""The shapes of account files: how each is known by its content, and where its entries keep their facts.

Antigravity Tools: contract C.2, C.3, C.8; packed strings: upstream notes 1.7. Data only; `imports` reads.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeAlias, cast

from .exports import FORMAT

Members: TypeAlias = dict[str, Any]
"""A JSON object. A file that is a JSON list is taken for one whose `accounts` are that list."""

EXPECTED: Final = (
    "Expected is an accounts file of Antigravity Tools, antigravity-claude-proxy, "
    "opencode-antigravity-auth or CLIProxyAPI (type antigravity), an export of agtui, or a JSON list of "
    "objects with `email` and `refresh_token`."
)


class Names(NamedTuple):
    """Where an entry keeps its facts: paths with dots, the first that is there counts.

    `off` holds what says that the account is not in use: (path, value, why).
    """

    token: tuple[str, ...]
    project: tuple[str, ...] = ()
    managed: tuple[str, ...] = ()
    email: tuple[str, ...] = ("email",)
    client: tuple[str, ...] = ()
    provider: tuple[str, ...] = ()
    off: tuple[tuple[str, object, str], ...] = ()


def _listed(document: Members) -> list[Any]:
    return document["accounts"]


def _itself(document: Members) -> list[Any]:
    return [document]


class Shape(NamedTuple):
    """A kind of file: how it is known, and where its entries are."""

    source: str
    fits: Callable[[Members], bool]
    names: Names
    entries: Callable[[Members], list[Any]] = _listed


_OWN = Names(
    ("refresh_token",),
    ("project",),
    ("managed_project",),
    client=("client",),
    provider=("provider",),
    off=(
        ("enabled", False, "switched off there"),
        ("state", "needs_login", "it needed a new sign-in there"),
        ("state", "verify", "it had to be verified there"),
        ("state", "ended", "the upstream had ended it there"),
    ),
)
_OWN_FILE = _OWN._replace(token=("credential.refresh_token",), client=("credential.client",))
_TOOLS = Names(
    ("token.refresh_token",),
    ("token.project_id",),
    email=("email", "token.email"),
    off=(
        ("disabled", True, "disabled there"),
        ("proxy_disabled", True, "switched off for the proxy there"),
        ("quota.is_forbidden", True, "forbidden there"),
    ),
)
_SNAKE = Names(
    ("refresh_token",),
    ("project_id",),
    ("managed_project_id",),
    off=(("disabled", True, "disabled there"), ("enabled", False, "switched off there")),
)
_CAMEL = Names(
    ("refreshToken",),
    ("projectId",),
    ("managedProjectId",),
    off=(
        ("enabled", False, "switched off there"),
        ("isInvalid", True, "marked invalid there"),
        ("verificationRequired", True, "it had to be verified there"),
    ),
)
_ANY = Names(
    (*_SNAKE.token, *_CAMEL.token, *_TOOLS.token),
    ("project", *_SNAKE.project, *_CAMEL.project, *_TOOLS.project),
    (*_SNAKE.managed, *_CAMEL.managed),
    email=_TOOLS.email,
    off=tuple(dict.fromkeys((*_SNAKE.off, *_CAMEL.off, *_TOOLS.off))),
)


def is_index(document: Members) -> bool:
    """The index of Antigravity Tools: e-mails and ids, the tokens are in files of their own."""
    return (
        _holds(document, accounts=list, version=str)
        and bool(document["accounts"])
        and all(
            isinstance(entry, dict) and isinstance(cast("Members", entry).get("id"), str)
            for entry in _listed(document)
        )
        and not _any_has(document, "token", "refresh_token", "refreshToken", "credential")
    )


def _is_export(document: Members) -> bool:
    return document.get("format") == FORMAT and _holds(document, accounts=list)


def _is_own_file(document: Members) -> bool:
    return _holds(document, accounts=list, generation=int, acknowledged=str)


def _is_cli_proxy(document: Members) -> bool:
    return document.get("type") == "antigravity"


def _is_tools(document: Members) -> bool:
    # CLIProxyAPI writes a `token` for other services too, and always a `type`.
    return _holds(document, token=dict) and "type" not in document


def _is_claude_proxy(document: Members) -> bool:
    return _holds(document, accounts=list) and (
        _holds(document, settings=dict) or _any_has(document, "source")
    )


def _is_opencode_accounts(document: Members) -> bool:
    return _holds(document, accounts=list) and _any_has(document, "refreshToken")


def _is_opencode_sign_ins(document: Members) -> bool:
    return _holds(document, google=dict) and "refresh" in document["google"]


def _is_list(document: Members) -> bool:
    return _holds(document, accounts=list) and (
        not document["accounts"] or _any_has(document, "refresh_token", "token")
    )


def _google(document: Members) -> list[Any]:
    return [document["google"]]


SHAPES: Final = (  # the first that fits counts
    Shape("agtui", _is_export, _OWN),
    Shape("agtui", _is_own_file, _OWN_FILE),
    Shape("CLIProxyAPI", _is_cli_proxy, _SNAKE, _itself),
    Shape("Antigravity Tools", _is_tools, _TOOLS, _itself),
    Shape("antigravity-claude-proxy", _is_claude_proxy, _CAMEL),
    Shape("opencode-antigravity-auth", _is_opencode_accounts, _CAMEL),
    Shape("opencode", _is_opencode_sign_ins, Names(("refresh",)), _google),
    Shape("a list", _is_list, _ANY),
)


def _holds(document: Members, **members: type) -> bool:
    """Whether it has members of these types."""
    return all(isinstance(document.get(name), kind) for name, kind in members.items())


def _any_has(document: Members, *names: str) -> bool:
    """Whether any of its accounts has one of these members."""
    entries = (cast("Members", entry) for entry in _listed(document) if isinstance(entry, dict))
    return any(name in entry for entry in entries for name in names)
