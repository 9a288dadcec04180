"""Writes models.md from the engine's own tables: run ``python docs/reference/generate_models.py``."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from types import ModuleType

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from docs.reference.model_words import KEYS, ROLES, WORDS
from docs.reference.pages import code, join, table, write
from flowtime.engine import PROFILES, Limits
from flowtime.engine.checks.codes import SEVERITIES, SEVERITY_RANK
from flowtime.engine.expressions.functions import FUNCTIONS, Function
from flowtime.engine.metrics.layout import METRICS
from flowtime.engine.model.roles import (
    KINDS,
    NUMERIC_ROLES,
    REFUSED_ROLES,
    REQUIRED_ROLES,
    RETRY_ROLES,
)
from flowtime.engine.problems import STAGES
from flowtime.engine.reading import nodes, parameters, pmf, queues, topology, whole
from flowtime.engine.reading.mappings import Keys, snake_key
from flowtime.engine.reading.topology import EDGE_TYPES, MEASURES
from flowtime.engine.results.kinds import _ROLE_KINDS, FLOW

SECTIONS: Mapping[str, tuple[ModuleType, str]] = {
    "template": (whole, "ROOT"),
    "metadata": (whole, "_METADATA"),
    "grid": (whole, "_GRID"),
    "window": (whole, "_WINDOW"),
    "parameter": (parameters, "_KEYS"),
    "pmf mapping": (pmf, "_PMF"),
    "profile": (pmf, "_PROFILE"),
    "router mapping": (nodes, "_ROUTER"),
    "inputs": (nodes, "_INPUTS"),
    "route": (nodes, "_ROUTE"),
    "dispatchSchedule": (queues, "_DISPATCH"),
    "class": (whole, "_CLASS"),
    "traffic": (whole, "_TRAFFIC"),
    "arrival": (whole, "_ARRIVAL"),
    "pattern": (whole, "_PATTERN"),
    "output": (whole, "_OUTPUT"),
    "rng": (whole, "_RNG"),
    "topology": (topology, "TOPOLOGY"),
    "topology node": (topology, "_NODE"),
    "semantics": (topology, "_SEMANTICS"),
    "initialCondition": (topology, "_INITIAL"),
    "ui": (topology, "_UI"),
    "edge": (topology, "_EDGE"),
    "constraint": (topology, "_CONSTRAINT"),
    "constraint semantics": (topology, "_SHARED"),
}
"""Where the engine keeps the keys of each kind of mapping; those of computation nodes are by kind."""

HEADINGS: Mapping[str, str] = {
    "template": "The document",
    "metadata": "`metadata`",
    "grid": "`grid`",
    "window": "`window`",
    "parameter": "`parameters[]`",
    "node": "`nodes[]`, every kind",
    "const": "`nodes[]` of kind `const`",
    "expr": "`nodes[]` of kind `expr`",
    "pmf": "`nodes[]` of kind `pmf`",
    "serviceWithBuffer": "`nodes[]` of kind `serviceWithBuffer`",
    "router": "`nodes[]` of kind `router`",
    "pmf mapping": "`pmf`",
    "profile": "`profile`",
    "router mapping": "`router`",
    "inputs": "`inputs`",
    "route": "`routes[]`",
    "dispatchSchedule": "`dispatchSchedule`",
    "class": "`classes[]`",
    "traffic": "`traffic`",
    "arrival": "`traffic.arrivals[]`",
    "pattern": "`pattern`",
    "output": "`outputs[]`",
    "rng": "`rng`",
    "topology": "`topology`",
    "topology node": "`topology.nodes[]`",
    "semantics": "`semantics` of a topology node",
    "initialCondition": "`initialCondition`",
    "ui": "`ui`",
    "edge": "`topology.edges[]`",
    "constraint": "`topology.constraints[]`",
    "constraint semantics": "`semantics` of a constraint",
}

INTRODUCTION = """
# Models

<!-- Written by docs/reference/generate_models.py from the engine's tables. Do not edit. -->

Every name that a template may use and every name that the engine answers with. How to begin is in
[Write a template](../guides/write-a-template.md); what the engine makes of it is in
[How the engine computes](../explanation/how-the-engine-computes.md).
"""
OF_KEYS = """
## Keys

Keys are written in camelCase; snake_case is read as well. A key that begins with `x-` is ignored
anywhere. Another name that a key answers to is given after it.
"""
OF_ROLES = """
## Roles

What a series means at a place. A role holds a series: `id`, `id@Class`, or the text of an external
array such as `file:arrivals.csv#jfk`. Where the table says so it may hold a number instead.
"""
OF_KINDS = """
## Kinds of place

A required role that is absent is the problem `missing_role` in simulation mode and the warning of the
same name in telemetry mode. Where `served` is required of a queue-like node (`serviceWithBuffer`,
`queue`), `capacity` does as well: the node then serves what it can. A router needs no roles where a
router among `nodes[]` has its id.
"""
OF_EDGES = """
## Edges

Edges report what flows where. They never drive a number of a place.
"""
OF_FUNCTIONS = """
## Functions

Besides `+`, `-`, `*` and `/` (0 where the divisor is 0), an expression may call these, in any letter
case. A literal argument is a number as written. Extensions are refused in strict mode; so are
`MIN` and `MAX` of more than two arguments.
"""
OF_METRICS = """
## Metrics

What is derived for each place whose roles allow it, bin by bin. Undefined is a gap, never 0.
"""
OF_WARNINGS = """
## Warnings

Findings about an accepted document and its numbers, one for each place and code, with the bins.
"""
OF_PROBLEMS = """
## Problems

Reasons to refuse a document, by the stage that finds them. All of them are reported at once, each
with its path.
"""
OF_LIMITS = """
## Limits

What exceeds a limit is the problem `limit_exceeded`.
"""


def names() -> dict[str, tuple[str, ...]]:
    """Every name that needs a description, by the same kinds as the descriptions."""
    found = {f"key of {section}": tuple(sorted(k.names)) for section, k in keys_by_section()}
    return found | {
        "topology kind": KINDS,
        "edge type": EDGE_TYPES,
        "measure": MEASURES,
        "function": tuple(FUNCTIONS),
        "profile name": tuple(PROFILES),
        "metric": tuple(METRICS),
        "warning": tuple(SEVERITIES),
        "problem": tuple(code for codes in STAGES.values() for code in codes),
        "limit": tuple(field.name for field in fields(Limits)),
    }


def keys_by_section() -> Iterator[tuple[str, Keys]]:
    """The keys of every kind of mapping; those that all computation nodes have are a section of their own."""
    for section, (module, attribute) in SECTIONS.items():
        yield section, getattr(module, attribute)
    common = nodes._COMMON
    yield "node", Keys(*common)
    for kind, keys in nodes._KEYS.items():
        own = {s: n for s, n in keys.spellings.items() if n not in common}
        aliases = {s: n for s, n in own.items() if s not in (n, snake_key(n))}
        yield kind, Keys(*sorted(keys.names.difference(common)), aliases=aliases)


def undescribed() -> set[tuple[str, str]]:
    """Names of the engine that no description knows."""
    known = _pairs(WORDS)
    return {pair for pair in _pairs(names()) if pair not in known}


def outlived() -> set[tuple[str, str]]:
    """Descriptions of names that the engine no longer has."""
    return _pairs(WORDS) - _pairs(names())


def _pairs(words: Mapping[str, Iterable[str]]) -> set[tuple[str, str]]:
    return {(kind, name) for kind, found in words.items() for name in found}


def page() -> str:
    """The whole page."""
    return join(
        INTRODUCTION,
        OF_KEYS,
        *_key_tables(),
        OF_ROLES,
        _roles(),
        OF_KINDS,
        _kinds(),
        OF_EDGES,
        _described("type", "edge type", EDGE_TYPES),
        _described("measure", "measure", MEASURES),
        OF_FUNCTIONS,
        _functions(),
        "## Profiles",
        table(("profile", "is"), ((f"`{n}`", WORDS["profile name"][n]) for n in PROFILES)),
        OF_METRICS,
        _metrics(),
        OF_WARNINGS,
        _warnings(),
        OF_PROBLEMS,
        *_problems(),
        OF_LIMITS,
        _limits(),
    )


def _key_tables() -> Iterator[str]:
    sections = dict(keys_by_section())
    for section, heading in HEADINGS.items():
        yield f"### {heading}"
        if section == "semantics":
            yield "The roles, which have their [own table](#roles), and these."
        rows = []
        for name, words in KEYS[section].items():
            if section == "semantics" and name in ROLES:
                continue
            rows.append((f"`{name}`{_aliases(sections[section], name)}", words))
        yield table(("key", "is"), rows)


def _aliases(keys: Keys, name: str) -> str:
    others = [
        spelling
        for spelling, written in keys.spellings.items()
        if written == name and spelling not in (name, snake_key(name))
    ]
    return f" ({code(others)})" if others else ""


def _described(head: str, kind: str, known: Iterable[str]) -> str:
    return table((head, "is"), ((f"`{name}`", WORDS[kind][name]) for name in known))


def _roles() -> str:
    rows = []
    for role, words in ROLES.items():
        kind, unit = _ROLE_KINDS.get(role, (0, FLOW))[1]
        holds = "series or number" if role in NUMERIC_ROLES else "series"
        rows.append((f"`{role}`", holds, kind, unit, words))
    return table(("role", "holds", "kind", "unit", "is"), rows)


def _kinds() -> str:
    rows = (
        (f"`{kind}`", code(REQUIRED_ROLES[kind]), code(REFUSED_ROLES.get(kind, ())), words)
        for kind, words in WORDS["topology kind"].items()
    )
    new_ids = f"These roles may name a new id, which the engine then computes: {code(RETRY_ROLES)}."
    return join(table(("kind", "requires", "refuses", "is"), rows), new_ids)


def _functions() -> str:
    rows = (
        (f"`{name}`", function.counts(), _literals(function), _is_extension(function), words)
        for name, function in FUNCTIONS.items()
        for words in (WORDS["function"][name],)
    )
    return table(("function", "takes", "literal", "extension", "gives"), rows)


def _literals(function: Function) -> str:
    found = [f"{_ORDINALS[at]}: {rule}" for at, rule in function.literals.items()]
    if function.kernel is not None:
        found.append(f"{_ORDINALS[function.kernel]}: an array or a number")
    return "; ".join(found)


_ORDINALS = ("first", "second", "third")


def _is_extension(function: Function) -> str:
    return {"yes": "", "no": "yes", "two": "beyond two"}[function.strict]


def _metrics() -> str:
    rows = (
        (f"`{name}`", kind, unit, WORDS["metric"][name]) for name, (kind, unit) in METRICS.items()
    )
    return table(("metric", "kind", "unit", "is"), rows)


def _warnings() -> str:
    ordered = sorted(SEVERITIES.items(), key=lambda pair: SEVERITY_RANK[pair[1]])
    rows = ((f"`{name}`", severity, WORDS["warning"][name]) for name, severity in ordered)
    return table(("code", "severity", "means"), rows)


def _problems() -> Iterator[str]:
    for stage, codes in STAGES.items():
        yield f"### Stage `{stage}`"
        yield table(("code", "means"), ((f"`{name}`", WORDS["problem"][name]) for name in codes))


def _limits() -> str:
    rows = (
        (f"`{field.name}`", f"{field.default:,}", WORDS["limit"][field.name])
        for field in fields(Limits)
    )
    return table(("limit", "default", "bounds"), rows)


if __name__ == "__main__":
    write("models.md", page())
