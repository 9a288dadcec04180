"""Reading flow templates from disk: cached by what the file is, so that edits are seen without a restart."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from django.conf import settings

from flowtime.engine import DocumentError, Limits, Problem, load_template
from runs.errors import TemplateNotFound

from .files import Stamp, Unreadable, read_plain_file, stamp_of
from .sources import read_columns

if TYPE_CHECKING:
    import numpy as np

    from flowtime.engine import Template

log = structlog.get_logger(__name__)

SHIPPED = Path(__file__).parent
MAX_TEMPLATE_BYTES = Limits().max_yaml_bytes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CatalogEntry:
    """One flow template as found on disk. ``template`` is None where ``problems`` say why it cannot be run.

    An entry is the file as it was read that time: it equals itself alone, and can key what is made of it.
    """

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
    def words(self) -> str:
        """What the entry can be found by."""
        return " ".join((self.template_id, self.title, self.description, *self.tags))

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
    """Every template of the catalog, valid or not, by title.

    An id belongs to the first directory that has it, the shipped one before all others; in a directory a
    template that can be run comes before a file that is merely named like it.
    """
    found: dict[str, CatalogEntry] = {}
    for path in _template_files():
        entry, is_new = _entry(path)
        if entry is None:
            continue
        other = found.get(entry.template_id)
        if other is None or (other.template is None and entry.template is not None):
            found[entry.template_id] = entry
        elif is_new:
            log.warning("template.hidden", template_id=entry.template_id, digest=entry.digest)
    return sorted(found.values(), key=lambda entry: (entry.title.casefold(), entry.template_id))


def get_entry(template_id: str) -> CatalogEntry:
    """The template with that id; raises TemplateNotFound."""
    for entry in all_entries():
        if entry.template_id == template_id:
            return entry
    raise TemplateNotFound(f"There is no template {template_id[:80]!r} in the catalog.")


def _template_files() -> Iterator[Path]:
    for directory in (SHIPPED, *map(Path, settings.TEMPLATE_DIRS)):
        try:
            paths = sorted(directory.iterdir())
        except OSError:
            # A directory that is not there, or not ours to read, has no templates.
            continue
        yield from (path for path in paths if path.suffix == ".yaml")


def _entry(path: Path) -> tuple[CatalogEntry | None, bool]:
    """What the file holds, and whether it was read just now; None where it went meanwhile."""
    try:
        stamp = stamp_of(path)
    except OSError:
        _cache.pop(path, None)
        return None, False
    cached = _cache.get(path)
    if cached and cached[0] == stamp:
        return cached[1], False
    entry = _read(path)
    _cache[path] = (stamp, entry)
    return entry, True


def _read(path: Path) -> CatalogEntry:
    data, template = b"", None
    problems: tuple[Problem, ...] = ()
    try:
        # One byte more than the limit: the engine then refuses it by its size.
        data = read_plain_file(path, MAX_TEMPLATE_BYTES + 1)
        template = load_template(data)
    except Unreadable as refusal:
        problems = (Problem("template_unreadable", f"The file cannot be read: {refusal}", ""),)
    except DocumentError as error:
        problems = error.problems
    return CatalogEntry(
        template_id=template.id if template else _id_of_name(path.stem),
        text=data.decode("utf-8", errors="replace"),
        digest="sha256:" + hashlib.sha256(data).hexdigest(),
        template=template,
        problems=problems,
        directory=path.parent,
    )


def _id_of_name(stem: str) -> str:
    """An id for a file that has none of its own: it must fit an address."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", stem).strip("-.")[:60] or "template"
