"""The admin of runs: found, read, linked, acted on as the pages allow, and never edited."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.urls import reverse

from flowtime.tasks.liveness import report_alive
from runs import gating
from runs.models import Integrity, Run, RunEvent
from tests import flows
from tests.admin_site import act, list_url, messages_of, plan_of, queries_of, record_url
from tests.conftest import DataDirs, make_person, page_client
from tests.factories import START, RunFactory
from tests.pages import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def worker_is_there(db: None) -> None:
    """A silent worker would be told of on every page, with what waits for it."""
    report_alive()


RUN = "runs_run"


@pytest.fixture
def run(api: Any) -> Run:
    """A finished run with files, made by Alice."""
    return Run.objects.get(pk=flows.make_run(api)["runId"])


@pytest.fixture
def staff_viewer(db: None) -> Client:
    """Sam may enter the admin, and has the permissions of a viewer."""
    sam = make_person("sam", "viewer")
    sam.is_staff = True
    sam.save(update_fields=("is_staff",))
    return page_client(sam)


class TestList:
    def test_it_shows_what_matters_in_words(self, admin_pages: Client, run: Run) -> None:
        page = admin_pages.get(list_url(RUN)).content.decode()

        for words in (run.pk, "Succeeded", "A small desk", "by alice", "Not available", "1 run"):
            assert words in page

    def test_a_run_is_found_by_the_beginning_of_its_id(self, admin_pages: Client) -> None:
        RunFactory(id="storm-1")
        RunFactory(id="calm-1")

        page = admin_pages.get(list_url(RUN, q="storm")).content.decode()

        assert "storm-1" in page
        assert "calm-1" not in page

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ({"status__exact": "failed"}, {"failed"}),
            ({"mode__exact": "telemetry"}, {"replay"}),
            ({"template": "nyc-departures"}, {"nyc"}),
            ({"telemetry_available__exact": "1"}, {"captured"}),
            ({"warnings": "yes"}, {"warned"}),
            ({"integrity__exact": "corrupt"}, {"changed"}),
            ({"source_run__id__exact": "nyc"}, {"replay"}),
            ({"created_at__year": "2020"}, {"old"}),
            (
                {"created_at__year": "2020", "created_at__month": "3", "created_at__day": "2"},
                {"old"},
            ),
        ],
    )
    def test_filters_narrow_it(
        self, admin_pages: Client, query: dict[str, str], found: set[str]
    ) -> None:
        RunFactory(id="nyc", template_id="nyc-departures")
        RunFactory(id="failed", status="failed", failure_code="model_invalid")
        RunFactory(id="replay", mode="telemetry", source_run_id="nyc", replay_of="telemetry")
        RunFactory(id="captured", telemetry_available=True, telemetry_generated_at=START)
        RunFactory(id="warned", warning_count=3)
        RunFactory(id="changed", integrity=Integrity.CORRUPT)
        old = START.replace(year=2020, month=3, day=2)
        RunFactory(id="old", created_at=old)

        response = admin_pages.get(list_url(RUN, **query))

        assert {row.pk for row in response.context["cl"].result_list} == found

    def test_nothing_found_says_so_and_offers_all(self, admin_pages: Client, run: Run) -> None:
        page = admin_pages.get(list_url(RUN, q="nothing-like-it")).content.decode()

        assert "No run matches." in page
        assert "Show all runs" in page

    def test_dates_lead_from_year_to_day(self, admin_pages: Client) -> None:
        RunFactory(created_at=START.replace(year=2025))
        RunFactory(created_at=START)

        years = admin_pages.get(list_url(RUN)).content.decode()
        months = admin_pages.get(list_url(RUN, created_at__year="2026")).content.decode()

        assert "created_at__year=2025" in years
        assert "created_at__month=11" in months

    def test_it_costs_the_same_queries_however_many_rows(self, admin_pages: Client) -> None:
        RunFactory()
        few = queries_of(admin_pages, list_url(RUN))

        RunFactory.create_batch(60)

        assert len(queries_of(admin_pages, list_url(RUN))) == len(few) <= 9

    def test_it_never_counts_the_whole_table(self, admin_pages: Client) -> None:
        RunFactory()

        counts = [sql for sql in queries_of(admin_pages, list_url(RUN)) if "COUNT(" in sql]

        assert counts
        assert all("LIMIT 10001" in sql for sql in counts)

    def test_more_rows_than_are_counted_are_said_to_be_more(
        self, admin_pages: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("runs.admin.records.COUNT_LIMIT", 2)
        RunFactory.create_batch(4)

        assert "more than 2 runs" in admin_pages.get(list_url(RUN)).content.decode()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="Reads SQLite's query plans.")
class TestPlan:
    """At 100,000 rows a list is fast because of these plans; they are the same at 10 rows."""

    @pytest.mark.parametrize(
        "query",
        [
            {},
            {"p": "2"},
            {"status__exact": "failed"},
            {"mode__exact": "telemetry"},
            {"template": "nyc-departures"},
            {"telemetry_available__exact": "1"},
            {"warnings": "yes"},
            {"source_run__id__exact": "run_1"},
            {"created_at__year": "2026", "created_at__month": "11"},
            {"q": "run_2026"},
        ],
        ids=str,
    )
    def test_every_query_is_answered_in_the_order_of_an_index(
        self, admin_pages: Client, query: dict[str, str]
    ) -> None:
        RunFactory.create_batch(101)

        for sql in queries_of(admin_pages, list_url(RUN, **query)):
            if '"runs_run"' in sql:
                plan = plan_of(sql)
                assert "TEMP B-TREE" not in plan, (sql, plan)
                assert "USING" in plan.splitlines()[0] or "CO-ROUTINE" in plan, (sql, plan)


class TestRecord:
    def test_it_shows_the_facts_and_no_field_to_edit(self, admin_pages: Client, run: Run) -> None:
        response = admin_pages.get(record_url(RUN, run.pk))
        page = response.content.decode()

        for words in ("Succeeded", "A small desk", "4 × 1 h", "seed 123", run.input_hash, "alice"):
            assert words in page
        assert not response.context["adminform"].form.fields

    def test_integrity_is_shape_and_word(self, admin_pages: Client, run: Run) -> None:
        page = admin_pages.get(record_url(RUN, run.pk)).content.decode()

        assert '<span class="status"><svg class="mark line ok"' in page
        assert "</svg>Valid" in page

    def test_the_operator_page_is_one_link_away_and_back(
        self, admin_pages: Client, run: Run
    ) -> None:
        page = admin_pages.get(record_url(RUN, run.pk)).content.decode()

        assert f'href="{run.get_absolute_url()}"' in page

    def test_events_are_listed_with_who_caused_them(self, admin_pages: Client, run: Run) -> None:
        page = admin_pages.get(record_url(RUN, run.pk)).content.decode()

        assert "run.created" in page
        assert "run.succeeded" in page
        assert list_url("runs_runevent", run__id__exact=run.pk) in page

    def test_source_and_replays_link_to_each_other(
        self, admin_pages: Client, run: Run, api: Any
    ) -> None:
        replay = flows.post_replay(api, run.pk, "model").json()["runId"]

        assert record_url(RUN, replay) in admin_pages.get(record_url(RUN, run.pk)).content.decode()
        assert record_url(RUN, run.pk) in admin_pages.get(record_url(RUN, replay)).content.decode()

    def test_files_that_were_changed_outside_are_noticed(
        self, admin_pages: Client, run: Run, data_dirs: DataDirs
    ) -> None:
        (data_dirs.runs / run.pk / "manifest.json").unlink()

        page = admin_pages.get(record_url(RUN, run.pk)).content.decode()

        assert "The run&#x27;s files" in page or "The run's files" in page
        run.refresh_from_db()
        assert run.integrity != Integrity.VALID

    @pytest.mark.parametrize("way", ["add", "change", "delete"])
    def test_nobody_can_edit(self, admin_pages: Client, run: Run, way: str) -> None:
        before = Run.objects.values().get(pk=run.pk)
        url = {
            "add": reverse("admin:runs_run_add"),
            "change": record_url(RUN, run.pk),
            "delete": reverse(
                "admin:runs_run_delete", args=[record_url(RUN, run.pk).split("/")[4]]
            ),
        }[way]

        assert admin_pages.post(url, {"status": "failed", "post": "yes"}).status_code == 403
        after = Run.objects.values().get(pk=run.pk)
        assert {**after, "integrity_checked_at": None} == {**before, "integrity_checked_at": None}

    def test_deleting_is_no_action(self, admin_pages: Client, run: Run) -> None:
        act(admin_pages, RUN, "delete_selected", run.pk, post="yes")

        assert Run.objects.filter(pk=run.pk).exists()

    def test_an_unknown_run_leads_back(self, admin_pages: Client) -> None:
        assert admin_pages.get(record_url(RUN, "run_x")).status_code == 302


class TestReplay:
    def test_from_the_model(self, admin_pages: Client, run: Run) -> None:
        response = act(admin_pages, RUN, "replay_from_model", run.pk)

        replay = Run.objects.get(source_run=run)
        assert (replay.status, replay.replay_of) == ("succeeded", "model")
        assert replay.created_by.get_username() == "ada"
        (message,) = messages_of(response)
        assert message.startswith(f"{run.pk}: replay {replay.pk} was made, ")
        assert message.endswith("series identical.")

    def test_from_its_own_page_it_returns_there(self, admin_pages: Client, run: Run) -> None:
        response = act(admin_pages, RUN, "replay_from_model", run.pk, from_record="yes")

        assert response["Location"] == record_url(RUN, run.pk)

    def test_from_telemetry_without_any_it_is_refused_with_the_pages_reason(
        self, admin_pages: Client, run: Run
    ) -> None:
        response = act(admin_pages, RUN, "replay_from_telemetry", run.pk)

        assert messages_of(response) == [f"{run.pk}: {gating.NO_TELEMETRY}"]
        assert Run.objects.count() == 1

    def test_one_refusal_stops_no_other(self, admin_pages: Client, run: Run) -> None:
        failed = RunFactory(id="failed", status="failed", failure_code="x")

        response = act(admin_pages, RUN, "replay_from_model", run.pk, failed.pk)

        assert f"failed: {gating.NOT_SUCCEEDED}" in messages_of(response)
        assert Run.objects.filter(source_run=run).count() == 1

    def test_several_work_on_in_the_background(
        self, admin_pages: Client, run: Run, api: Any
    ) -> None:
        other = flows.make_run(api, parameters={"extra": 1})["runId"]

        response = act(admin_pages, RUN, "replay_from_model", run.pk, other)

        assert Run.objects.filter(status="queued", replay_of="model").count() == 2
        assert all(message.endswith("is queued.") for message in messages_of(response))

    def test_files_gone_are_the_reason(
        self, admin_pages: Client, run: Run, data_dirs: DataDirs
    ) -> None:
        import shutil

        shutil.rmtree(data_dirs.runs / run.pk)

        response = act(admin_pages, RUN, "replay_from_model", run.pk)

        assert messages_of(response) == [f"{run.pk}: {gating.FILES_MISSING}"]

    def test_the_admins_own_history_has_it(self, admin_pages: Client, run: Run) -> None:
        act(admin_pages, RUN, "replay_from_model", run.pk)

        assert LogEntry.objects.get(object_id=run.pk).change_message == "Replayed from model."


class TestVerify:
    def test_untouched_files_are_valid(self, admin_pages: Client, run: Run) -> None:
        response = act(admin_pages, RUN, "verify", run.pk, confirmed="yes")

        assert messages_of(response)[0].startswith(f"{run.pk}: Valid")
        event = RunEvent.objects.get(run=run, name="run.verified")
        assert event.actor.get_username() == "ada"

    def test_a_changed_byte_is_found(
        self, admin_pages: Client, run: Run, data_dirs: DataDirs
    ) -> None:
        file = next(iter(sorted((data_dirs.runs / run.pk / "series").glob("*.csv"))))
        file.chmod(0o644)
        file.write_bytes(file.read_bytes().replace(b"0,", b"0,9", 1))

        response = act(admin_pages, RUN, "verify", run.pk, confirmed="yes")

        assert messages_of(response)[0].startswith(f"{run.pk}: Changed")
        run.refresh_from_db()
        assert run.integrity == Integrity.CORRUPT

    def test_a_run_without_files_is_refused(self, admin_pages: Client) -> None:
        queued = RunFactory(status="queued", finished_at=None, manifest_hash="")

        response = act(admin_pages, RUN, "verify", queued.pk)

        assert messages_of(response) == [f"{queued.pk}: {gating.NOT_FINISHED}"]


class TestQuestions:
    @pytest.mark.parametrize(
        ("action", "status", "question"),
        [
            ("verify", "succeeded", "Verify run files"),
            ("reindex", "succeeded", "Re-index runs"),
            ("retry", "failed", "Try runs again"),
            ("cancel", "queued", "Cancel runs"),
        ],
    )
    def test_nothing_happens_before_it_is_confirmed(
        self, admin_pages: Client, run: Run, action: str, status: str, question: str
    ) -> None:
        facts: dict[str, Any] = {"failed": {"failure_code": "x"}, "queued": {"finished_at": None}}
        chosen = run if status == "succeeded" else RunFactory(status=status, **facts[status])
        before = (Run.objects.count(), RunEvent.objects.count())

        page = act(admin_pages, RUN, action, chosen.pk).content.decode()

        assert question in page
        assert chosen.pk in page
        assert 'name="confirmed" value="yes"' in page
        assert (Run.objects.count(), RunEvent.objects.count()) == before
        assert not LogEntry.objects.exists()

    def test_what_is_refused_is_said_beside_what_is_asked(
        self, admin_pages: Client, run: Run
    ) -> None:
        queued = RunFactory(status="queued", finished_at=None, manifest_hash="")

        page = act(admin_pages, RUN, "verify", run.pk, queued.pk).content.decode()

        assert gating.NOT_FINISHED in page
        assert f'name="_selected_action" value="{run.pk}"' in page
        assert f'name="_selected_action" value="{queued.pk}"' not in page


class TestReindex:
    def test_a_row_is_written_again_from_its_files(self, admin_pages: Client, run: Run) -> None:
        Run.objects.update(warning_count=99, template_title="Not so")

        response = act(admin_pages, RUN, "reindex", run.pk, confirmed="yes")

        assert messages_of(response) == [f"{run.pk}: 1 rebuilt."]
        again = Run.objects.get()
        assert (again.template_title, again.warning_count) == ("A small desk", run.warning_count)
        assert LogEntry.objects.get().change_message == "Re-indexed."

    def test_a_run_whose_files_are_gone_says_so(
        self, admin_pages: Client, run: Run, data_dirs: DataDirs
    ) -> None:
        import shutil

        shutil.rmtree(data_dirs.runs / run.pk)

        act(admin_pages, RUN, "reindex", run.pk, confirmed="yes")

        assert Run.objects.get().integrity == Integrity.MISSING


class TestRetry:
    @pytest.fixture
    def failed(self, run: Run) -> Run:
        """The run, as if it had failed."""
        Run.objects.update(status="failed", failure_code="worker_lost", failure_detail="Gone.")
        return Run.objects.get()

    def test_the_same_is_asked_for_once_more(
        self, admin_pages: Client, failed: Run, run_tasks: Any
    ) -> None:
        response = act(admin_pages, RUN, "retry", failed.pk, confirmed="yes")

        assert messages_of(response)[0].endswith("is queued in its place.")
        run_tasks()
        again = Run.objects.exclude(pk=failed.pk).get()
        assert (again.status, again.input_hash) == ("succeeded", failed.input_hash)
        assert again.created_by.get_username() == "ada"
        # The failure stays to be read.
        assert Run.objects.get(pk=failed.pk).failure_code == "worker_lost"
        assert LogEntry.objects.get().object_id == failed.pk

    def test_what_succeeded_is_not_tried_again(self, admin_pages: Client, run: Run) -> None:
        response = act(admin_pages, RUN, "retry", run.pk, confirmed="yes")

        assert messages_of(response) == [f"{run.pk}: {gating.NOT_FAILED}"]
        assert Run.objects.count() == 1


class TestCancel:
    def test_a_waiting_run_ends(self, admin_pages: Client) -> None:
        queued = RunFactory(status="queued", finished_at=None, manifest_hash="")

        response = act(admin_pages, RUN, "cancel", queued.pk, confirmed="yes")

        assert messages_of(response) == [f"{queued.pk}: Cancelled."]
        assert Run.objects.get().status == "canceled"
        assert LogEntry.objects.get().change_message == "Cancelled."

    def test_a_finished_run_is_left_alone(self, admin_pages: Client, run: Run) -> None:
        response = act(admin_pages, RUN, "cancel", run.pk, confirmed="yes")

        assert messages_of(response) == [f"{run.pk}: {gating.HAS_ENDED}"]
        assert Run.objects.get().status == "succeeded"


class TestAtAGlance:
    def test_the_index_and_the_list_count_by_status_and_integrity(
        self, admin_pages: Client
    ) -> None:
        RunFactory.create_batch(3)
        RunFactory(status="failed", failure_code="model_invalid", failure_detail="x")
        RunFactory(integrity=Integrity.CORRUPT, byte_count=2_000_000)

        for url in ("/admin/", list_url(RUN)):
            page = text_of(admin_pages.get(url))
            assert "Succeeded 4" in page
            assert "Failed 1" in page
            assert "Changed 1" in page
            assert "Storage of current bundles 2.0 MB" in page
        assert "model_invalid" in text_of(admin_pages.get("/admin/"))

    def test_every_count_leads_to_the_rows_it_counts(self, admin_pages: Client) -> None:
        RunFactory(id="broken", status="failed", failure_code="x")
        RunFactory(id="fine")
        url = list_url(RUN, status__exact="failed")
        assert url in admin_pages.get("/admin/").content.decode()

        page = admin_pages.get(url)

        assert [run.pk for run in page.context["cl"].result_list] == ["broken"]
        # A narrowed list says its own count alone.
        assert "at a glance" not in page.content.decode()

    def test_the_slowest_come_first(self, admin_pages: Client) -> None:
        for seconds in (1, 30, 5):
            RunFactory(
                id=f"took-{seconds}",
                created_at=START,
                started_at=START,
                finished_at=START + timedelta(seconds=seconds),
            )

        page = text_of(admin_pages.get("/admin/"))

        assert page.index("took-30") < page.index("took-5") < page.index("took-1 ")

    @pytest.mark.parametrize("count", [1, 40])
    def test_it_costs_the_same_however_many_rows(
        self, admin_pages: Client, count: int, django_assert_max_num_queries: Any
    ) -> None:
        RunFactory.create_batch(count)
        admin_pages.get("/admin/")

        # Session, user; of runs and captures each: counts, sum, slowest, failures; the reader's own actions.
        with django_assert_max_num_queries(13):
            assert admin_pages.get("/admin/").status_code == 200


class TestPermissions:
    def test_staff_without_them_reads_and_is_told_why_not_more(
        self, staff_viewer: Client, run: Run
    ) -> None:
        page = staff_viewer.get(record_url(RUN, run.pk)).content.decode()

        assert page.count(gating.NEEDS_OPERATOR) == 4
        assert 'aria-disabled="true"' in page

    @pytest.mark.parametrize(
        "action",
        ["replay_from_model", "replay_from_telemetry", "verify", "reindex", "retry", "cancel"],
    )
    def test_staff_without_them_cannot_act(
        self, staff_viewer: Client, run: Run, action: str
    ) -> None:
        act(staff_viewer, RUN, action, run.pk, confirmed="yes")

        assert Run.objects.count() == 1
        assert not RunEvent.objects.filter(name="run.verified").exists()

    def test_operators_who_are_not_staff_stay_outside(self, pages: Client, run: Run) -> None:
        response = pages.get(list_url(RUN))

        assert response.status_code == 302

    def test_strangers_come_to_the_products_own_door(self, client: Client) -> None:
        response = client.get(list_url(RUN), follow=True)

        assert response.redirect_chain[-1][0].startswith("/sign-in")

    def test_too_many_at_once_are_refused(
        self, admin_pages: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("runs.admin.records.ACT_LIMIT", 1)
        runs = RunFactory.create_batch(2)

        response = act(admin_pages, RUN, "verify", *(run.pk for run in runs))

        assert messages_of(response) == ["Choose at most 1 at a time."]


class TestEvents:
    def test_they_are_found_by_run_and_by_name(self, admin_pages: Client, run: Run) -> None:
        other = RunFactory(id="other")
        RunEvent.objects.create(run=other, name="run.created", attributes={})

        by_run = admin_pages.get(list_url("runs_runevent", q=run.pk))
        by_name = admin_pages.get(list_url("runs_runevent", event="run.created"))

        assert {event.run_id for event in by_run.context["cl"].result_list} == {run.pk}
        assert {event.name for event in by_name.context["cl"].result_list} == {"run.created"}

    def test_every_name_there_is_can_be_filtered_by(self, run: Run) -> None:
        from runs.admin.events import RUN_EVENTS

        assert set(RunEvent.objects.values_list("name", flat=True)) <= set(RUN_EVENTS)

    def test_they_cost_the_same_queries_however_many_rows(
        self, admin_pages: Client, run: Run
    ) -> None:
        few = queries_of(admin_pages, list_url("runs_runevent"))

        RunEvent.objects.bulk_create(
            RunEvent(run=run, name="run.created", actor=run.created_by, attributes={})
            for _ in range(60)
        )

        assert len(queries_of(admin_pages, list_url("runs_runevent"))) == len(few)
