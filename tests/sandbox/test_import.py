"""Importing the sandbox is cheap: what serves and what draws is loaded when it is used."""

import subprocess
import sys


def test_the_addresses_come_without_starlette_and_the_app_without_pillow() -> None:
    code = (
        "import sys\n"
        "from core import sandbox\n"
        "sandbox.TOKEN_PATH, sandbox.CLIENT_ID, sandbox.READY_ACCOUNTS\n"
        "assert 'starlette' not in sys.modules\n"
        "sandbox.create_app(pace=0)\n"
        "assert 'starlette' in sys.modules\n"
        "assert 'PIL' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
