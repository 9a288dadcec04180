"""The admin site itself: its name, its door, and the people and tokens it manages."""

from __future__ import annotations

from typing import Any

# They register themselves when imported; first here, so that ours take their place.
import axes.admin  # noqa: F401
import django_tasks_db.admin  # noqa: F401
from axes.models import AccessFailureLog, AccessLog
from django import forms
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import Group, User
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django_tasks_db.models import DBTaskResult

from flowtime.people.forms import days_field
from flowtime.people.models import Session, Token
from flowtime.people.tokens import make_token, revoke_tokens

admin.site.site_header = "FlowTime administration"
admin.site.site_title = "FlowTime administration"
admin.site.index_title = "Records and people"
admin.site.site_url = "/runs"
# The way to every list stands in the header; the tables need the width.
admin.site.enable_nav_sidebar = False
# One door: the product's sign-in, with its lockout, serves the admin too.
admin.site.login = login_required(admin.site.login)  # type: ignore[method-assign]

# What other people's apps are called here.
apps.get_app_config("auth").verbose_name = "People"
apps.get_app_config("axes").verbose_name = "Sign-in"

admin.site.unregister((User, Group))
# The queue is only a doorbell; what a job did stands on the run or the capture.
admin.site.unregister(DBTaskResult)
# Attempts unlock people and stay; the other two are switched off or repeat them.
admin.site.unregister((AccessLog, AccessFailureLog))


@admin.register(User)
class PersonAdmin(UserAdmin):
    """People, with their roles."""

    list_display = ("username", "roles", "is_active", "is_staff", "last_login", "runs_link")
    list_filter = ("is_active", "is_staff", "groups")
    search_fields = ("username", "first_name", "last_name", "email")
    actions = ("sign_out",)
    show_facets = admin.ShowFacets.NEVER

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """People with their groups."""
        return super().get_queryset(request).prefetch_related("groups")

    @admin.display(description="Roles")
    def roles(self, user: User) -> str:
        """The names of the user's groups."""
        return ", ".join(sorted(group.name for group in user.groups.all())) or "–"

    @admin.display(description="Runs")
    def runs_link(self, user: User) -> SafeString:
        """The runs the user created."""
        url = reverse("admin:runs_run_changelist")
        return format_html('<a href="{}?created_by__id__exact={}">Runs</a>', url, user.pk)

    @admin.action(description="Sign out everywhere", permissions=["change"])
    def sign_out(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """End every session of the chosen people; their API tokens stay."""
        count, _ = Session.objects.filter(user__in=queryset).delete()
        for user in queryset:
            self.log_change(request, user, "Signed out everywhere.")
        noun = "session" if count == 1 else "sessions"
        self.message_user(request, f"{count} {noun} ended.")


@admin.register(Group)
class RoleAdmin(GroupAdmin):
    """Roles: how many people hold each, and what it permits."""

    list_display = ("name", "people")
    show_facets = admin.ShowFacets.NEVER

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        """Roles with the number of their people."""
        return super().get_queryset(request).annotate(people_count=Count("user"))

    @admin.display(description="People", ordering="people_count")
    def people(self, group: Group) -> int:
        """How many hold this role."""
        return int(group.people_count)  # type: ignore[attr-defined]


class TokenForm(forms.ModelForm[Token]):
    """A token for somebody: whose, what for, and for how long."""

    days = days_field()

    class Meta:
        model = Token
        fields = ("user", "name")


@admin.register(Token)
class TokenAdmin(admin.ModelAdmin):
    """API tokens: whose they are, when each was last used, how long they last. The secret is shown once."""

    form = TokenForm
    fields = ("user", "name", "days")
    autocomplete_fields = ("user",)
    list_display = ("identifier", "name", "user", "created", "last_used_at", "expiry", "state")
    list_display_links = None
    list_select_related = ("user",)
    list_filter = ("expiry",)
    search_fields = ("user__username", "name")
    search_help_text = "A user name, or the name of a token."
    ordering = ("-created",)
    actions = ("revoke",)
    show_facets = admin.ShowFacets.NEVER

    def has_change_permission(self, request: HttpRequest, obj: Token | None = None) -> bool:
        """A token is not changed, only revoked."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Token | None = None) -> bool:
        """Deleting shows the digest; *Revoke* does not."""
        return False

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Whether the user may revoke tokens of others."""
        return request.user.has_perm("people.delete_token")

    @admin.display(description="Token")
    def identifier(self, token: Token) -> SafeString:
        """The id by which the API lists and revokes the token."""
        return format_html('<code class="mono">{}</code>', token.identifier)

    @admin.display(description="State")
    def state(self, token: Token) -> str:
        """Whether the token still opens anything."""
        is_expired = token.expiry is not None and token.expiry < timezone.now()
        return "Expired" if is_expired else "Valid"

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """One way on from the form: the answer shows the secret."""
        one_way = {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().add_view(request, form_url, {**(extra_context or {}), **one_way})

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Make the token the way its owner would, and keep the secret for the answer alone."""
        token, secret = make_token(
            obj.user, name=obj.name, days=form.cleaned_data["days"], by=request.user
        )
        obj.pk, obj.expiry, obj.secret = token.pk, token.expiry, secret

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the secret, once: a message would keep it in a cookie until the next page."""
        context = {
            **self.admin_site.each_context(request),
            "title": "API token made",
            "opts": self.opts,
            "token": obj,
        }
        response = TemplateResponse(request, "admin/token_made.html", context)
        response["Cache-Control"] = "no-store"
        return response

    @admin.action(description="Revoke", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Token]) -> HttpResponse | None:
        """Ask first; then delete the chosen tokens: requests that carry one are refused from now on."""
        tokens = queryset.select_related("user")
        if "confirmed" not in request.POST:
            context = {
                **self.admin_site.each_context(request),
                "title": "Revoke these API tokens?",
                "opts": self.opts,
                "tokens": tokens,
                "checkbox_name": ACTION_CHECKBOX_NAME,
            }
            return TemplateResponse(request, "admin/confirm_revoke.html", context)
        owners = sorted({token.user.get_username() for token in tokens})
        self.log_deletions(request, tokens)
        count = revoke_tokens(queryset, by=request.user)
        noun = "token" if count == 1 else "tokens"
        self.message_user(request, f"{count} {noun} of {', '.join(owners)} revoked.")
        return None
