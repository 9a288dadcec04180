"""A new run: templates, the form its declarations make, planning, running, and errors beside their fields."""

import pytest

from runs.models import Run
from tests.pages import element_of, text_of

pytestmark = pytest.mark.django_db

ARRAYS = """\
schemaVersion: 1
metadata: {id: arrays, title: Arrays, version: 1.0.0}
grid: {bins: 3, binSize: 1, binUnit: hours}
parameters:
  - {name: pallets, type: array, arrayOf: number, length: 3, default: [1, 2, 3], minimum: 0, maximum: 9, title: Pallets}
  - {name: isNight, type: boolean, default: true, title: Night shift}
  - {name: note, type: string, default: plain}
  - {name: needed, type: integer, minimum: 1, title: Needed}
nodes:
  - {id: x, kind: const, values: "${pallets}"}
  - {id: y, kind: expr, expr: "x * ${needed}"}
"""

GATED = """\
schemaVersion: 1
metadata: {id: gated, title: Gated, version: 1.0.0}
grid: {bins: 3, binSize: 1, binUnit: hours}
parameters:
  - {name: every, type: integer, default: 1}
  - {name: loads, type: array, arrayOf: number, default: [1, 2, 3], minimum: 0, maximum: 9}
nodes:
  - {id: x, kind: const, values: "${loads}"}
topology:
  nodes:
    - {id: Gate, kind: queue, semantics: {arrivals: x, capacity: 3}, dispatchSchedule: {periodBins: "${every}"}}
"""


ODD = """\
schemaVersion: 1
metadata: {id: odd, title: Odd, version: 1.0.0}
grid: {bins: 3, binSize: 1, binUnit: hours}
nodes:
  - {id: x, kind: const, values: [4, 4, 4]}
topology:
  nodes:
    - {id: Desk, kind: service, semantics: {arrivals: x, served: x, parallelism: 2}}
"""


def form_of(**changes):
    return {"p-perHour": "5", "p-extra": "0", "mode": "simulation", "seed": "123", **changes}


def test_picking_setting_and_running_makes_a_run_that_a_worker_computes(pages, alice, run_tasks):
    cards = pages.get("/runs/new")
    assert element_of(cards, "template-desk")["href"] == "/runs/new?template=desk#setup"

    response = pages.post("/runs/new?template=desk", form_of(**{"p-perHour": "7", "do": "run"}))

    run = Run.objects.get()
    assert response.status_code == 303
    assert response["Location"] == f"/runs/{run.pk}"
    assert run.status == "queued"
    assert run.created_by == alice
    assert "Waiting for a worker" in text_of(pages.get(response["Location"]))
    run_tasks()
    run.refresh_from_db()
    assert run.status == "succeeded"
    assert run.document.record["parameters"] == {"perHour": 7.0, "extra": 0}
    assert list(run.document.record["overrides"]) == ["perHour"]
    assert not run.captures.exists()


def test_the_form_says_bounds_units_and_defaults(pages):
    page = pages.get("/runs/new?template=first-steps")

    said = element_of(page, "id_p-coachVisitors-hint")["words"]
    assert said == (
        "How many people the coach brings at ten o'clock. Whole number, 0 to 100 visitors. Default. Default 20."
    )
    assert element_of(page, "id_p-coachVisitors")["value"] == "20"
    assert element_of(page, "template-first-steps")["aria-current"] == "true"


def test_every_kind_of_parameter_has_its_control(pages, data_dirs, run_tasks):
    (data_dirs.templates / "arrays.yaml").write_text(ARRAYS)
    page = pages.get("/runs/new?template=arrays")
    assert element_of(page, "id_p-pallets")["tag"] == "textarea"
    assert element_of(page, "id_p-pallets")["words"] == "1, 2, 3"
    assert element_of(page, "id_p-isNight")["type"] == "checkbox"
    assert "checked" in element_of(page, "id_p-isNight")
    assert "3 numbers, each 0 to 9." in element_of(page, "id_p-pallets-hint")["words"]

    pages.post(
        "/runs/new?template=arrays",
        {
            "p-pallets": "4; 5\n6",
            "p-note": "plain",
            "p-needed": "2",
            "mode": "simulation",
            "seed": "7",
            "do": "run",
        },
    )

    run_tasks()
    run = Run.objects.get()
    assert run.status == "succeeded"
    assert run.rng_seed == 7
    assert run.document.record["parameters"] == {
        "pallets": [4.0, 5.0, 6.0],
        "isNight": False,
        "note": "plain",
        "needed": 2,
    }


def test_planning_shows_what_would_happen_and_writes_nothing(pages, data_dirs):
    response = pages.post("/runs/new?template=desk", form_of(**{"p-perHour": "7", "do": "plan"}))

    said = element_of(response, "plan")["words"]
    assert response.status_code == 200
    assert "Nothing has been written" in said
    assert "Grid 4 × 1 h, 4 hours" in said
    assert "perHour 7, not 5" in said
    assert "Seed pcg32, 123" in said
    assert not Run.objects.exists()
    assert not list(data_dirs.runs.glob("[!.]*"))


def test_a_value_out_of_bounds_is_said_beside_its_field_and_nothing_typed_is_lost(pages):
    response = pages.post(
        "/runs/new?template=desk",
        form_of(**{"p-perHour": "0", "p-extra": "many", "seed": "7", "do": "run"}),
    )

    assert response.status_code == 422
    assert "2 fields need another value." in text_of(response)
    assert (
        element_of(response, "id_p-perHour-error")["words"] == "The value 0 is below the minimum 1."
    )
    said = element_of(response, "id_p-extra-error")["words"]
    assert said == "This needs a whole number, not the text 'many'."
    field = element_of(response, "id_p-perHour")
    assert field["value"] == "0"
    assert field["aria-invalid"] == "true"
    assert "id_p-perHour-error" in field["aria-describedby"]
    assert element_of(response, "id_p-extra")["value"] == "many"
    assert element_of(response, "id_seed")["value"] == "7"
    assert not Run.objects.exists()


@pytest.mark.parametrize("seed", ["-4", "4294967296", "x"])
def test_a_seed_has_bounds(pages, seed):
    response = pages.post("/runs/new?template=desk", form_of(seed=seed, do="run"))

    assert response.status_code == 422
    said = element_of(response, "id_seed-error")["words"]
    assert said == "The seed is a whole number, 0 to 4,294,967,295."
    assert element_of(response, "id_seed")["value"] == seed
    assert not Run.objects.exists()


def test_a_run_named_after_its_inputs_is_opened_instead_of_computed_again(pages, make_run):
    run = make_run(is_deterministic=True)

    plan = pages.post("/runs/new?template=desk", form_of(is_named_after_inputs="on", do="plan"))
    assert run.pk in element_of(plan, "plan")["words"]
    assert "opened, not computed again" in element_of(plan, "plan")["words"]
    response = pages.post(
        "/runs/new?template=desk", form_of(is_named_after_inputs="on", do="run"), follow=True
    )

    assert response.redirect_chain[-1][0] == f"/runs/{run.pk}"
    assert "This run exists already, so it was opened instead." in text_of(response)
    assert Run.objects.count() == 1


def test_running_again_starts_from_the_parameters_of_a_run(pages, make_run):
    run = make_run(parameters={"perHour": 9}, seed=77)

    page = pages.get(f"/runs/new?template=desk&from={run.pk}")

    assert element_of(page, "id_p-perHour")["value"] == "9"
    assert element_of(page, "id_p-extra")["value"] == "0"
    assert element_of(page, "id_seed")["value"] == "77"


def test_replaying_a_bundle_from_the_form(pages, make_run, make_capture, run_tasks):
    run = make_run()
    make_capture(run)

    pages.post("/runs/new?template=desk", form_of(mode="telemetry", source=run.pk, do="run"))

    run_tasks()
    replayed = Run.objects.exclude(pk=run.pk).get()
    assert replayed.status == "succeeded"
    assert replayed.mode == "telemetry"
    assert replayed.source_run_id == run.pk


def test_telemetry_mode_asks_for_a_bundle(pages):
    response = pages.post("/runs/new?template=desk", form_of(mode="telemetry", do="run"))

    assert response.status_code == 422
    assert "Pick the telemetry to replay" in element_of(response, "id_source-error")["words"]


def test_a_capture_key_that_names_nothing_is_said_above_the_form(pages):
    response = pages.post(
        "/runs/new?template=desk", form_of(mode="telemetry", capture_key="nothing", do="plan")
    )

    assert response.status_code == 422
    assert "This run cannot be started." in text_of(response)
    assert element_of(response, "id_capture_key")["value"] == "nothing"


def test_htmx_gets_the_form_and_the_plan_alone(pages):
    response = pages.post(
        "/runs/new?template=desk",
        form_of(do="plan"),
        headers={"HX-Request": "true", "HX-Target": "setup"},
    )

    assert "<html" not in response.content.decode()
    assert element_of(response, "setup")["tag"] == "div"


def test_htmx_is_sent_on_by_its_own_header(pages):
    response = pages.post(
        "/runs/new?template=desk", form_of(do="run"), headers={"HX-Request": "true"}
    )

    assert response.status_code == 200
    assert response["HX-Redirect"] == f"/runs/{Run.objects.get().pk}"


def test_a_template_with_problems_is_listed_and_cannot_be_run(pages):
    said = text_of(pages.get("/runs/new"))
    assert "This template cannot be run until its problems are solved." in said

    response = pages.get("/runs/new?template=broken")

    assert response.status_code == 422
    assert "Template broken cannot be run until its problems are solved." in text_of(response)


def test_an_unknown_template_is_said_where_its_form_would_be(pages):
    response = pages.get("/runs/new?template=nowhere")

    assert response.status_code == 404
    assert "There is no template 'nowhere' in the catalog." in text_of(response)


def test_a_viewer_may_look_but_not_run(viewer_pages):
    page = viewer_pages.get("/runs/new?template=desk")
    button = element_of(page, "do-run")
    assert button["aria-disabled"] == "true"
    assert element_of(page, button["aria-describedby"])["words"] == "You need the operator role."

    response = viewer_pages.post("/runs/new?template=desk", form_of(do="run"))

    assert response.status_code == 403
    assert "You need the operator role." in text_of(response)
    assert not Run.objects.exists()


PREVIEW = {"HX-Request": "true", "HX-Target": "plan"}


class TestThePlanThatFollows:
    def test_stands_beside_the_untouched_form_at_once(self, pages):
        said = element_of(pages.get("/runs/new?template=desk"), "plan")["words"]

        assert "Grid 4 × 1 h, 4 hours" in said
        assert "nothing: all defaults" in said
        assert not Run.objects.exists()

    def test_waits_where_something_must_be_typed_first(self, pages, data_dirs):
        (data_dirs.templates / "arrays.yaml").write_text(ARRAYS)

        page = pages.get("/runs/new?template=arrays")

        assert "Planning checks everything" in element_of(page, "plan")["words"]
        assert "needs another value" not in text_of(page)

    def test_answers_with_the_plan_and_the_places_for_errors_alone(self, pages):
        answer = pages.post(
            "/runs/new?template=desk",
            form_of(**{"p-perHour": "7", "do": "preview"}),
            headers=PREVIEW,
        )

        assert answer.status_code == 200
        assert "perHour 7, not 5" in element_of(answer, "plan")["words"]
        assert element_of(answer, "plan-told")["words"].startswith("Planned: ")
        assert element_of(answer, "id_p-perHour-error")["hx-swap-oob"] == "true"
        assert "id_p-perHour" not in answer.content.decode().replace("id_p-perHour-error", "")
        assert not Run.objects.exists()

    def test_says_what_is_wrong_beside_its_field(self, pages):
        answer = pages.post(
            "/runs/new?template=desk",
            form_of(**{"p-perHour": "0", "do": "preview"}),
            headers=PREVIEW,
        )

        assert answer.status_code == 422
        assert "1 field needs another value." in element_of(answer, "plan")["words"]
        assert "The value 0 is below the minimum 1." in answer.content.decode()

    def test_does_not_blame_a_field_that_is_still_empty(self, pages, data_dirs):
        (data_dirs.templates / "arrays.yaml").write_text(ARRAYS)
        body = {"p-pallets": "1, 2, 3", "mode": "simulation", "seed": "1", "do": "preview"}

        answer = pages.post("/runs/new?template=arrays", body, headers=PREVIEW)

        assert "This needs a value." not in answer.content.decode()
        assert "Needed" in element_of(answer, "plan")["words"]

    def test_warns_before_anything_is_computed(self, pages, data_dirs):
        (data_dirs.templates / "odd.yaml").write_text(ODD)

        said = element_of(pages.get("/runs/new?template=odd"), "plan")["words"]

        assert "parallelism_without_capacity at Desk" in said


class TestDefaults:
    def test_what_differs_is_marked_and_can_be_put_back_without_a_script(self, pages):
        changed = pages.post(
            "/runs/new?template=desk",
            form_of(**{"p-perHour": "7", "p-extra": "3", "seed": "9", "do": "plan"}),
        )
        assert changed.content.decode().count('class="field changed"') == 2

        back = pages.post(
            "/runs/new?template=desk",
            form_of(**{"p-perHour": "7", "p-extra": "3", "seed": "9", "reset": "perHour"}),
        )

        assert element_of(back, "id_p-perHour")["value"] == "5"
        assert element_of(back, "id_p-extra")["value"] == "3"
        assert element_of(back, "id_seed")["value"] == "9"
        assert not Run.objects.exists()

    def test_enter_in_a_field_plans_and_runs_nothing(self, pages):
        page = pages.get("/runs/new?template=desk").content.decode()
        form = page[page.index("data-draft") :]

        assert form.index('value="plan"') < form.index("data-reset") < form.index('value="run"')


class TestFromARun:
    def test_the_run_alone_is_enough(self, pages, make_run):
        run = make_run(parameters={"perHour": 9}, seed=77)

        page = pages.get(f"/runs/new?from={run.pk}")

        assert element_of(page, "id_p-perHour")["value"] == "9"
        assert element_of(page, "id_seed")["value"] == "77"
        assert run.pk in text_of(page)
        assert "perHour 9, not 5" in element_of(page, "plan")["words"]

    def test_it_holds_what_took_effect_though_the_default_changed_since(
        self, pages, make_run, data_dirs
    ):
        run = make_run()
        text = (data_dirs.templates / "desk.yaml").read_text()
        changed = text.replace("default: 5", "default: 8").replace(
            "version: 1.0.0", "version: 1.1.0"
        )
        assert changed != text
        (data_dirs.templates / "desk.yaml").write_text(changed)

        page = pages.get(f"/runs/new?from={run.pk}")

        assert element_of(page, "id_p-perHour")["value"] == "5"
        assert "That run used version 1.0.0 of the template; this is version 1.1.0." in text_of(
            page
        )

    def test_what_the_template_no_longer_declares_is_said(self, pages, make_run, data_dirs):
        (data_dirs.templates / "arrays.yaml").write_text(ARRAYS)
        run = make_run("arrays", parameters={"needed": 2})
        lines = [line for line in ARRAYS.splitlines() if "name: note" not in line]
        (data_dirs.templates / "arrays.yaml").write_text("\n".join(lines))

        page = pages.get(f"/runs/new?from={run.pk}")

        assert "The template does not declare note any more, so this is left out." in text_of(page)

    def test_a_run_that_is_not_there_is_said(self, pages):
        assert pages.get("/runs/new?from=run_none").status_code == 404

    def test_a_replay_of_telemetry_begins_with_its_bundle(self, pages, make_run, make_capture):
        from runs.services import TelemetrySource

        source = make_run()
        make_capture(source)
        run = make_run(mode="telemetry", telemetry=TelemetrySource(source_run_id=source.pk))

        page = pages.get(f"/runs/new?from={run.pk}").content.decode()

        assert '<option value="telemetry" selected>' in page
        assert f'<option value="{source.pk}" selected>' in page


class TestGallery:
    def test_cards_have_a_story_tags_and_a_map(self, pages):
        card = pages.get("/runs/new").content.decode()
        card = card[card.index('id="template-first-steps"') :]
        card = card[: card.index("</a>")]

        assert 'aria-label="2 places. From left to right:' in card
        assert "Twelve hours at a ticket desk." in card
        assert "tutorial" in card

    def test_words_find_templates_without_a_script(self, pages):
        page = pages.get("/runs/new?find=real+data")

        assert 'id="template-nyc-departures"' in page.content.decode()
        assert 'id="template-first-steps"' not in page.content.decode()
        assert "1 template" in text_of(page)

    def test_words_that_nothing_has_are_said(self, pages):
        assert "No template has all of these words." in text_of(pages.get("/runs/new?find=zzz"))


class TestChance:
    def test_a_template_without_distributions_does_not_ask_about_chance(self, pages):
        assert "How chance is treated" not in text_of(pages.get("/runs/new?template=desk"))

    def test_the_form_begins_with_what_the_template_says(self, pages):
        page = pages.get("/runs/new?template=call-centre-uncertain")

        assert "How chance is treated" in text_of(page)
        assert '<option value="sample" selected>' in page.content.decode()
        assert element_of(page, "id_replicate")["value"] == "0"
        assert element_of(page, "id_seed")["value"] == "20261005"

    def test_a_sample_is_planned_and_run_as_asked(self, pages, run_tasks):
        defaults = {
            "p-meanAgents": "22",
            "p-nightAgents": "4",
            "p-callsPerAgent": "3",
            "p-impatience": "0.15",
            "p-promisedWait": "5",
            "mode": "simulation",
            "seed": "7",
            "rng_mode": "sample",
            "replicate": "12",
        }
        address = "/runs/new?template=call-centre-uncertain"

        plan = pages.post(address, {**defaults, "do": "plan"})
        pages.post(address, {**defaults, "do": "run"})
        run_tasks()

        assert "one sample, replicate 12" in element_of(plan, "plan")["words"]
        run = Run.objects.get()
        assert run.status == "succeeded"
        assert run.rng_mode == "sample"
        assert run.document.record["provenance"]["replicate"] == 12
        again = pages.get(f"{address}&from={run.pk}")
        assert element_of(again, "id_replicate")["value"] == "12"
        assert element_of(again, "id_seed")["value"] == "7"

    def test_expected_values_can_be_asked_for(self, pages, make_run):
        run = make_run("call-centre-uncertain", rng_mode="expected")

        again = pages.get(f"/runs/new?template=call-centre-uncertain&from={run.pk}")

        assert '<option value="expected" selected>' in again.content.decode()
        assert "expected values" in text_of(pages.get(f"/runs/{run.pk}"))

    @pytest.mark.parametrize("replicate", ["-1", "1.5", "many", "4294967296"])
    def test_a_replicate_has_bounds(self, pages, replicate):
        response = pages.post(
            "/runs/new?template=call-centre-uncertain",
            {"mode": "simulation", "seed": "7", "replicate": replicate, "do": "run"},
        )

        assert response.status_code == 422
        said = element_of(response, "id_replicate-error")["words"]
        assert said == "The replicate is a whole number, 0 to 4,294,967,295."
        assert not Run.objects.exists()


class TestProblemsOfTheModel:
    @pytest.fixture(autouse=True)
    def gated(self, data_dirs):
        (data_dirs.templates / "gated.yaml").write_text(GATED)

    def test_stand_beside_the_parameter_that_caused_them(self, pages):
        response = pages.post(
            "/runs/new?template=gated",
            {"p-every": "0", "p-loads": "1, 2", "mode": "simulation", "seed": "1", "do": "run"},
        )

        assert response.status_code == 422
        said = element_of(response, "id_p-every-error")["words"]
        assert said == "'periodBins' is 0, the least is 1."
        assert element_of(response, "id_p-loads-error")["words"] == "2 values for 3 bins."
        assert "2 fields need another value." in text_of(response)
        assert element_of(response, "id_p-every")["value"] == "0"
        assert not Run.objects.exists()

    def test_in_a_plan_too(self, pages):
        response = pages.post(
            "/runs/new?template=gated",
            {"p-every": "0", "p-loads": "1, 2, 3", "mode": "simulation", "seed": "1", "do": "plan"},
        )

        assert response.status_code == 422
        assert "'periodBins' is 0" in element_of(response, "id_p-every-error")["words"]

    def test_an_array_with_a_value_out_of_bounds_is_said_beside_it(self, pages):
        response = pages.post(
            "/runs/new?template=gated",
            {"p-every": "1", "p-loads": "1, 99, 3", "mode": "simulation", "seed": "1", "do": "run"},
        )

        said = element_of(response, "id_p-loads-error")["words"]
        assert said == "The value 99 at index 1 is above the maximum 9."

    @pytest.mark.parametrize("typed", ["0_1", "\uff15", "\u0665", "nan", "0x5", "infinity"])
    def test_what_only_python_takes_for_a_number_is_none_in_an_array(self, pages, typed):
        # engine §6.2: one rule of what text is a number, for lone values and for those of arrays.
        body = {"p-every": "1", "p-loads": f"1, {typed}, 3", "mode": "simulation", "seed": "1"}
        response = pages.post("/runs/new?template=gated", body | {"do": "run"})

        assert response.status_code == 422
        assert "at index 1" in element_of(response, "id_p-loads-error")["words"]
