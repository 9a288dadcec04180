"""The three roles as groups of permissions."""

from typing import TYPE_CHECKING

from django.apps import apps
from django.db import transaction

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractUser

VIEWER = (
    "runs.view_run",
    "runs.view_runevent",
    "telemetry.view_capture",
    "telemetry.view_captureevent",
)
OPERATOR = (
    *VIEWER,
    "runs.add_run",
    "runs.replay_run",
    "runs.cancel_run",
    "runs.verify_run",
    "telemetry.add_capture",
    "telemetry.verify_capture",
    "telemetry.cancel_capture",
)
# Admins are superusers; the group says so where people are listed.
ROLES: dict[str, tuple[str, ...]] = {"viewer": VIEWER, "operator": OPERATOR, "admin": OPERATOR}


def ensure_roles(*, using: str = "default") -> None:
    """Make the groups, and give each exactly its permissions. Permissions not made yet are left out."""
    group_model = apps.get_model("auth", "Group")
    permission_model = apps.get_model("auth", "Permission")
    known = {
        f"{permission.content_type.app_label}.{permission.codename}": permission
        for permission in permission_model.objects.using(using)
        .filter(content_type__app_label__in=("runs", "telemetry"))
        .select_related("content_type")
    }
    with transaction.atomic(using=using):
        for name, names in ROLES.items():
            group, _ = group_model.objects.using(using).get_or_create(name=name)
            group.permissions.set([known[one] for one in names if one in known])


def assign_role(user: "AbstractUser", role: str) -> None:
    """Make ``role`` the only role of ``user``; admins become staff and superusers."""
    group = apps.get_model("auth", "Group").objects.get(name=role)
    user.is_staff = user.is_superuser = role == "admin"
    user.save(update_fields=("is_staff", "is_superuser"))
    user.groups.set([group])
