"""What each kind of place needs and refuses, and places that contradict each other (engine §7, §12)."""

from __future__ import annotations

from typing import Any

from ..documents.unknown import UNKNOWN
from ..model.identifiers import ID
from ..model.nodes import BufferNode, SeriesRef
from ..model.roles import REFUSED_ROLES, REQUIRED_ROLES, RETRY_ROLES
from ..model.topology import TopologyNode
from ..problems import Path, quoted
from ..reading.mappings import Entry
from ..reading.outline import Item, Outline
from ..reading.queues import LOSS
from .registry import Registry

_NEW_ID_ROLES = ("queueDepth", "served", *RETRY_ROLES)
_WIP_KEYS = ("wipLimit", "wipLimitSeries", "wipOverflow")


def check_places(outline: Outline, registry: Registry) -> None:
    """Note every rule of engine §7.2, §11.4 and §12 that a place breaks by itself or with others."""
    for item in outline.places:
        semantics = item.inner.get("semantics")
        kind = item.value.kind
        if kind is not UNKNOWN and semantics is not None:
            if outline.mode == "simulation":
                _check_missing(registry, item, semantics)
            _check_refused(item, semantics)
            _check_sink(item, semantics)
            _check_retries(registry, item, semantics)
        _check_wip(registry, item)
    _check_new_ids(outline, registry)
    _check_shared_served(outline, registry)
    for queue in _queues(outline):
        _check_overflow(registry, queue)
    _check_settings(outline, registry)


def _queues(outline: Outline) -> list[Item[Any]]:
    """Every entry that may have a limit."""
    buffers = [item for item in outline.nodes if isinstance(item.value, BufferNode)]
    return [*buffers, *outline.places]


def _has(semantics: Entry, role: str) -> bool:
    """Whether the role is given, be it faulty or misspelt."""
    return semantics.has(role) or semantics.meant(role) is not None


def _check_missing(registry: Registry, item: Item[TopologyNode], semantics: Entry) -> None:
    place = item.value
    required = REQUIRED_ROLES[place.kind]
    if place.kind == "router" and _may_be_router(registry, item):
        required = ()
    if place.constraints and place.kind == "dlq":
        required = (*required, "served")
    for role in required:
        if _has(semantics, role):
            continue
        if role == "served" and place.is_queue_like and _has(semantics, "capacity"):
            continue
        instead = " or 'capacity'" if role == "served" and place.is_queue_like else ""
        message = f"a {place.kind} needs the role {quoted(role)}{instead}"
        semantics.fault("missing_role", role, message)


def _may_be_router(registry: Registry, item: Item[TopologyNode]) -> bool:
    """Whether a computation router of the same id supplies the roles."""
    node = registry.nodes.get(item.id) if isinstance(item.id, str) else None
    if node is None:
        return item.id is UNKNOWN or registry.are_series_open
    return node.value is None or node.entry.values.get("kind") == "router"


def _check_refused(item: Item[TopologyNode], semantics: Entry) -> None:
    place = item.value
    for role in REFUSED_ROLES.get(place.kind, ()):
        if semantics.has(role):
            message = f"a {place.kind} cannot have the role {quoted(role)}"
            semantics.fault("role_not_allowed", role, message)
    if place.kind in ("router", "sink") and item.entry.has("constraints"):
        message = f"a {place.kind} cannot be under a constraint"
        item.entry.fault("role_not_allowed", "constraints", message)
    if place.is_queue_like or place.kind in REFUSED_ROLES:
        return
    if semantics.values.get("queueDepth") == "self":
        message = f"a {place.kind} has no queue of its own: only queue-like kinds do"
        semantics.fault("role_not_allowed", "queueDepth", message)
    is_initial_alone = item.entry.has("initialCondition") and not _has(semantics, "queueDepth")
    if place.kind == "service" and is_initial_alone:
        message = "a service without 'queueDepth' has nothing to begin with"
        item.entry.fault("role_not_allowed", "initialCondition", message)


def _check_sink(item: Item[TopologyNode], semantics: Entry) -> None:
    roles = item.value.roles
    if item.value.kind != "sink" or "served" not in roles or _has(semantics, "errors"):
        return
    served, arrivals = roles["served"], roles.get("arrivals", UNKNOWN)
    if UNKNOWN not in (served, arrivals) and served != arrivals:
        message = "a sink without errors serves what arrives: name the series of 'arrivals'"
        semantics.fault("sink_served_differs", "served", message)


def _check_retries(registry: Registry, item: Item[TopologyNode], semantics: Entry) -> None:
    claimed = [role for role in RETRY_ROLES if registry.is_claimed(item, role)]
    if not claimed:
        return
    if not any(_has(semantics, role) for role in ("failures", "errors")):
        message = f"{quoted(claimed[0])} needs the role 'failures' or 'errors'"
        semantics.fault("echo_without_failures", claimed[0], message)
    kernel = item.value.retry_kernel
    if item.value.max_attempts in (None, UNKNOWN) or kernel is UNKNOWN:
        return
    if kernel and kernel[0] > 0:
        message = "with 'maxAttempts' the kernel must start with 0: a retry takes at least one bin"
        semantics.fault("budget_kernel_starts_now", "retryKernel", message)


def _check_wip(registry: Registry, item: Item[TopologyNode]) -> None:
    place = item.value
    keys = [key for key in item.entry.values if key in _WIP_KEYS and item.entry.has(key)]
    if not keys or place.kind is UNKNOWN or place.roles is UNKNOWN:
        return
    depth = place.roles.get("queueDepth")
    if not place.is_queue_like:
        message = f"a {place.kind} holds no work back, so it cannot be limited"
        item.entry.fault("wip_without_queue", keys[0], message)
    elif depth is not None and depth is not UNKNOWN and _is_given(registry, item, depth):
        message = "the depth of this queue is given, so it cannot be limited"
        item.entry.fault("wip_without_queue", keys[0], message)


def _is_given(registry: Registry, item: Item[TopologyNode], depth: Any) -> bool:
    """Whether the author states the queue depth (engine §12.4.4)."""
    if not isinstance(depth, SeriesRef) or depth.class_id is not None:
        return True
    node = registry.nodes.get(depth.id)
    if node is not None:
        return node.value is not None and not isinstance(node.value, BufferNode)
    return depth.id in registry.series and not registry.is_claimed(item, "queueDepth")


def _check_new_ids(outline: Outline, registry: Registry) -> None:
    """New ids that roles introduce are series ids too: their pattern, and clashes of letter case."""
    authored = {
        name.lower(): name for name in (*registry.nodes, *(t.name for t in registry.targets))
    }
    for item in outline.places:
        semantics = item.inner.get("semantics")
        for role in _NEW_ID_ROLES:
            if semantics is None or not registry.is_claimed(item, role):
                continue
            operand = item.value.roles[role]
            name = operand.id if isinstance(operand, SeriesRef) else ""
            first = authored.setdefault(name.lower(), name)
            if not ID.match(name):
                semantics.fault("bad_id", role, f"{quoted(name)} cannot be the id of a new series")
            elif first != name:
                message = f"{quoted(name)} differs from {quoted(first)} only by letter case"
                semantics.fault("id_case_clash", role, message)


def _check_shared_served(outline: Outline, registry: Registry) -> None:
    """One authored series cannot be limited for one node and not for another (engine §12.4.3)."""
    sharing: dict[str, list[Item[TopologyNode]]] = {}
    for item in outline.places:
        place = item.value
        served = UNKNOWN if place.roles is UNKNOWN else place.roles.get("served")
        # What a sink serves is its arrivals under another name: it may read a limited series.
        if not isinstance(served, SeriesRef) or place.kind == "sink":
            continue
        if registry.is_authored(served.id):
            sharing.setdefault(served.id, []).append(item)
    for name, items in sharing.items():
        if len(items) < 2 or not any(_is_limited(item.value) for item in items):
            continue
        for item in items[1:]:
            message = (
                f"{quoted(name)} is the served of several nodes, of which at least one is limited: "
                "give each its own series"
            )
            item.inner["semantics"].fault("served_shared_by_limited_nodes", "served", message)


def _is_limited(place: TopologyNode) -> bool:
    return bool(place.constraints) or (place.is_queue_like and place.dispatch is not None)


def _check_overflow(registry: Registry, item: Item[Any]) -> None:
    name = item.value.wip_overflow
    if name in (None, LOSS, UNKNOWN) or not item.entry.has("wipOverflow"):
        return
    registry.check_place(item.entry, "wipOverflow", name)
    target = registry.places.get(name)
    if target is None or target.value.kind is UNKNOWN:
        return
    if not target.value.is_queue_like and target.value.kind != "sink":
        message = (
            f"{quoted(name)} is a {target.value.kind}: overflow needs a queue-like node or a sink"
        )
        item.entry.fault("overflow_target_kind", "wipOverflow", message)


def _check_settings(outline: Outline, registry: Registry) -> None:
    """A queue that is a computation node and a place: what both say must agree (engine §8.5, §12.6)."""
    overflowed = {
        item.value.wip_overflow for item in _queues(outline) if item.value.wip_limit is not None
    }
    given: dict[str, dict[str, tuple[Any, Path]]] = {}
    for item in outline.places:
        buffer = registry.buffer_of(item)
        if buffer is None or not item.value.is_queue_like:
            continue
        settings = given.setdefault(buffer.id, _settings(buffer))
        for name, (value, path) in _settings(item).items():
            other, first = settings.setdefault(name, (value, path))
            if UNKNOWN not in (value, other) and value != other:
                message = f"the queue {quoted(buffer.id)} has another {quoted(name)} elsewhere"
                _conflict(outline, (first, path), message)
        if item.id in overflowed:
            _check_inflow(outline, item, buffer)


def _settings(item: Item[Any]) -> dict[str, tuple[Any, Path]]:
    """What an entry says about its queue, with the places where it says so."""
    entry, queue = item.entry, item.value
    found: dict[str, tuple[Any, Path]] = {}
    initial = queue.initial if isinstance(queue, BufferNode) else queue.initial_depth
    if initial is not None:
        holder = item.inner.get("initialCondition")
        path = entry.where("initial") if holder is None else holder.where("queueDepth")
        found["initial level"] = (initial, path)
    if queue.dispatch is not None:
        found["dispatchSchedule"] = (queue.dispatch, entry.where("dispatchSchedule"))
    if queue.wip_limit is not None:
        key = "wipLimitSeries" if entry.has("wipLimitSeries") else "wipLimit"
        found["WIP limit"] = (queue.wip_limit, entry.where(key))
    if entry.has("wipOverflow"):
        found["wipOverflow"] = (queue.wip_overflow, entry.where("wipOverflow"))
    return found


def _check_inflow(outline: Outline, item: Item[TopologyNode], buffer: Item[BufferNode]) -> None:
    arrivals = item.value.roles.get("arrivals", UNKNOWN)
    inflow = buffer.value.inflow
    if UNKNOWN in (arrivals, inflow) or arrivals == inflow:
        return
    message = (
        f"overflow enters {quoted(item.id)}, so its arrivals and the inflow of {quoted(buffer.id)} "
        "must be the same series"
    )
    paths = (buffer.entry.where("inflow"), item.inner["semantics"].where("arrivals"))
    _conflict(outline, paths, message)


def _conflict(outline: Outline, paths: tuple[Path, Path], message: str) -> None:
    notes = outline.root.notes
    notes.add("conflicting_definition", notes.later(*paths), message)
