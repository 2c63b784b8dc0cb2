"""Finds what a reference points to: ids, anchors, JSON pointers, the published meta-schemas. Never the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin

from proxy_inference_engine.errors import SchemaError
from proxy_inference_engine.structuring.schema.limits import LISTS, MAPS, ONES

_DRAFTS = {"draft-03": 4, "draft-04": 4, "draft-06": 6, "draft-07": 7, "draft/2019-09": 2019, "draft/2020-12": 2020}


@dataclass(frozen=True)
class Place:
    """A schema inside a document: the base URI it is read with, the draft, and its path for messages."""

    node: Any
    base: str
    draft: int
    path: str


def draft_of(schema: Any, default: int) -> int:
    """The draft that `$schema` names (4, 6, 7, 2019 or 2020), else `default`."""
    named = schema.get("$schema") if isinstance(schema, dict) else None
    if isinstance(named, str):
        return next((draft for mark, draft in _DRAFTS.items() if mark in named), default)
    return default


def guess_draft(schema: Any) -> int:
    """The draft of a whole document; without `$schema` 2020-12, or 7 where it uses what only older drafts have."""
    if isinstance(schema, dict) and isinstance(schema.get("$schema"), str):
        return draft_of(schema, 2020)
    stack = [schema]
    while stack:
        node = stack.pop()
        if not isinstance(node, dict):
            continue
        for flag in ("exclusiveMinimum", "exclusiveMaximum"):
            if isinstance(node.get(flag), bool):
                return 4
        if isinstance(node.get("items"), list) or "dependencies" in node:
            return 7
        stack.extend(child for _, child in subschemas(node))
    return 2020


def subschemas(node: dict[str, Any]) -> list[tuple[str, Any]]:
    """The direct subschemas of `node` with their relative paths."""
    found: list[tuple[str, Any]] = []
    for key, value in node.items():
        if isinstance(value, dict) and (key in MAPS or key == "dependencies"):
            found += [
                (f"{key}/{escape(name)}", child) for name, child in value.items() if isinstance(child, dict | bool)
            ]
        elif isinstance(value, list) and (key in LISTS or key == "items"):
            found += [(f"{key}/{index}", child) for index, child in enumerate(value)]
        elif key in ONES:
            found.append((key, value))
    return found


def escape(name: str) -> str:
    """`name` as a part of a JSON pointer."""
    return name.replace("~", "~0").replace("/", "~1")


class References:
    """All documents that the schema may point into: itself, and the published meta-schemas."""

    def __init__(self, root: Any, draft: int) -> None:
        self.places: dict[str, Place] = {}
        self.dynamic: dict[str, list[str]] = {}
        self._loaded: set[str] = set()
        self.root = Place(root, self._identified(root, "", draft), draft, "#")
        self._index(self.root)

    def _identified(self, node: Any, base: str, draft: int) -> str:
        if not isinstance(node, dict) or (draft <= 7 and "$ref" in node):
            return base
        named = node.get("id" if draft == 4 else "$id")
        if not isinstance(named, str) or named.startswith("#"):
            return base
        return urldefrag(_join(base, named))[0]

    def _index(self, root: Place) -> None:
        self.places.setdefault(root.base, root)
        stack = [root]
        while stack:
            place = stack.pop()
            node = place.node
            if not isinstance(node, dict):
                continue
            for key in ("$anchor", "$dynamicAnchor", "$id", "id"):
                name = node.get(key)
                if isinstance(name, str) and key in ("$anchor", "$dynamicAnchor"):
                    self.places.setdefault(f"{place.base}#{name}", place)
                    if key == "$dynamicAnchor":
                        self.dynamic.setdefault(name, []).append(place.base)
                elif isinstance(name, str) and name.startswith("#") and len(name) > 1:
                    self.places.setdefault(f"{place.base}{name}", place)
            for path, child in subschemas(node):
                base = self._identified(child, place.base, place.draft)
                inner = Place(child, base, place.draft, f"{place.path}/{path}")
                if base != place.base:
                    self.places.setdefault(base, inner)
                stack.append(inner)

    def resolve(self, reference: str, place: Place) -> Place:
        """What `reference`, read at `place`, points to. Raises SchemaError where there is nothing."""
        uri, fragment = urldefrag(
            _join(place.base, reference) if not reference.startswith("#") else place.base + reference
        )
        document = self.places.get(uri) or self._published(uri)
        if document is None and uri == place.base:
            document = self.root
        if document is None:
            raise SchemaError(
                f"$ref {reference!r} at {place.path} points outside the schema: put what it means into $defs",
                param="$ref",
            )
        if fragment and not fragment.startswith("/"):
            found = self.places.get(f"{uri}#{fragment}")
        else:
            found = self._follow(document, unquote(fragment))
        if found is None:
            raise SchemaError(f"$ref {reference!r} at {place.path} points to nothing: correct it", param="$ref")
        return found

    def _follow(self, place: Place, pointer: str) -> Place | None:
        node, base, path = place.node, place.base, place.path
        for part in pointer.split("/")[1:] if pointer else []:
            part = part.replace("~1", "/").replace("~0", "~")
            if isinstance(node, dict) and part in node:
                node = node[part]
            elif isinstance(node, list) and part.isdigit() and len(part) < 9 and int(part) < len(node):
                node = node[int(part)]
            else:
                return None
            base = self._identified(node, base, place.draft)
            path += f"/{escape(part)}"
        return Place(node, base, place.draft, path) if isinstance(node, dict | bool) else None

    def _published(self, uri: str) -> Place | None:
        """One of the meta-schemas that come with the validator; nothing is fetched."""
        if "json-schema.org/" not in uri or uri in self._loaded:
            return self.places.get(uri)
        self._loaded.add(uri)
        from jsonschema_specifications import REGISTRY

        for name in (uri, uri + "#"):
            if name in REGISTRY:
                node = REGISTRY.contents(name)
                place = Place(node, uri, draft_of(node, 2020), uri)
                self._index(place)
                return place
        return None


def _join(base: str, reference: str) -> str:
    try:
        return urljoin(base, reference)
    except ValueError:
        raise SchemaError(f"{reference!r} is not a URI: correct it", param="$ref") from None
