"""Comparisons the sandbox knows. Data only."""

from typing import Final

Row = tuple[str, str, str]

PAIRS: Final[tuple[tuple[str, str, str, tuple[Row, ...]], ...]] = (
    (
        "tea",
        "coffee",
        "coffee wakes you sooner, tea keeps you longer company.",
        (
            ("caffeine a cup", "20 to 60 mg", "80 to 120 mg"),
            ("ready after", "3 to 5 minutes", "4 minutes, 30 seconds as espresso"),
            ("water", "70 to 100 °C, by kind", "90 to 96 °C"),
            ("second pour", "often better", "no"),
        ),
    ),
    (
        "TCP",
        "UDP",
        "TCP when every byte has to arrive in order, UDP when late is worse than lost.",
        (
            ("connection", "handshake first", "none"),
            ("lost packets", "sent again", "gone"),
            ("order", "kept", "not kept"),
            ("used by", "HTTP/1.1, SSH", "DNS, games, QUIC"),
        ),
    ),
    (
        "SQLite",
        "Postgres",
        "SQLite is a file in your program, Postgres a server for many programs.",
        (
            ("set-up", "none", "a server and its users"),
            ("writers at once", "one", "many"),
            ("backup", "copy a file", "`pg_dump` or replication"),
            ("good for", "devices, tools, tests", "shared and growing data"),
        ),
    ),
    (
        "Python",
        "Rust",
        "Python to have it working today, Rust to have it fast and never crash.",
        (
            ("speed", "slow loops, fast libraries", "as fast as C"),
            ("errors found", "while running, or by tools", "while compiling"),
            ("first result", "minutes", "hours"),
            ("memory", "garbage collected", "owned and borrowed"),
        ),
    ),
    (
        "cats",
        "dogs",
        "a cat shares your flat, a dog shares your day.",
        (
            ("walks", "their own business", "two or three a day"),
            ("alone at home", "fine", "some hours"),
            ("tricks", "yours, learned by you", "many"),
            ("life", "12 to 18 years", "10 to 14 years"),
        ),
    ),
    (
        "merge",
        "rebase",
        "merge keeps what happened, rebase tells it more clearly.",
        (
            ("history", "branches stay visible", "one straight line"),
            ("commits", "unchanged", "written anew"),
            ("shared branches", "safe", "dangerous"),
            ("conflicts", "once", "once for each commit"),
        ),
    ),
)
