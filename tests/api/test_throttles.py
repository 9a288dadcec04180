"""Limits: by scope and caller, counted together by every process."""

import threading

import pytest
from django.db import connection

from tests.conftest import client_of, make_person

pytestmark = [pytest.mark.urls("tests.api.limited"), pytest.mark.failure(21)]


@pytest.fixture(autouse=True)
def two_a_minute(settings):
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {
        "DEFAULT_THROTTLE_RATES": {"runs.create": "2/min", "captures.create": None, "login": None}
    }


@pytest.mark.django_db
class TestScope:
    def test_the_limit_is_the_callers_own(self, api, viewer_api):
        assert [api.post("/v1/limited").status_code for _ in range(3)] == [200, 200, 429]
        assert viewer_api.post("/v1/limited").status_code == 200

    def test_says_when_to_come_back(self, api):
        for _ in range(2):
            api.post("/v1/limited")

        response = api.post("/v1/limited")

        assert response.json()["code"] == "throttled"
        assert 0 < int(response["Retry-After"]) <= 60

    def test_an_action_without_a_scope_is_free(self, api):
        assert {api.get("/v1/limited").status_code for _ in range(5)} == {200}

    def test_a_scope_without_a_rate_is_free(self, api):
        assert {api.put("/v1/limited").status_code for _ in range(5)} == {200}


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
class TestTogether:
    def test_requests_at_once_share_one_count(self):
        alice = make_person("alice", "operator")
        start, statuses = threading.Barrier(6), []

        def ask() -> None:
            client = client_of(alice)
            start.wait()
            statuses.append(client.post("/v1/limited").status_code)
            connection.close()

        threads = [threading.Thread(target=ask) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(statuses) == [200, 200, 429, 429, 429, 429]
