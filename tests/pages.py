"""Reading a page in a test: its words, and its elements by id."""

from html.parser import HTMLParser
from typing import Any

VOID = {
    "area",
    "base",
    "br",
    "col",
    "hr",
    "img",
    "input",
    "link",
    "meta",
    "use",
    "path",
    "wbr",
    "circle",
    "rect",
    "line",
}


class _Reader(HTMLParser):
    """Collects words, and for each id the attributes of its element and the words inside."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.elements: dict[str, dict[str, str]] = {}
        self._open: list[tuple[str, str | None, int]] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        facts = {name: value or "" for name, value in attrs}
        identifier = facts.get("id")
        if identifier:
            self.elements[identifier] = {**facts, "tag": tag}
        if tag not in VOID:
            self._open.append((tag, identifier, len(self.words)))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        while self._open:
            opened, identifier, first = self._open.pop()
            if identifier:
                self.elements[identifier]["words"] = " ".join(self.words[first:])
            if opened == tag:
                return

    def handle_data(self, data: str) -> None:
        if not any(tag in ("script", "style", "template") for tag, _, _ in self._open):
            self.words += data.split()


def _read(response: Any) -> _Reader:
    reader = _Reader()
    reader.feed(response.content.decode())
    return reader


def text_of(response: Any) -> str:
    """What a response says, without its markup, blanks as single spaces."""
    return " ".join(_read(response).words)


def element_of(response: Any, identifier: str) -> dict[str, str]:
    """The attributes of the element with that id, with its ``tag`` and its ``words``."""
    return _read(response).elements[identifier]
