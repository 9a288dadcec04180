"""Reading a whole document: its head, grid, classes, traffic and outputs, and everything below (engine §5, §8.7, §8.8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from ..documents.frozen import freeze
from ..documents.unknown import UNKNOWN
from ..model.grid import UNIT_MINUTES, Grid
from ..model.identifiers import CAPTURE_KEY, VERSION, is_class_id
from ..model.model import ClassDef, Output, Rng, TrafficEntry
from ..model.nodes import BufferNode, SeriesRef
from ..model.timestamps import parse_timestamp
from ..problems import Path, quoted
from .mappings import Entry, Keys, Reading, describe
from .nodes import id_text, read_id, read_nodes
from .outline import Item, Outline
from .topology import TOPOLOGY, read_constraints, read_edges, read_places

ROOT: Final = Keys(
    "schemaVersion",
    "metadata",
    "grid",
    "window",
    "mode",
    "parameters",
    "nodes",
    "topology",
    "classes",
    "traffic",
    "outputs",
    "rng",
    "generator",
    "provenance",
)
MODES: Final = ("simulation", "telemetry")
_SCHEMA_VERSION = 1
_METADATA = Keys(
    "id", "title", "version", "description", "narrative", "tags", "captureKey", is_open=True
)
_GRID = Keys("bins", "binSize", "binUnit", "start")
_WINDOW = Keys("start", "timezone")
_RNG = Keys("kind", "mode", "seed")
_CLASS = Keys("id", "displayName", "description")
_TRAFFIC = Keys("arrivals")
_ARRIVAL = Keys("nodeId", "classId", "pattern")
_PATTERN = Keys("kind", "ratePerBin", aliases={"rate": "ratePerBin"})
_OUTPUT = Keys("series", "exclude", "as", "description")
_LARGEST_BIN = 1000
_LARGEST_SEED = 2**32 - 1


def read_outline(root: Mapping[str, Any], reading: Reading) -> Outline:
    """Every part of the document, with all problems of its shape and its expressions noted."""
    entry = Entry(reading, root, (), ROOT)
    _schema_version(entry)
    name, version, metadata = _metadata(entry)
    grid = _grid(entry)
    topology = entry.mapping("topology", TOPOLOGY)
    if not isinstance(topology, Entry):
        topology = Entry(reading, {}, entry.where("topology"), TOPOLOGY)
    bins = grid.bins if isinstance(grid, Grid) else UNKNOWN
    traffic, traffic_path = _traffic(entry)
    outline = Outline(
        root=entry,
        metadata=metadata,
        id=name,
        version=version,
        grid=grid,
        mode=entry.choice("mode", MODES) or "simulation",
        rng=read_rng(entry),
        nodes=read_nodes(entry, bins),
        places=read_places(topology),
        edges=read_edges(topology),
        constraints=read_constraints(topology),
        classes=_classes(entry),
        traffic=traffic,
        traffic_path=traffic_path,
        outputs=_outputs(entry),
        generator=entry.text("generator"),
        provenance=entry.free("provenance"),
    )
    _share_overflow(outline)
    if not any(_has_nodes(holder) for holder in (entry, topology)) and not entry.meant("topology"):
        reading.notes.add("empty_model", (), "a model needs computation nodes or topology nodes")
    return outline


def _share_overflow(outline: Outline) -> None:
    """Of a queue that is a computation node and a place, one may say the limit and the other where overflow goes (§8.5)."""
    buffers: dict[Any, Item[Any]] = {
        node.id: node for node in outline.nodes if isinstance(node.value, BufferNode)
    }
    places: list[Item[Any]] = [*outline.places]
    for place in places:
        roles = place.value.roles
        depth = None if roles is UNKNOWN else roles.get("queueDepth")
        buffer = buffers.get(depth.id) if isinstance(depth, SeriesRef) else None
        if buffer is None or not place.value.is_queue_like:
            continue
        for limited, other in ((place, buffer), (buffer, place)):
            queue, target = limited.value, other.value.wip_overflow
            is_silent = not limited.entry.has("wipOverflow") and other.entry.has("wipOverflow")
            if queue.wip_limit is not None and is_silent:
                limited.value = replace(queue, wip_overflow=target)


def _has_nodes(holder: Entry) -> bool:
    """Whether there is a list of nodes that is not empty; what is faulty or misspelt counts as one."""
    value = holder.values.get("nodes")
    return holder.meant("nodes") is not None or (value is not None and value != [])


def _schema_version(root: Entry) -> None:
    value = root.integer("schemaVersion", required=True)
    if value is not UNKNOWN and value != _SCHEMA_VERSION:
        message = f"schema version {value} is not supported, only {_SCHEMA_VERSION}"
        root.fault("unsupported_schema_version", "schemaVersion", message)


def _metadata(root: Entry) -> tuple[Any, Any, Mapping[str, Any]]:
    metadata = root.mapping("metadata", _METADATA, required=True)
    if not isinstance(metadata, Entry):
        return UNKNOWN, UNKNOWN, MappingProxyType({})
    name = read_id(metadata)
    metadata.text("title", required=True)
    version = metadata.text("version", required=True)
    if version is not UNKNOWN and not VERSION.match(version):
        message = f"{quoted(version)} is not MAJOR.MINOR.PATCH"
        version = metadata.fault("bad_version", "version", message)
    metadata.text("description")
    metadata.text("narrative")
    metadata.texts("tags")
    capture_key = metadata.text("captureKey", may_be_empty=False)
    if isinstance(capture_key, str) and not CAPTURE_KEY.match(capture_key):
        message = f"{quoted(capture_key)} cannot name a capture"
        metadata.fault("bad_id", "captureKey", message)
    return name, version, written_metadata(root.values["metadata"])


def written_metadata(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The metadata as given, read-only, its known keys in camelCase."""
    spellings = _METADATA.spellings
    return MappingProxyType(
        {spellings.get(key, key): freeze(item) for key, item in values.items() if item is not None}
    )


def _grid(root: Entry) -> Grid | Any:
    starts: list[tuple[Path, Any]] = []
    window = root.mapping("window", _WINDOW)
    if isinstance(window, Entry):
        _read_start(window, starts)
        zone = window.text("timezone", may_be_empty=False)
        if isinstance(zone, str) and zone.upper() != "UTC":
            message = f"the time zone {quoted(zone)} is not supported, only UTC"
            window.fault("bad_timezone", "timezone", message)
    grid = root.mapping("grid", _GRID, required=True)
    if not isinstance(grid, Entry):
        return UNKNOWN
    _read_start(grid, starts)
    bins = grid.integer("bins", required=True, low=1)
    most = root.reading.limits.max_bins
    if isinstance(bins, int) and bins > most:
        bins = grid.fault("limit_exceeded", "bins", f"max_bins is {most}, found {bins}")
    size = grid.integer("binSize", required=True, low=1, high=_LARGEST_BIN)
    unit = grid.choice("binUnit", tuple(UNIT_MINUTES), required=True, any_case=True)
    start = _one_start(root, starts)
    return Grid(bins=bins, bin_size=size, bin_unit=unit, start=start)


def _read_start(holder: Entry, starts: list[tuple[Path, Any]]) -> None:
    text = holder.text("start", may_be_empty=False)
    if text is None or text is UNKNOWN:
        return
    instant = parse_timestamp(text)
    if instant is None:
        message = f"{quoted(text)} is not an ISO-8601 timestamp in UTC"
        holder.fault("bad_timestamp", "start", message)
    else:
        starts.append((holder.where("start"), instant))


def _one_start(root: Entry, starts: list[tuple[Path, Any]]) -> Any:
    if not starts:
        return None
    if len(starts) == 2 and starts[0][1] != starts[1][1]:
        order = list(root.values)
        first, later = sorted(
            (path for path, _ in starts), key=lambda path: order.index(str(path[0]))
        )
        message = f"the start differs from the one under {quoted(first[0])}"
        root.notes.add("conflicting_start", later, message)
    return starts[-1][1]


def read_rng(root: Entry) -> Rng:
    """How random numbers are drawn; what is not given has its default."""
    rng = root.mapping("rng", _RNG)
    if not isinstance(rng, Entry):
        return Rng()
    return Rng(
        kind=rng.choice("kind", ("pcg32",)) or "pcg32",
        mode=rng.choice("mode", ("expected", "sample")) or "expected",
        seed=_seed(rng),
    )


def _seed(rng: Entry) -> Any:
    value = rng.raw("seed")
    if value is None:
        return Rng().seed
    if value is UNKNOWN:
        return value
    if isinstance(value, str) and 0 < len(value) <= 10 and value.isascii() and value.isdigit():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST_SEED:
        return value
    message = f"a seed is a whole number from 0 to {_LARGEST_SEED}, not {describe(value)}"
    return rng.fault("bad_seed", "seed", message)


def _classes(root: Entry) -> list[Item[ClassDef]]:
    items: list[Item[ClassDef]] = []
    for entry in root.entries("classes", _CLASS, limit="max_classes"):
        name = entry.text("id", required=True)
        if name is not UNKNOWN and not is_class_id(name):
            message = (
                f"{quoted(name)} is not a class id: a letter, then at most 31 letters, digits, '_', '.' "
                "or '-'; DEFAULT is reserved"
            )
            name = entry.fault("bad_id", "id", message)
        definition = ClassDef(
            id=name,
            display_name=entry.text("displayName"),
            description=entry.text("description"),
        )
        items.append(Item(entry, id_text(entry), definition))
    return items


def _traffic(root: Entry) -> tuple[list[Item[TrafficEntry]], Path | None]:
    traffic = root.mapping("traffic", _TRAFFIC)
    if not isinstance(traffic, Entry):
        return [], None
    items = [_arrival(entry) for entry in traffic.entries("arrivals", _ARRIVAL)]
    return items, root.where("traffic") if items else None


def _arrival(entry: Entry) -> Item[TrafficEntry]:
    node = entry.text("nodeId", required=True)
    class_id = entry.text("classId", may_be_empty=False)
    pattern = entry.mapping("pattern", _PATTERN, required=True)
    rate: Any = UNKNOWN
    if isinstance(pattern, Entry):
        pattern.choice("kind", ("constant",), required=True)
        rate = pattern.number("ratePerBin", required=True, low=0)
    return Item(entry, None, TrafficEntry(node_id=node, class_id=class_id, rate=rate))


def _outputs(root: Entry) -> list[Output]:
    return [
        Output(
            series=entry.text("series", required=True),
            exclude=entry.texts("exclude"),
            as_name=entry.text("as"),
            description=entry.text("description"),
        )
        for entry in root.entries("outputs", _OUTPUT, limit="max_outputs")
    ]
