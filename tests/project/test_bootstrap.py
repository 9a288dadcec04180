"""The first visit: people, tokens and a run, made once."""

import json
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from flowtime.people.models import Token
from runs.models import Run

pytestmark = pytest.mark.django_db


def bootstrap() -> dict[str, Any]:
    output = StringIO()
    call_command("bootstrap", "--json", stdout=output)
    return json.loads(output.getvalue())


class TestFirst:
    def test_makes_three_people_who_can_sign_in_with_their_roles(self):
        users = bootstrap()["users"]

        assert set(users) == {"admin", "operator", "viewer"}
        for name, person in users.items():
            user = authenticate(username=name, password=person["password"])
            assert user is not None
            assert [group.name for group in user.groups.all()] == [name]
            assert user.is_superuser == user.is_staff == (name == "admin")

    def test_their_tokens_work(self):
        for name, person in bootstrap()["users"].items():
            client = APIClient()
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {person['token']}")
            runs = client.get("/v1/runs")
            assert runs.status_code == 200, name
            assert runs.json()["totalCount"] == 1

    def test_makes_one_finished_run_of_the_real_data_and_no_telemetry(self):
        told = bootstrap()["run"]

        run = Run.objects.get()
        assert told == {"runId": run.pk, "created": True}
        assert (run.template_id, run.status) == ("nyc-departures", "succeeded")
        assert run.telemetry_available is False
        assert run.created_by.username == "operator"

    def test_makes_the_roots(self, data_dirs):
        data_dirs.runs.rmdir()
        data_dirs.telemetry.rmdir()

        bootstrap()

        assert data_dirs.runs.is_dir()
        assert data_dirs.telemetry.is_dir()


class TestAgain:
    def test_makes_nothing_twice_and_shows_no_secret_twice(self):
        first = bootstrap()
        hashes = list(get_user_model().objects.values_list("username", "password"))

        second = bootstrap()

        assert {name: person["token"] for name, person in second["users"].items()} == {
            "admin": None,
            "operator": None,
            "viewer": None,
        }
        assert second["run"] == {"runId": first["run"]["runId"], "created": False}
        assert list(get_user_model().objects.values_list("username", "password")) == hashes
        assert (Run.objects.count(), Token.objects.count(), Group.objects.count()) == (1, 3, 3)

    def test_says_for_people_what_is_there(self):
        bootstrap()
        output = StringIO()

        call_command("bootstrap", stdout=output)

        assert "Already there: admin, operator, viewer." in output.getvalue()
        assert "password" not in output.getvalue()


def test_credentials_are_shown_even_where_the_first_run_cannot_be_made(monkeypatch):
    monkeypatch.setattr("runs.management.commands.bootstrap.TEMPLATE_ID", "no-such-template")
    out = StringIO()

    with pytest.raises(CommandError, match="first run could not be made"):
        call_command("bootstrap", "--json", stdout=out)

    assert json.loads(out.getvalue())["users"]["operator"]["password"]
