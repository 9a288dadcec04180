"""The form of a new run, made from what its template declares. The engine judges the values; the form carries them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.forms import BoundField
from django.utils import timezone

from flowtime.engine import Parameter
from runs import wording
from runs.models import Run
from runs.records import replicate_of
from runs.requests import RunRequest, TelemetrySource

if TYPE_CHECKING:
    from flowtime.engine import Template
    from flowtime.errors import FlowTimeError
    from runs.catalog import CatalogEntry

MAX_SEED = 2**32 - 1
MOST_CELLS = 60
MOST_SOURCES = 50
_SEPARATORS = re.compile(r"[\s,;]+")
_RNG_FIELDS = {"/rng/seed": "seed", "/rng/mode": "rng_mode", "/rng/replicate": "replicate"}
_NUMBER_WORDS = {"integer": "Whole number", "number": "Number"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """One parameter as the form shows it: its declaration in words, and its field; ``rules`` are for the script."""

    name: str
    kind: str
    label: str
    description: str
    bounds: str
    default: Any
    default_text: str
    field: BoundField
    slider: tuple[str, str, str] | None
    rules: Mapping[str, Any]

    @property
    def is_default(self) -> bool:
        """Whether the field holds the default, however it is written."""
        return _same(self.kind, self.field.value(), self.default_text)

    @property
    def has_cells(self) -> bool:
        """Whether the script makes a cell of each value; more than that are easier to write as text."""
        return 0 < len(self.values) <= MOST_CELLS

    @property
    def values(self) -> list[float]:
        """The numbers of an array field, for its bars; what is no number is drawn as nothing."""
        found = map(Parameter.number_in, _split(str(self.field.value() or "")))
        return [0.0 if isinstance(value, str) else float(value) for value in found]


class RunForm(forms.Form):
    """Parameters, mode, seed and name of a new run of ``entry``'s template."""

    mode = forms.ChoiceField(
        choices=[
            ("simulation", "Simulation"),
            ("telemetry", "Telemetry: replay a bundle"),
        ],
        initial="simulation",
        widget=forms.Select(attrs={"class": "input"}),
    )
    source = forms.CharField(required=False, widget=forms.Select(attrs={"class": "input"}))
    capture_key = forms.CharField(
        required=False, max_length=128, widget=forms.TextInput(attrs={"class": "input"})
    )
    seed = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=MAX_SEED,
        widget=forms.TextInput(
            attrs={
                "class": "input",
                "inputmode": "numeric",
            }
        ),
        error_messages={
            "invalid": "The seed is a whole number, 0 to 4,294,967,295.",
            "min_value": "The seed is a whole number, 0 to 4,294,967,295.",
            "max_value": "The seed is a whole number, 0 to 4,294,967,295.",
        },
    )
    rng_mode = forms.ChoiceField(
        required=False,
        choices=[("expected", "Expected values"), ("sample", "One sample of many")],
        widget=forms.Select(attrs={"class": "input"}),
    )
    replicate = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=MAX_SEED,
        widget=forms.TextInput(
            attrs={
                "class": "input",
                "inputmode": "numeric",
            }
        ),
        error_messages=dict.fromkeys(
            ("invalid", "min_value", "max_value"),
            "The replicate is a whole number, 0 to 4,294,967,295.",
        ),
    )
    is_named_after_inputs = forms.BooleanField(required=False, initial=False)

    def __init__(
        self,
        entry: CatalogEntry,
        data: Mapping[str, Any] | None = None,
        *,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial={**_defaults(entry), **(initial or {})})
        self.entry = entry
        assert entry.template is not None
        self.parameters = entry.template.parameters
        for parameter in self.parameters:
            self.fields[_field_name(parameter.name)] = _field(parameter)
        self.fields["source"].widget.choices = _sources(entry.template_id)
        self.has_chance = has_chance(entry.template)
        if not self.has_chance:
            del self.fields["rng_mode"], self.fields["replicate"]
        for name, field in self.fields.items():
            # Both are always there: what is wrong is written into the place that the field names already.
            identifier = self[name].auto_id
            field.widget.attrs["aria-describedby"] = f"{identifier}-hint {identifier}-error"

    def declared(self) -> Iterator[Declared]:
        """The parameters in the order of the template."""
        for parameter in self.parameters:
            default = _text_of(parameter) if parameter.has_default else ""
            yield Declared(
                name=parameter.name,
                kind=parameter.type,
                label=parameter.title or parameter.name,
                description=parameter.description or "",
                bounds=bounds_of(parameter),
                default=parameter.default if parameter.has_default else None,
                default_text=default,
                field=self[_field_name(parameter.name)],
                slider=_slider(parameter),
                rules={
                    "minimum": parameter.minimum,
                    "maximum": parameter.maximum,
                    "isWhole": parameter.array_of == "integer",
                    "length": parameter.length if isinstance(parameter.length, int) else None,
                },
            )

    @property
    def has_arrays(self) -> bool:
        return any(parameter.type == "array" for parameter in self.parameters)

    def filled(self) -> RunForm:
        """The form as it would be sent unchanged."""
        held = {name: self[name].value() for name in self.fields}
        return RunForm(self.entry, {n: v for n, v in held.items() if v not in (None, False)})

    def with_default(self, name: str) -> RunForm:
        """The form as it was sent, with one parameter at its default again; all of it where there is none of that name."""
        field = _field_name(name)
        if field not in self.fields:
            return self
        data = {key: value for key, value in self.data.items() if key != field}
        default = self.get_initial_for_field(self.fields[field], field)
        return RunForm(self.entry, data if default is False else {**data, field: default})

    @property
    def own_fields(self) -> list[BoundField]:
        """The fields that have an error or may get one."""
        return [self[name] for name in self.fields]

    def wrong_fields(self) -> list[tuple[str, str]]:
        """(id, label) of every field that needs another value, in the order of the page."""
        labels = {_field_name(p.name): p.title or p.name for p in self.parameters}
        labels |= {
            "mode": "Mode",
            "seed": "Seed",
            "rng_mode": "How chance is treated",
            "replicate": "Replicate",
            "source": "Telemetry of",
            "capture_key": "Capture key",
        }
        shown = [name for name in labels if name in self.fields]
        return [(self[name].auto_id, labels[name]) for name in shown if self[name].errors]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("mode") == Run.Mode.TELEMETRY and not (
            cleaned.get("source") or cleaned.get("capture_key")
        ):
            self.add_error("source", "Pick the telemetry to replay, or give a capture key.")
        return cleaned

    def to_request(self) -> RunRequest:
        """The run that the form asks for; parameters that hold their default are left to the template."""
        asked = self.cleaned_data
        return RunRequest(
            template_id=self.entry.template_id,
            mode=asked["mode"],
            parameters=dict(self._overrides()),
            seed=asked["seed"],
            rng_mode=asked.get("rng_mode") or None,
            replicate=asked.get("replicate") or 0,
            telemetry=self._telemetry(),
            is_deterministic=asked["is_named_after_inputs"],
        )

    def _overrides(self) -> Iterator[tuple[str, Any]]:
        for parameter in self.parameters:
            given = self.cleaned_data[_field_name(parameter.name)]
            if parameter.has_default and _same(parameter.type, given, _text_of(parameter)):
                continue
            yield parameter.name, _typed(parameter.type, given)

    def _telemetry(self) -> TelemetrySource | None:
        asked = self.cleaned_data
        if asked["mode"] != Run.Mode.TELEMETRY:
            return None
        if asked["capture_key"]:
            return TelemetrySource(capture_key=asked["capture_key"])
        return TelemetrySource(source_run_id=asked["source"])

    def add_refusal(self, refusal: FlowTimeError) -> None:
        """Put each problem of a refusal beside the field it is about; the others above the form."""
        placed = 0
        problems = refusal.extra.get("errors", [])
        for problem in problems:
            name = self._field_of(str(problem.get("pointer", "")))
            detail = str(problem.get("detail") or problem.get("message") or "")
            self.add_error(name, _beside(name, detail))
            placed += 1
        if not placed:
            self.add_error(None, refusal.detail)

    def _field_of(self, pointer: str) -> str | None:
        name = _field_name(pointer.removeprefix("/parameters/"))
        if pointer.startswith("/parameters/") and name in self.fields:
            return name
        own = _RNG_FIELDS.get(pointer)
        return own if own in self.fields else None


def _beside(field: str | None, detail: str) -> str:
    """A problem as a sentence beside its field, which has no need to be named again."""
    if field is not None:
        name = field.removeprefix("p-")
        detail = detail.replace(f" of the parameter '{name}'", "")
        detail = detail.replace(f"the parameter '{name}'", "this")
    return wording.begin(detail).removesuffix(".") + "."


def initial_from_run(run: Run) -> dict[str, Any]:
    """What the form holds to run ``run`` again: its parameters as they took effect, its seed and its mode."""
    document = run.document
    asked = RunRequest.from_document(document.request["request"])
    used = {**asked.parameters, **(document.record or {}).get("parameters", {})}
    initial: dict[str, Any] = {
        _field_name(name): value if isinstance(value, bool) else _as_text(value)
        for name, value in used.items()
    }
    source = asked.telemetry
    return {
        **initial,
        "mode": asked.mode,
        "source": (source.source_run_id if source else None) or run.source_run_id or "",
        "capture_key": (source.capture_key if source else None) or "",
        "seed": run.rng_seed,
        "rng_mode": run.rng_mode,
        "replicate": replicate_of(run),
        "is_named_after_inputs": asked.is_deterministic,
    }


def _field_name(parameter: str) -> str:
    # A parameter may be called "mode" or "seed"; the prefix keeps it apart from the form's own fields.
    return f"p-{parameter}"


def _field(parameter: Parameter) -> forms.Field:
    if parameter.type == "boolean":
        return forms.BooleanField(required=False)
    needed = {"required": "This needs a value."}
    if parameter.type == "array":
        attrs = {"class": "input numbers", "rows": "3", "spellcheck": "false"}
        return forms.CharField(widget=forms.Textarea(attrs=attrs), error_messages=needed)
    attrs = {"class": "input"}
    if parameter.type == "integer":
        attrs["inputmode"] = "numeric"
    elif parameter.type == "number":
        attrs["inputmode"] = "decimal"
    is_needed = parameter.type != "string"
    return forms.CharField(
        required=is_needed,
        strip=is_needed,
        widget=forms.TextInput(attrs=attrs),
        error_messages=needed,
    )


def _defaults(entry: CatalogEntry) -> dict[str, Any]:
    assert entry.template is not None
    own = entry.template.rng
    defaults: dict[str, Any] = {
        "seed": own.seed if own else 123,
        "rng_mode": own.mode if own else "expected",
        "replicate": 0,
    }
    for parameter in entry.template.parameters:
        if parameter.has_default:
            is_switch = parameter.type == "boolean"
            value = parameter.default if is_switch else _text_of(parameter)
            defaults[_field_name(parameter.name)] = value
    return defaults


def has_chance(template: Template) -> bool:
    """Whether any series of the template is a distribution of more than one value."""
    return any(
        node.get("kind") == "pmf" and not node.get("source") and _is_uncertain(node.get("pmf"))
        for node in template.document.get("nodes", ())
        if isinstance(node, Mapping)
    )


def _is_uncertain(pmf: Any) -> bool:
    """Whether a distribution has several values, or leaves their number to a parameter."""
    values = pmf.get("values", pmf) if isinstance(pmf, Mapping) else pmf
    return isinstance(values, str) or len(values) > 1


def bounds_of(parameter: Parameter) -> str:
    """``Whole number, 0 to 100 visitors.``"""
    unit = f" {parameter.unit}" if parameter.unit else ""
    low, high = parameter.minimum, parameter.maximum
    if low is not None and high is not None:
        span = (
            f"{wording.say_number(low, decimals=6)} to {wording.say_number(high, decimals=6)}{unit}"
        )
    elif low is not None:
        span = f"at least {wording.say_number(low, decimals=6)}{unit}"
    elif high is not None:
        span = f"at most {wording.say_number(high, decimals=6)}{unit}"
    else:
        span = unit.strip()
    if parameter.type == "array":
        length = f"{parameter.length} " if isinstance(parameter.length, int) else ""
        return f"{length}numbers{f', each {span}' if span else ''}.".capitalize()
    words = [word for word in (_NUMBER_WORDS.get(parameter.type, ""), span) if word]
    return f"{', '.join(words)}." if words else ""


def _slider(parameter: Parameter) -> tuple[str, str, str] | None:
    """(minimum, maximum, step) where a range is short enough to slide over."""
    low, high = parameter.minimum, parameter.maximum
    if parameter.type not in _NUMBER_WORDS or low is None or high is None or high <= low:
        return None
    if parameter.type == "integer":
        return (f"{low:g}", f"{high:g}", "1") if high - low <= 1000 else None
    # Steps that people would write: a hundredth of the range, rounded to 1, 2 or 5 of its decade.
    step = float(f"{(high - low) / 100:.0e}")
    return f"{low:g}", f"{high:g}", f"{step:g}"


def _text_of(parameter: Parameter) -> str:
    return _as_text(parameter.default)


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (tuple, list)):
        return ", ".join(_as_text(item) for item in value)
    if isinstance(value, float):
        return f"{value:.17g}" if float(f"{value:g}") != value else f"{value:g}"
    return str(value)


def _split(text: str) -> list[str]:
    return [part for part in _SEPARATORS.split(text.strip().strip("[]")) if part]


def _typed(kind: str, given: Any) -> Any:
    """What the engine is given: text as it was typed, a list of what stood between its separators."""
    if kind == "array":
        return [Parameter.number_in(text) for text in _split(given)]
    return given


def _same(kind: str, given: Any, default_text: str) -> bool:
    if kind == "boolean":
        return _as_text(bool(given)) == default_text
    if kind == "string":
        return str(given or "") == default_text
    parts, expected = _split(str(given or "")), _split(default_text)
    return [*map(Parameter.number_in, parts)] == [*map(Parameter.number_in, expected)]


def _sources(template_id: str) -> list[tuple[str, str]]:
    """The newest runs of the template whose telemetry can be replayed."""
    runs = Run.objects.filter(template_id=template_id, telemetry_available=True)
    listed = runs.order_by("-created_at", "-id").values_list("id", "telemetry_generated_at")
    choices = [
        (
            run_id,
            f"{run_id}, generated {wording.say_when(generated_at, zone=timezone.get_current_timezone())}",
        )
        for run_id, generated_at in listed[:MOST_SOURCES]
    ]
    words = "Pick a run with telemetry" if choices else "No run of this template has telemetry"
    return [("", words), *choices]
