"""Reading flow templates from disk: cached by what the file is, so that edits are seen without a restart."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from flowtime.engine import DocumentError, Limits, Problem, load_template
from runs.errors import TemplateNotFound

from .sources import read_columns

if TYPE_CHECKING:
    import numpy as np

    from flowtime.engine import Template

SHIPPED = Path(__file__).parent
MAX_TEMPLATE_BYTES = Limits().max_yaml_bytes

Stamp = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogEntry:
    """One flow template as found on disk. ``template`` is None where ``problems`` say why it cannot be run."""

    template_id: str
    text: str
    digest: str
    template: Template | None
    problems: tuple[Problem, ...]
    directory: Path

    @property
    def title(self) -> str:
        return self._fact("title") or self.template_id

    @property
    def version(self) -> str:
        return self.template.version if self.template else ""

    @property
    def description(self) -> str:
        return self._fact("description")

    @property
    def narrative(self) -> str:
        return self._fact("narrative")

    @property
    def tags(self) -> tuple[str, ...]:
        return tuple(self.template.metadata.get("tags", ())) if self.template else ()

    @property
    def capture_key(self) -> str | None:
        return self._fact("captureKey") or None

    def _fact(self, name: str) -> str:
        return str(self.template.metadata.get(name, "")).strip() if self.template else ""

    def sources(self, texts: Iterable[str]) -> dict[str, np.ndarray]:
        """The external arrays that ``texts`` name (``file:name.csv#column``), each of shape (rows,).

        Files lie beside the template and nowhere else. What is not there is left out: the engine then says
        which node misses it.
        """
        return read_columns(self.directory, texts)


_cache: dict[Path, tuple[Stamp, CatalogEntry]] = {}


def all_entries() -> list[CatalogEntry]:
    """Every template of the catalog, valid or not, by title; an id belongs to the first directory that has it."""
    found: dict[str, CatalogEntry] = {}
    for path in _template_files():
        entry = _entry(path)
        if entry is not None:
            found.setdefault(entry.template_id, entry)
    return sorted(found.values(), key=lambda entry: (entry.title.casefold(), entry.template_id))


def get_entry(template_id: str) -> CatalogEntry:
    """The template with that id; raises TemplateNotFound."""
    for entry in all_entries():
        if entry.template_id == template_id:
            return entry
    raise TemplateNotFound(f"There is no template {template_id[:80]!r} in the catalog.")


def _template_files() -> Iterator[Path]:
    for directory in (SHIPPED, *map(Path, settings.TEMPLATE_DIRS)):
        if directory.is_dir():
            yield from sorted(directory.glob("*.yaml"))


def _entry(path: Path) -> CatalogEntry | None:
    try:
        facts = path.stat()
        stamp = (facts.st_mtime_ns, facts.st_size)
        cached = _cache.get(path)
        if cached and cached[0] == stamp:
            return cached[1]
        entry = _read(path)
    except OSError:
        # The file went, or cannot be read, between the listing and the look: it is not in the catalog.
        _cache.pop(path, None)
        return None
    _cache[path] = (stamp, entry)
    return entry


def _read(path: Path) -> CatalogEntry:
    with path.open("rb") as file:
        # One byte more than the limit: the engine then refuses it by its size.
        data = file.read(MAX_TEMPLATE_BYTES + 1)
    template, problems = None, ()
    try:
        template = load_template(data)
    except DocumentError as error:
        problems = error.problems
    return CatalogEntry(
        template_id=template.id if template else path.stem,
        text=data.decode("utf-8", errors="replace"),
        digest="sha256:" + hashlib.sha256(data).hexdigest(),
        template=template,
        problems=problems,
        directory=path.parent,
    )
