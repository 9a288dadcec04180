"""The admin site itself: its name, its door, and the people and tokens it manages."""

from __future__ import annotations

from typing import Any

# They register themselves when imported; first here, so that ours take their place.
import axes.admin  # noqa: F401
import django_tasks_db.admin  # noqa: F401
import knox.admin  # noqa: F401
from axes.models import AccessFailureLog, AccessLog
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django_tasks_db.models import DBTaskResult
from knox.models import AuthToken

from flowtime.api.tokens import ID_LENGTH

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
apps.get_app_config("knox").verbose_name = "API tokens"

admin.site.unregister(User)
admin.site.unregister(AuthToken)
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


@admin.register(AuthToken)
class TokenAdmin(admin.ModelAdmin):
    """API tokens: whose they are and how long they last. The secret is shown once, where it is made."""

    list_display = ("identifier", "user", "created", "expiry", "state")
    list_display_links = None
    list_select_related = ("user",)
    list_filter = ("expiry",)
    search_fields = ("user__username",)
    search_help_text = "A user name."
    ordering = ("-created",)
    actions = ("revoke",)
    show_facets = admin.ShowFacets.NEVER

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Tokens are made by their owner, who sees the secret once."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: AuthToken | None = None) -> bool:
        """A token is not changed, only revoked."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AuthToken | None = None) -> bool:
        """Deleting shows the digest; *Revoke* does not."""
        return False

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Whether the user may revoke tokens of others."""
        return request.user.has_perm("knox.delete_authtoken")

    @admin.display(description="Token")
    def identifier(self, token: AuthToken) -> SafeString:
        """The id by which the API lists and revokes the token."""
        return format_html('<code class="mono">{}</code>', token.digest[:ID_LENGTH])

    @admin.display(description="State")
    def state(self, token: AuthToken) -> str:
        """Whether the token still opens anything."""
        is_expired = token.expiry is not None and token.expiry < timezone.now()
        return "Expired" if is_expired else "Valid"

    @admin.action(description="Revoke", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Delete the chosen tokens; requests that carry one are refused from now on."""
        count = queryset.count()
        owners = sorted(set(queryset.values_list("user__username", flat=True)))
        queryset.delete()
        noun = "token" if count == 1 else "tokens"
        self.message_user(request, f"{count} {noun} of {', '.join(owners)} revoked.")
