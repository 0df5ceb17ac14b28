"""The console script `agtui`: `main()`, and nothing that takes time to import.

`agtui --version` is answered here, without click; everything else is `root`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and end the process with its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if given and set(given) <= {"--version", "--json"} and "--version" in given:
            from .version import line

            print(line(as_json="--json" in given))
            sys.exit(0)
        from .root import cli

        cli.main(args=given, prog_name="agtui")
    except BrokenPipeError:
        # Who read our output has gone. Keep the interpreter from flushing into the closed pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        # A fault of ours: said without the values that a plain traceback would show.
        from core.redact import redact_exception

        print(f"agtui: a fault of agtui, please report it:\n{redact_exception(error)}", file=sys.stderr)
        sys.exit(70)
    sys.exit(1)


if __name__ == "__main__":
    main()
