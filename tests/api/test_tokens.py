"""Bearer tokens: made by password or session, shown once, listed, revoked, expired."""

import base64
import pickle
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from flowtime.people.models import Token
from tests.conftest import client_of

pytestmark = pytest.mark.failure(20)


def basic(name: str, password: str) -> dict[str, str]:
    credentials = base64.b64encode(f"{name}:{password}".encode()).decode()
    return {"HTTP_AUTHORIZATION": f"Basic {credentials}"}


def bearer(token: str) -> APIClient:
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


@pytest.fixture
def stranger(db) -> APIClient:
    return APIClient(raise_request_exception=False)


class TestCreate:
    def test_a_password_makes_a_token_that_works(self, stranger, alice):
        response = stranger.post("/v1/auth/tokens", {}, **basic("alice", "alicealice"))

        assert response.status_code == 201
        assert response["Cache-Control"] == "no-store"
        assert bearer(response.json()["token"]).get("/v1/auth/tokens").status_code == 200

    def test_a_session_makes_one_too_with_its_csrf_token(self, alice):
        client = APIClient(enforce_csrf_checks=True)
        client.force_login(alice, backend="flowtime.api.authentication.ModelBackend")

        assert client.post("/v1/auth/tokens", {}).status_code == 403
        assert client_of(alice).post("/v1/auth/tokens", {}).status_code == 201

    def test_a_token_makes_no_token(self, alice):
        _, secret = Token.objects.create(user=alice)

        response = bearer(secret).post("/v1/auth/tokens", {})

        assert response.status_code == 401
        assert Token.objects.count() == 1

    def test_it_lives_as_long_as_was_asked(self, stranger, alice):
        body = {"expiresInDays": 2}
        made = stranger.post("/v1/auth/tokens", body, **basic("alice", "alicealice")).json()

        lifetime = Token.objects.get().expiry - timezone.now()
        assert timedelta(days=1, hours=23) < lifetime < timedelta(days=2, minutes=1)
        assert made["expiresUtc"].endswith("Z")

    @pytest.mark.parametrize(
        "body",
        [
            {"expiresInDays": 0},
            {"expiresInDays": 366},
            {"expiresInDays": "30"},
            {"expiresInDays": True},
            {"name": 7},
            {"x": 1},
        ],
    )
    def test_what_is_out_of_bounds_makes_none(self, stranger, alice, body):
        response = stranger.post("/v1/auth/tokens", body, **basic("alice", "alicealice"))

        assert response.status_code == 400
        assert Token.objects.count() == 0

    def test_a_wrong_password_is_refused(self, stranger, alice):
        response = stranger.post("/v1/auth/tokens", {}, **basic("alice", "wrong"))

        assert response.status_code == 401
        assert response.json()["code"] == "not_authenticated"
        assert "alice" not in response.content.decode()

    def test_attempts_are_limited_by_address(self, stranger, alice, settings):
        settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {
            "DEFAULT_THROTTLE_RATES": {"login": "3/min"}
        }
        for _ in range(3):
            assert stranger.post("/v1/auth/tokens", **basic("alice", "no")).status_code == 401

        response = stranger.post("/v1/auth/tokens", {}, **basic("alice", "alicealice"))

        assert response.status_code == 429
        assert response.json()["code"] == "throttled"
        assert 0 < int(response["Retry-After"]) <= 60
        assert Token.objects.count() == 0

    def test_expired_tokens_go_when_a_new_one_is_made(self, stranger, alice):
        Token.objects.create(user=alice, expiry=timedelta(seconds=-1))

        stranger.post("/v1/auth/tokens", {}, **basic("alice", "alicealice"))

        assert Token.objects.count() == 1

    def test_it_is_hashed_at_rest(self, stranger, alice):
        secret = stranger.post("/v1/auth/tokens", {}, **basic("alice", "alicealice")).json()[
            "token"
        ]

        row = Token.objects.values().get()
        assert all(secret not in str(value) for value in row.values())


class TestAgain:
    """With an ``Idempotency-Key`` the answer is given again, though the token in it is kept nowhere."""

    ASKED = basic("alice", "alicealice") | {"HTTP_IDEMPOTENCY_KEY": "night-1"}

    def test_it_is_made_once_and_shown_alike(self, stranger, alice):
        first, second = (stranger.post("/v1/auth/tokens", {}, **self.ASKED) for _ in range(2))

        assert Token.objects.count() == 1
        assert second.status_code == first.status_code == 201
        assert second.content == first.content
        assert second["Cache-Control"] == "no-store"
        assert bearer(second.json()["token"]).get("/v1/auth/tokens").status_code == 200

    def test_it_is_kept_nowhere_meanwhile(self, stranger, alice):
        secret = stranger.post("/v1/auth/tokens", {}, **self.ASKED).json()["token"]

        with connection.cursor() as cursor:
            cursor.execute("SELECT value FROM flowtime_cache")
            kept = [pickle.loads(base64.b64decode(value)) for (value,) in cursor.fetchall()]

        assert any("content" in one for one in kept if isinstance(one, dict))
        assert secret not in repr(kept)
        assert "night-1" not in repr(kept)

    def test_each_key_and_each_person_has_a_token_of_their_own(self, stranger, alice, victor):
        other_key = self.ASKED | {"HTTP_IDEMPOTENCY_KEY": "night-2"}
        other_person = self.ASKED | basic("victor", "victorvictor")

        made = [
            stranger.post("/v1/auth/tokens", {}, **asked).json()["token"]
            for asked in (self.ASKED, other_key, other_person)
        ]

        assert len(set(made)) == Token.objects.count() == 3

    def test_the_key_alone_foretells_nothing(self, stranger, alice):
        first = stranger.post("/v1/auth/tokens", {}, **self.ASKED).json()["token"]
        cache.clear()

        assert stranger.post("/v1/auth/tokens", {}, **self.ASKED).json()["token"] != first

    def test_nothing_that_was_kept_under_another_secret_key_is_answered(
        self, stranger, alice, settings
    ):
        stranger.post("/v1/auth/tokens", {}, **self.ASKED)
        settings.SECRET_KEY = "another-key-of-the-service-after-it-was-changed"

        again = stranger.post("/v1/auth/tokens", {}, **self.ASKED)

        assert bearer(again.json()["token"]).get("/v1/auth/tokens").status_code == 200

    def test_another_body_is_a_conflict(self, stranger, alice):
        stranger.post("/v1/auth/tokens", {}, **self.ASKED)

        response = stranger.post("/v1/auth/tokens", {"name": "other"}, **self.ASKED)

        assert response.status_code == 409
        assert Token.objects.count() == 1


class TestList:
    def test_shows_only_yours_and_never_the_secret(self, alice, victor):
        _, secret = Token.objects.create(user=alice)
        Token.objects.create(user=victor)

        response = bearer(secret).get("/v1/auth/tokens")

        (item,) = response.json()["items"]
        assert item["isCurrent"] is True
        assert set(item) == {
            "tokenId",
            "name",
            "createdUtc",
            "expiresUtc",
            "lastUsedUtc",
            "isCurrent",
        }
        assert secret[:15] not in response.content.decode()


class TestRevoke:
    def test_a_revoked_token_stops_working_at_once(self, api, alice):
        _, secret = Token.objects.create(user=alice)
        (item,) = api.get("/v1/auth/tokens").json()["items"]

        assert api.delete(f"/v1/auth/tokens/{item['tokenId']}").status_code == 204

        assert bearer(secret).get("/v1/auth/tokens").status_code == 401

    def test_somebody_elses_is_not_found(self, api, victor):
        token, secret = Token.objects.create(user=victor)

        response = api.delete(f"/v1/auth/tokens/{token.digest[:32]}")

        assert response.status_code == 404
        assert bearer(secret).get("/v1/auth/tokens").status_code == 200


class TestBearer:
    @pytest.mark.parametrize(
        "header",
        ["Bearer", "Bearer x", "Bearer " + "0" * 64, "Bearer a b", "Bearer \xff", "Bearer a\0b"],
    )
    def test_what_is_no_token_of_ours_is_refused(self, stranger, header):
        response = stranger.get("/v1/auth/tokens", HTTP_AUTHORIZATION=header)

        assert response.status_code == 401
        assert response["WWW-Authenticate"] == "Bearer"

    def test_an_expired_token_is_refused(self, alice):
        _, secret = Token.objects.create(user=alice, expiry=timedelta(seconds=-1))

        assert bearer(secret).get("/v1/auth/tokens").status_code == 401

    def test_a_token_of_somebody_who_left_is_refused(self, alice):
        _, secret = Token.objects.create(user=alice)
        alice.is_active = False
        alice.save(update_fields=["is_active"])

        assert bearer(secret).get("/v1/auth/tokens").status_code == 401

    def test_a_token_needs_no_csrf_token(self, alice):
        _, secret = Token.objects.create(user=alice)
        client = APIClient(enforce_csrf_checks=True)
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
        (item,) = client.get("/v1/auth/tokens").json()["items"]

        assert client.delete(f"/v1/auth/tokens/{item['tokenId']}").status_code == 204


class TestWhatIsSeenAtTheNextRequest:
    """Who may what is asked anew in every request: nothing is kept that could be out of date."""

    @pytest.fixture
    def bearer(self, alice):
        _, secret = Token.objects.create(user=alice)
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
        assert client.get("/v1/runs").status_code == 200
        return client

    def test_a_revoked_token(self, bearer, alice):
        Token.objects.filter(user=alice).delete()

        assert bearer.get("/v1/runs").status_code == 401

    def test_a_person_who_was_shut_out(self, bearer, alice):
        alice.is_active = False
        alice.save()

        assert bearer.get("/v1/runs").status_code == 401

    def test_a_role_that_was_taken_away(self, bearer, alice):
        alice.groups.clear()

        assert bearer.get("/v1/runs").status_code == 403

    def test_a_role_that_lost_a_permission(self, bearer, alice):
        group = alice.groups.get()
        group.permissions.remove(group.permissions.get(codename="view_run"))

        assert bearer.get("/v1/runs").status_code == 403

    def test_a_permission_of_their_own(self, bearer, alice):
        view = alice.groups.get().permissions.get(codename="view_run")
        alice.groups.clear()
        alice.user_permissions.add(view)

        assert bearer.get("/v1/runs").status_code == 200
        assert bearer.post("/v1/runs", {}).status_code == 403


@pytest.mark.django_db
def test_what_a_user_may_is_what_django_says(alice, ada, victor):
    from django.contrib.auth.backends import ModelBackend as Djangos

    from flowtime.api.authentication import ModelBackend

    for person in (alice, ada, victor):
        alike = type(person).objects.get(pk=person.pk)
        assert ModelBackend().get_all_permissions(person) == Djangos().get_all_permissions(alike)
