"""`python -m core`: the same as the command `agtui`."""

from core.cli.main import main

if __name__ == "__main__":
    main()
