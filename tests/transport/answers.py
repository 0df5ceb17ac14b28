"""Answers as bytes: well-formed ones that are hard to read, and ones that no client may believe."""

from __future__ import annotations

import gzip

PIECES = [b"data: one\n\n", b"data: two\n\n", b"data: three\n\n"]
BODY = b"".join(PIECES)

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"
CODED, SIZED = b"Transfer-Encoding: chunked\r\n", b"Content-Length: 5\r\n"
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
ZIPPED = gzip.compress(BODY, mtime=0)


def chunk(piece: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(piece), piece)


CHUNKS = b"".join(chunk(piece) for piece in PIECES)

WHOLE = {
    "sized": OK + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY,
    "chunked": CHUNKED + CHUNKS + END,
    "interim": INTERIM + CHUNKED + CHUNKS + END,
    "trailers": CHUNKED + CHUNKS + b"0\r\nX-Sum: 1\r\nX-Other: 2\r\n\r\n",
    "extensions": CHUNKED + b"".join(b"%X;a=b\r\n%b\r\n" % (len(one), one) for one in PIECES) + END,
    "zipped": OK + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(ZIPPED) + END,
    "empty_header": OK + b"X-Nothing:\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY,
    "no_reason": b"HTTP/1.1 200 \r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY,
}
"""All of these say BODY and leave the connection open."""

BODILESS = {
    "no_content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "not_modified": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n",
    "nothing": OK + b"Content-Length: 0\r\n\r\n",
}

BROKEN = {
    "colon_missing": OK + b"X-No-Colon\r\nContent-Length: 2\r\n\r\nok",
    "blank_in_name": OK + b"X Bad: 1\r\nContent-Length: 2\r\n\r\nok",
    "blank_before_colon": OK + b"Content-Length : 2\r\n\r\nok",
    "nul_in_value": OK + b"X-A: a\0b\r\nContent-Length: 2\r\n\r\nok",
    "length_negative": OK + b"Content-Length: -2\r\n\r\nok",
    "length_no_number": OK + b"Content-Length: two\r\n\r\nok",
    "lengths_differ": OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nok",
    "status_no_number": b"HTTP/1.1 two OK\r\nContent-Length: 2\r\n\r\nok",
    "not_http": b"220 mail.example ESMTP\r\n\r\n",
    "coding_unknown": OK + b"Transfer-Encoding: gzip\r\n\r\n" + ZIPPED,
    "head_huge": OK + b"".join(b"X-%d: %b\r\n" % (number, b"x" * 900) for number in range(400)),
    "chunk_size_huge": CHUNKED + b"FFFFFFFFFFFFFFFFF\r\nhello\r\n",
    "chunk_size_negative": CHUNKED + b"-5\r\nhello\r\n0\r\n\r\n",
    "chunk_size_missing": CHUNKED + b"\r\nhello\r\n0\r\n\r\n",
    "chunk_size_words": CHUNKED + b"no size at all\r\n",
    "chunk_too_long": CHUNKED + b"5\r\nhello, world\r\n0\r\n\r\n",
    "gzip_is_none": OK + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
    "upgrade": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\nPRI",
}
"""The connection closes after each of these."""

DOUBTFUL = {
    "gzip_cut": OK + b"Content-Encoding: gzip\r\nContent-Length: 20\r\n\r\n" + ZIPPED[:20],
    "length_in_trailer": CHUNKED + chunk(b"hello") + b"0\r\nContent-Length: 3\r\n\r\n",
    "length_and_chunked": OK
    + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "chunked_and_length": OK
    + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "length_twice": OK + SIZED + SIZED + b"\r\nhello",
    "bare_line_feeds": b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
    "one_bare_line_feed": OK + b"X-A: 1\nContent-Length: 5\r\n\r\nhello",
    "folded_header": OK + b"X-A: 1\r\n 2\r\nContent-Length: 5\r\n\r\nhello",
    "chunks_by_line_feed": CHUNKED + b"5\nhello\n0\n\n",
}
"""Answers that two readers take in two ways: tools of smuggling. The pool refuses them, httpx does not."""

SURPLUS = {
    "garbage": WHOLE["sized"] + b"\xff\xfe garbage",
    "second_answer": WHOLE["sized"] + OK + b"Content-Length: 6\r\n\r\nforged",
    "half_an_answer": WHOLE["chunked"] + b"HTT",
    "body_of_a_204": BODILESS["no_content"] + b"hello",
    "after_a_close": OK + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY + b"more",
}
"""A whole answer, then bytes that nobody asked for, on a connection that stays open."""

RAW = WHOLE | BODILESS | BROKEN | DOUBTFUL | SURPLUS
OPEN = set(WHOLE) | set(BODILESS) | set(SURPLUS)
