"""The admin site: its door, and the people and tokens it manages."""

import re
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from flowtime.people.models import TOKEN_ID_LENGTH, Token
from tests.admin_site import act, list_url, messages_of, queries_of
from tests.conftest import client_of

pytestmark = pytest.mark.django_db

TOKEN, USER = "people_token", "auth_user"


@pytest.fixture
def secret(alice: Any) -> str:
    """A token of Alice, as it was shown once."""
    return str(Token.objects.create(user=alice)[1])


class TestTokens:
    def test_they_are_listed_by_the_id_the_api_gives(
        self, admin_pages: Client, secret: str
    ) -> None:
        page = admin_pages.get(list_url(TOKEN)).content.decode()

        token = Token.objects.get()
        assert token.digest[:TOKEN_ID_LENGTH] in page
        assert "alice" in page

    def test_neither_the_secret_nor_any_part_of_it_is_shown(
        self, admin_pages: Client, secret: str
    ) -> None:
        page = admin_pages.get(list_url(TOKEN)).content.decode()

        assert secret not in page
        assert secret[:8] not in page
        assert Token.objects.get().token_key not in page

    def test_revoking_one_closes_the_api_to_it(
        self, admin_pages: Client, secret: str, db: None
    ) -> None:
        bearer = {"headers": {"Authorization": f"Bearer {secret}"}}
        assert client_of(None).get("/v1/auth/tokens", **bearer).status_code == 200

        asked = act(admin_pages, TOKEN, "revoke", Token.objects.get().pk)
        assert "Whatever signs in with them is refused" in asked.content.decode()
        assert client_of(None).get("/v1/auth/tokens", **bearer).status_code == 200

        response = act(admin_pages, TOKEN, "revoke", Token.objects.get().pk, confirmed="yes")

        assert messages_of(response) == ["1 token of alice revoked."]
        assert client_of(None).get("/v1/auth/tokens", **bearer).status_code == 401
        assert LogEntry.objects.get().is_deletion()

    def test_one_is_made_for_somebody_and_shown_once(self, admin_pages: Client, alice: Any) -> None:
        body = {"user": alice.pk, "name": "for the importer", "days": 7}

        answer = admin_pages.post(reverse("admin:people_token_add"), body)

        secret = re.search(r"<code>([0-9a-f]{64})</code>", answer.content.decode())[1]
        assert "no-store" in answer["Cache-Control"]
        bearer = {"headers": {"Authorization": f"Bearer {secret}"}}
        assert client_of(None).get("/v1/auth/tokens", **bearer).status_code == 200
        assert Token.objects.get().user == alice
        assert Token.objects.get().name == "for the importer"
        assert Token.objects.get().last_used_at is not None
        assert LogEntry.objects.get().is_addition()
        assert secret not in admin_pages.get(list_url(TOKEN)).content.decode()
        assert secret not in str(admin_pages.cookies) + str(dict(admin_pages.session))

    @pytest.mark.parametrize("days", ["0", "366", ""])
    def test_none_is_made_for_longer_than_a_year(
        self, admin_pages: Client, alice: Any, days: str
    ) -> None:
        body = {"user": alice.pk, "name": "x", "days": days}

        assert admin_pages.post(reverse("admin:people_token_add"), body).status_code == 200
        assert not Token.objects.exists()

    def test_they_are_not_changed(self, admin_pages: Client, secret: str) -> None:
        digest = Token.objects.get().pk

        url = reverse("admin:people_token_change", args=[digest])
        assert admin_pages.post(url, {"name": "other"}).status_code == 403
        assert Token.objects.get().name == ""

    def test_the_list_costs_the_same_queries_however_many(
        self, admin_pages: Client, secret: str, alice: Any
    ) -> None:
        few = queries_of(admin_pages, list_url(TOKEN))

        for _ in range(5):
            Token.objects.create(user=alice)

        assert len(queries_of(admin_pages, list_url(TOKEN))) == len(few)


class TestPeople:
    def test_their_roles_and_runs_are_one_look_away(self, admin_pages: Client, alice: Any) -> None:
        page = admin_pages.get(list_url(USER)).content.decode()

        assert "operator" in page
        assert f"/admin/runs/run/?created_by__id__exact={alice.pk}" in page

    def test_a_role_is_given_by_a_group(self, admin_pages: Client, victor: Any) -> None:
        from django.contrib.auth.models import Group

        form = admin_pages.get(reverse("admin:auth_user_change", args=[victor.pk]))
        fields = form.context["adminform"].form.initial
        data = {name: value for name, value in fields.items() if isinstance(value, str)}
        operators = Group.objects.get(name="operator")
        joined = victor.date_joined

        admin_pages.post(
            reverse("admin:auth_user_change", args=[victor.pk]),
            {
                **data,
                "is_active": "on",
                "groups": [operators.pk],
                "date_joined_0": f"{joined:%Y-%m-%d}",
                "date_joined_1": f"{joined:%H:%M:%S}",
            },
        )

        assert [group.name for group in victor.groups.all()] == ["operator"]

    def test_a_person_is_signed_out_everywhere(
        self, admin_pages: Client, pages: Client, alice: Any
    ) -> None:
        assert pages.get("/runs").status_code == 200

        response = act(admin_pages, USER, "sign_out", str(alice.pk))

        assert messages_of(response) == ["1 session ended."]
        assert pages.get("/runs").status_code == 302
        assert admin_pages.get("/runs").status_code == 200

    def test_roles_say_how_many_hold_them(self, admin_pages: Client, alice: Any) -> None:
        page = admin_pages.get(list_url("auth_group")).content.decode()

        assert '<td class="field-people">1</td>' in page


class TestSite:
    def test_it_is_the_products_own(self, admin_pages: Client) -> None:
        page = admin_pages.get(reverse("admin:index")).content.decode()

        for words in ("FlowTime administration", "flowtime/tokens.css", "flowtime/admin.css"):
            assert words in page
        assert "Django" not in page

    @pytest.mark.parametrize("theme", ["light", "dark"])
    def test_it_wears_the_theme_the_reader_chose(self, admin_pages: Client, theme: str) -> None:
        admin_pages.cookies["theme"] = theme

        page = admin_pages.get(reverse("admin:index")).content.decode()

        assert f'<meta name="flowtime-theme" content="{theme}">' in page

    def test_no_script_stands_in_a_page(self, admin_pages: Client) -> None:
        for url in (reverse("admin:index"), list_url("runs_run"), list_url(USER)):
            page = admin_pages.get(url).content.decode()
            assert not re.search(r"<script(?![^>]*\bsrc=)", page), url
            assert not re.search(r"\son[a-z]+=", page), url

    def test_the_queues_own_rows_are_not_shown(self) -> None:
        labels = {model._meta.label for model in admin.site._registry}

        assert not {label for label in labels if label.startswith("django_tasks")}

    def test_one_door(self, pages: Client, client: Client) -> None:
        stranger = client.get("/admin/", follow=True)

        assert stranger.redirect_chain[-1][0].startswith("/sign-in")
        assert pages.get("/admin/").status_code == 302
