"""The API plumbing as an installed app: what must follow every migration, and the system checks."""

from typing import Any

from django.apps import AppConfig
from django.core.management import call_command
from django.db.models.signals import post_migrate


def _prepare_database(*, using: str, **_: Any) -> None:
    from flowtime.api.roles import ensure_roles

    call_command("createcachetable", database=using, verbosity=0)
    ensure_roles(using=using)


class ApiConfig(AppConfig):
    name = "flowtime.api"
    label = "api"

    def ready(self) -> None:
        """Register the checks; make the cache table and the roles whenever migrations have run."""
        from flowtime import checks  # noqa: F401  (registers itself)
        from flowtime.api import schema_extensions  # noqa: F401  (registers itself)

        # No sender: permissions of the apps that migrate last must be there too.
        post_migrate.connect(_prepare_database, dispatch_uid="flowtime.api.prepare_database")
