"""Flattening one JSON-schema node: references inlined, allOf, conditionals and unions merged away.

First half of the cleaner (schema.py): takes a node as written and gives one without `$ref`, `allOf`,
`anyOf`, `oneOf`, `then` and `else`. It looks at children only as far as unions need it, and cleans none.
"""

from __future__ import annotations

from typing import Any, Final, TypeGuard, cast
from urllib.parse import unquote

from msgspec import Struct, json

from .schema_words import (
    KEYWORDS,
    STRUCTURE,
    Node,
    choices,
    kind_of_values,
    properties_of,
    required_of,
    stated_type,
    stated_types,
    type_of,
    unique,
)

Active = frozenset[str]

CHAIN_LIMIT: Final = 32
NEST_LIMIT: Final = 40
INLINED_LIMIT: Final = 3_000
LARGEST: Final = 200_000
"""Bytes by which references may make a schema grow."""


class TooLargeError(Exception):
    """More than INLINED_LIMIT references have been met."""


class Flat(Struct):
    """A flattened node. `active` are the references its children may not take again.

    `see` and `accepts` are hints to be written; `nullable` says that null was allowed.
    """

    node: Node
    active: Active
    see: list[str]
    accepts: list[str]
    nullable: bool = False


class Flattener:
    """Flattens nodes of one document. `depth_limit`: references deeper than this become stubs.

    Once INLINED_LIMIT references have been met, it raises TooLargeError, or, if it must not give
    up (`last`), turns every further reference into a stub; then it does so after LARGEST bytes, too.
    """

    def __init__(self, root: Node, depth_limit: int, last: bool) -> None:
        self._root = root
        self._depth_limit = depth_limit
        self._last = last
        self.inlined = 0
        self._grown = 0

    def flatten(self, node: Node, active: Active, depth: int, nest: int = 0) -> Flat:
        flat = self._base(node, active, depth, nest)
        for union in ("anyOf", "oneOf"):
            branches = flat.node.pop(union, None)
            if isinstance(branches, list):
                self._merge_union(flat, cast(list[Any], branches), depth, nest)
        return flat

    # --- references, repair, allOf, conditionals ------------------------------------------------

    def _base(self, node: Node, active: Active, depth: int, nest: int) -> Flat:
        flat = self._dereferenced(node, active, depth)
        flat.node = _repaired(flat.node)
        branches = flat.node.pop("allOf", None)
        if isinstance(branches, list) and nest < NEST_LIMIT:
            start = flat.active
            for branch in cast(list[Any], branches):
                if not isinstance(branch, dict) or self._is_active(cast(Node, branch), start):
                    continue
                part = self._base(cast(Node, branch), start, depth, nest + 1)
                flat.active |= part.active
                flat.see += part.see
                _take_missing(flat.node, part.node)
        for word in ("then", "else"):
            branch = flat.node.pop(word, None)
            if isinstance(branch, dict) and nest < NEST_LIMIT:
                part = self._base(cast(Node, branch), flat.active, depth, nest + 1)
                if properties := properties_of(part.node):
                    flat.active |= part.active
                    flat.node["properties"] = {**properties, **properties_of(flat.node)}
        return flat

    def _dereferenced(self, node: Node, active: Active, depth: int) -> Flat:
        """The node with its chain of references followed; own keys win over the target's."""
        hops = 0
        while "$ref" in node:
            ref = node["$ref"]
            own = {key: value for key, value in node.items() if key != "$ref"}
            if not isinstance(ref, str):
                node = own
                continue
            found, target = self._look_up(ref)
            if not found or hops >= CHAIN_LIMIT:
                return Flat({"type": "object", **own}, active, [_last_segment(ref)], [])
            shape: Node = cast(Node, target) if isinstance(target, dict) else {}
            if self._exhausted(shape) or ref in active or depth > self._depth_limit:
                return Flat(_stub({**shape, **own}), active, [_last_segment(ref)], [])
            hops += 1
            active |= {ref}
            node = {key: value for key, value in shape.items() if key not in ("$defs", "definitions")} | own
        return Flat(dict(node), active, [], [])

    def _is_active(self, branch: Node, active: Active) -> bool:
        return isinstance(branch.get("$ref"), str) and branch["$ref"] in active

    def _exhausted(self, shape: Node) -> bool:
        self.inlined += 1
        if self._last:
            self._grown += len(json.encode(shape))
            return self.inlined > INLINED_LIMIT or self._grown > LARGEST
        if self.inlined > INLINED_LIMIT:
            raise TooLargeError
        return False

    def _look_up(self, ref: str) -> tuple[bool, Any]:
        """Follow a JSON pointer of this document (RFC 6901)."""
        if ref == "#":
            return True, self._root
        if not ref.startswith("#/"):
            return False, None
        at: Any = self._root
        for raw in unquote(ref[2:]).split("/"):
            step = raw.replace("~1", "/").replace("~0", "~")
            if isinstance(at, dict) and step in at:
                at = cast(Node, at)[step]
            elif isinstance(at, list) and step.isdecimal() and int(step) < len(cast(list[Any], at)):
                at = cast(list[Any], at)[int(step)]
            else:
                return False, None
        return True, at

    # --- unions ---------------------------------------------------------------------------------

    def _merge_union(self, flat: Flat, branches: list[Any], depth: int, nest: int) -> None:
        """Merge what `branches` allow into `flat`: an enum of all, all objects as one, or the best one."""
        parts = self._branches(flat, branches, depth, nest)
        for part in parts:
            flat.active |= part.active
            flat.nullable = flat.nullable or part.nullable or _takes_null(part.node)
        parts = [part for part in parts if not _only_null(part.node)]
        if not parts:
            return
        node = flat.node
        if all(choices(part.node) for part in parts):
            values = unique([value for part in parts for value in choices(part.node)])
            node["type"] = kind_of_values(values) or "string"
            node.setdefault("enum", values)
            _describe(node, _shared_description(parts))
            return
        own = stated_type(node)
        names = [type_of(part.node, default=own or "string") for part in parts]
        best = max(names, key=_rank)
        chosen = [part for part, name in zip(parts, names, strict=True) if name == best]
        if best == "object" and len(chosen) > 1:
            choice = _merged_objects([part.node for part in chosen])
        else:
            first = next(part for part, name in zip(parts, names, strict=True) if _rank(name) == _rank(best))
            choice, best = first.node, names[parts.index(first)]
            flat.see += first.see
            flat.accepts += first.accepts
        if "type" in choice or own is None:
            node["type"] = choice.get("type", best)
        _describe(node, choice.get("description"))
        _take_missing(node, choice)
        distinct = list(dict.fromkeys(names))
        if len(distinct) > 1:
            flat.accepts.append(" | ".join(distinct))

    def _branches(self, flat: Flat, branches: list[Any], depth: int, nest: int) -> list[Flat]:
        """The branches, each with references and allOf resolved; a plain union among them is spread out."""
        parts: list[Flat] = []
        if nest >= NEST_LIMIT:
            return parts
        for branch in branches:
            if branch is True:
                branch = {}
            if not isinstance(branch, dict):
                continue
            part = self._base(cast(Node, branch), flat.active, depth, nest + 1)
            inner = [part.node[word] for word in ("anyOf", "oneOf") if isinstance(part.node.get(word), list)]
            if not inner:
                parts.append(part)
            elif "properties" in part.node or "type" in part.node:
                parts.append(self.flatten(cast(Node, branch), flat.active, depth, nest + 1))
            else:
                flat.active |= part.active
                for inner_branch in (one for union in inner for one in cast(list[Any], union)):
                    if isinstance(inner_branch, dict):
                        spread = self.flatten(cast(Node, inner_branch), part.active, depth, nest + 1)
                        parts.append(spread)
        return parts


def _is_node(value: Any) -> TypeGuard[Node]:
    return isinstance(value, dict)


def _rank(name: str) -> int:
    return {"object": 2, "array": 1}.get(name, 0)


def _takes_null(node: Node) -> bool:
    return node.get("nullable") is True or "null" in stated_types(node) or _only_null(node)


def _only_null(node: Node) -> bool:
    return stated_types(node) == ["null"] or choices(node) == [None]


def _stub(shape: Node) -> Node:
    """What stands in for a reference that can't be followed again: its type and description."""
    stub: Node = {"type": type_of({"type": shape.get("type")}, default="object")}
    if stub["type"] == "array":
        stub["items"] = {"type": "object"}
    for key in ("description", "nullable"):
        if key in shape:
            stub[key] = shape[key]
    return stub


def _repaired(node: Node) -> Node:
    """Bare property maps and boolean `required` flags put where they belong."""
    if stated_types(node) == ["object"] or (
        "type" not in node and not any(word in node for word in STRUCTURE)
    ):
        bare = {
            key: value
            for key, value in node.items()
            if _is_node(value) and key not in KEYWORDS and not key.startswith(("$", "x-"))
        }
        if bare:
            node = {key: value for key, value in node.items() if key not in bare}
            node["type"] = "object"
            node["properties"] = {**bare, **properties_of(node)}
    flags = {
        name: cast(Node, schema)["required"]
        for name, schema in properties_of(node).items()
        if isinstance(schema, dict) and isinstance(cast(Node, schema).get("required"), bool)
    }
    if flags:
        node = dict(node)
        node["properties"] = {
            name: {key: value for key, value in schema.items() if key != "required"}
            if name in flags
            else schema
            for name, schema in properties_of(node).items()
        }
        node["required"] = required_of(node) + [name for name, flag in flags.items() if flag]
    return node


def _take_missing(node: Node, other: Node) -> None:
    """Give `node` what it lacks of `other`: keys, properties by name, required names."""
    properties = {**properties_of(other), **properties_of(node)}
    required = list(dict.fromkeys(required_of(node) + required_of(other)))
    for key, value in other.items():
        node.setdefault(key, value)
    if properties:
        node["properties"] = properties
    if required:
        node["required"] = required


def _describe(node: Node, text: Any) -> None:
    """Add a branch's description to the node's own."""
    if not isinstance(text, str) or not text:
        return
    own = node.get("description")
    if not isinstance(own, str) or not own:
        node["description"] = text
    elif own != text and f"({text})" not in own:
        node["description"] = f"{own} ({text})"


def _shared_description(parts: list[Flat]) -> str | None:
    texts = [part.node.get("description") for part in parts]
    return texts[0] if isinstance(texts[0], str) and all(text == texts[0] for text in texts) else None


def _merged_objects(nodes: list[Node]) -> Node:
    """Several object branches as one: all properties, but only what all of them require or say."""
    first = nodes[0]
    merged: Node = {
        key: value
        for key, value in first.items()
        if key not in ("properties", "required") and all(node.get(key) == value for node in nodes)
    }
    properties: Node = {}
    for node in nodes:
        for name, schema in properties_of(node).items():
            properties[name] = _united(properties[name], schema) if name in properties else schema
    required = [name for name in required_of(first) if all(name in required_of(node) for node in nodes)]
    return {**merged, "type": "object", "properties": properties, "required": required}


def _united(first: Any, second: Any) -> Any:
    """The first definition of a property, with the second's choices if both are lists of choices."""
    if not _is_node(first) or not _is_node(second):
        return first
    one, two = choices(first), choices(second)
    if not one or not two:
        return first
    kept = {key: value for key, value in first.items() if key not in ("const", "enum", "type")}
    values = unique(one + two)
    return {**kept, "type": kind_of_values(values) or "string", "enum": values}


def _last_segment(ref: str) -> str:
    return ref.rstrip("/").rpartition("/")[2].lstrip("#") or "root"
