"""Where the sandbox answers: the paths a provider has to be told. `v1internal` stands at its usual place."""

from typing import Final

TOKEN_PATH: Final = "/token"
USERINFO_PATH: Final = "/userinfo"
AUTHORIZE_PATH: Final = "/authorize"
VERIFY_PATH: Final = "/verify"
APPEAL_PATH: Final = "/appeal"
