"""The web as the sandbox has it: pages that a search finds, pages that are read, and the function for both.

Pure, and the same for the same question. Every address is one that is kept for examples (RFC 2606).
"""

import hashlib
import re
from collections.abc import Sequence
from typing import Any, Final

from core.sandbox.messages import FunctionDeclaration, Request
from core.sandbox.smalltalk import is_live
from core.sandbox.subjects import subject_of, title

SEARCH: Final = re.compile(r"google_search(_\d+)?")
"""The function that stands for a search where the search itself is refused."""

_WANTED: Final = re.compile(
    r"\b(look (it|this|that|them)? ?up|search (for|the web|online)|google (for|it)|find out|on the web|"
    r"use the search)\b",
    re.I,
)
_ASKING: Final = re.compile(
    r"^(please\s+)?(can you\s+)?((look|search|find|google)\s+)(the web\s+|online\s+|up\s+|out\s+|for\s+)*",
    re.I,
)
_URL: Final = re.compile(r"https?://[^\s<>\"'`)\]]+")
_HEADING: Final = "## Search Results\n"
_SECTIONS: Final = re.compile(r"^### (Sources|URLs Retrieved|Search Queries Used)$", re.M)
_GONE: Final = ("gone", "missing", "404", ".invalid")


def searches(tool: FunctionDeclaration) -> bool:
    """Whether a declared function is a search: by its name, and `query` among what it takes."""
    properties: dict[str, Any] = (tool.parameters or {}).get("properties") or {}
    return bool(SEARCH.fullmatch(tool.name or "")) and "query" in properties


def function(request: Request) -> FunctionDeclaration | None:
    """The search among the declared functions."""
    declared = (one for tool in request.tools or [] for one in tool.function_declarations or [])
    return next((one for one in declared if searches(one)), None)


def wanted(question: str) -> bool:
    """Whether somebody who asks this wants it looked up."""
    return _WANTED.search(question) is not None or is_live(question) or bool(named(question))


def arguments(question: str) -> dict[str, Any]:
    """What the search function is called with."""
    query = " ".join(_ASKING.sub("", _URL.sub("", question)).split()).strip(" .!")
    urls = named(question)
    return {"query": query or question, "urls": urls} if urls else {"query": query or question}


def named(question: str) -> list[str]:
    """The addresses in a question, each once."""
    return list(dict.fromkeys(url.rstrip(".,;:!?") for url in _URL.findall(question)))


def retrieved(urls: Sequence[str]) -> dict[str, Any]:
    """`urlContextMetadata` for pages that were to be read; some say themselves that nothing is there."""
    return {
        "urlMetadata": [
            {
                "retrievedUrl": url,
                "urlRetrievalStatus": "URL_RETRIEVAL_STATUS_ERROR"
                if any(word in url.lower() for word in _GONE)
                else "URL_RETRIEVAL_STATUS_SUCCESS",
            }
            for url in urls
        ]
    }


def grounding(question: str, text: str) -> dict[str, Any]:
    """`groundingMetadata` as Gemini sends it: queries, pages, and which support the first paragraph."""
    subject = subject_of(_ASKING.sub("", question)) or "sandbox"
    slug = re.sub(r"[^a-z0-9]+", "-", subject.lower()).strip("-")[:40] or "page"
    mark = hashlib.sha256(subject.encode()).hexdigest()[:12]
    segment = text.split("\n\n")[0]
    pages = (
        (f"https://en.example.org/wiki/{slug}", f"{title(subject)} – Example Encyclopedia", "en.example.org"),
        (f"https://news.example.net/{mark}/{slug}", f"{title(subject)}: what is known", "news.example.net"),
        (f"https://www.example.com/guides/{slug}", "example.com", "example.com"),
    )
    support = {
        "segment": {"startIndex": 0, "endIndex": len(segment.encode()), "text": segment},
        "groundingChunkIndices": [0, 1],
        "confidenceScores": [0.94, 0.81],
    }
    return {
        "webSearchQueries": [subject, f"{subject} overview"],
        "searchEntryPoint": {"renderedContent": f'<div class="chip">{mark}</div>'},
        "groundingChunks": [
            {"web": {"uri": uri, "title": name, "domain": domain}} for uri, name, domain in pages
        ],
        "groundingSupports": [support] if segment else [],
    }


def found(response: dict[str, Any]) -> str:
    """The answer in the result of a search function, as the model passes it on; empty: it is another's."""
    text = response.get("result")
    if not isinstance(text, str) or not text.startswith(_HEADING):
        return ""
    told = _SECTIONS.split(text.removeprefix(_HEADING), maxsplit=1)[0].strip()
    return f"This is what I found.\n\n{told}\n"
