"""What lets other programs read and check a bundle: a Frictionless data package, and checksums for ``sha256sum``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from flowtime.bundles.manifests import Digest, FilePath, Part, Size, Text, Utc, encode
from flowtime.bundles.publish import Written

DATA_PACKAGE = "datapackage.json"
CHECKSUMS = "SHA256SUMS"

# What a series file may hold in the place of a number (bundles §4): no number at all to whoever reads the table.
MISSING = ("", "NaN", "Infinity", "-Infinity")
_NOT_IN_A_NAME = re.compile(r"[^a-z0-9._-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A series file, for whoever describes it: how it was written, and what it holds in words."""

    written: Written
    title: str
    unit: str | None
    bins: int


class BinLimits(Part):
    """Bins are numbered from 0, each once."""

    required: Literal[True] = True
    unique: Literal[True] = True
    minimum: Literal[0] = 0
    maximum: Annotated[int, Field(ge=0)]


class DataField(Part):
    """A column of a series file."""

    name: Literal["bin_index", "value"]
    type: Literal["integer", "number"]
    title: Text | None = None
    unit: Text | None = None
    constraints: BinLimits | None = None


class TableSchema(Part):
    """The columns of a series file, and what stands in it for a missing value."""

    fields: tuple[DataField, ...]
    primary_key: Literal["bin_index"] = "bin_index"
    missing_values: tuple[str, ...] = MISSING


class DataResource(Part):
    """One series file as the data package lists it."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9._-]+$")]
    path: FilePath
    profile: Literal["tabular-data-resource"] = "tabular-data-resource"
    title: Text
    format: Literal["csv"] = "csv"
    mediatype: Literal["text/csv"] = "text/csv"
    encoding: Literal["utf-8"] = "utf-8"
    bytes: Size
    hash: Digest
    table_schema: Annotated[TableSchema, Field(alias="schema")]


class DataPackage(Part):
    """``datapackage.json``: the series of a bundle as a tabular data package (specs.frictionlessdata.io)."""

    profile: Literal["tabular-data-package"] = "tabular-data-package"
    name: Annotated[str, Field(pattern=r"^[a-z0-9._-]+$")]
    id: Text
    title: Text
    created: Utc
    resources: tuple[DataResource, ...]


def data_package(name: str, *, title: str, created: Utc, tables: Iterable[Table]) -> bytes:
    """The bytes of ``datapackage.json``: the same tables give the same bytes. ``name`` is an id, its case kept as ``id``."""
    names = _Names()
    return encode(
        DataPackage(
            name=_plain(name),
            id=name,
            title=title,
            created=created,
            resources=tuple(_resource(table, names) for table in tables),
        )
    )


def checksums(files: Iterable[Written]) -> bytes:
    """The bytes of ``SHA256SUMS``, as ``sha256sum --check`` reads it. The manifest is written later and not in it."""
    return "".join(f"{file.sha256}  {file.path}\n" for file in files).encode()


def _resource(table: Table, names: _Names) -> DataResource:
    written = table.written
    bin_index = DataField(
        name="bin_index", type="integer", constraints=BinLimits(maximum=table.bins - 1)
    )
    value = DataField(name="value", type="number", title=table.title, unit=table.unit)
    return DataResource(
        name=names.of(written.path),
        path=written.path,
        title=table.title,
        bytes=written.bytes,
        hash=f"sha256:{written.sha256}",
        table_schema=TableSchema(fields=(bin_index, value)),
    )


class _Names:
    """Names of resources: lower case, and no two alike."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def of(self, path: str) -> str:
        stem = _plain(path.rpartition("/")[2].removesuffix(".csv"))
        name = next(name for name in self._numbered(stem) if name not in self._taken)
        self._taken.add(name)
        return name

    def _numbered(self, stem: str) -> Iterator[str]:
        yield stem
        yield from (f"{stem}.{number}" for number in range(2, len(self._taken) + 3))


def _plain(text: str) -> str:
    return _NOT_IN_A_NAME.sub("-", text.lower())
