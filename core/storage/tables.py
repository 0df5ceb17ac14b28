"""The tables. Times are unix seconds, tokens are counted, durations are milliseconds.

A row keeps its whole value in `body` (JSON of a domain struct); the other columns are what is filtered,
sorted and added up. `words` is the text that a search looks into, case-folded.
"""

from __future__ import annotations

import sqlalchemy as sa

from .search import TextIndex

metadata = sa.MetaData()
_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")

applied = sa.Table("applied", metadata, sa.Column("name", sa.Text, primary_key=True))

# What many requests have in common stands once in `labels`, under a hash of itself. Filters and searches
# ask these few rows, so that no page of requests ever reads through all of them.
labels = sa.Table(
    "labels",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("failed", sa.Boolean, nullable=False),
    sa.Column("sandbox", sa.Boolean, nullable=False),
    sa.Column("words", sa.Text, nullable=False),
)

requests = sa.Table(
    "requests",
    metadata,
    sa.Column("seq", _BIG, primary_key=True, autoincrement=True),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("label", sa.BigInteger, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
)
sa.Index("requests_id", requests.c.id)
sa.Index("requests_label", requests.c.label, requests.c.seq)

# Measures of `hourly`; the remaining columns are its key.
MEASURES = (
    "requests",
    "errors",
    "attempts",
    "input",
    "output",
    "cache_read",
    "cache_write",
    "thoughts",
    "pictures",
    "duration_ms",
    "ttft_ms",
    "ttft_count",
)
hourly = sa.Table(
    "hourly",
    metadata,
    sa.Column("hour", _BIG, primary_key=True),
    sa.Column("model", sa.Text, primary_key=True),
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("sandbox", sa.Boolean, primary_key=True),
    *(sa.Column(name, sa.Float if name.endswith("_ms") else _BIG, nullable=False) for name in MEASURES),
    sqlite_with_rowid=False,
)

works = sa.Table(
    "works",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("sandbox", sa.Boolean, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("words", sa.Text, nullable=False),
)
sa.Index("works_at", works.c.at, works.c.id)
sa.Index("works_kind", works.c.kind, works.c.at, works.c.id)

WORKS_TEXT = TextIndex("works_text", works, works.c.seq, works.c.words)
