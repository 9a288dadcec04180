"""`bootstrap`: everything a first visit needs, and nothing twice."""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from flowtime.api.roles import assign_role, ensure_roles
from flowtime.checks import root_problems
from flowtime.errors import FlowTimeError
from flowtime.people.tokens import make_token
from runs import services
from runs.models import Run
from runs.requests import RunRequest

PEOPLE = ("admin", "operator", "viewer")
TEMPLATE_ID = "nyc-departures"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What is shown once."""

    password: str
    token: str


class Command(BaseCommand):
    # It makes what the checks look for, and looks itself.
    requires_system_checks = ()
    help = "Make the database, roles, an admin, an operator and a viewer, and a first run."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print one JSON document.")

    def handle(self, **options: Any) -> None:
        make_roots()
        call_command("migrate", interactive=False, verbosity=0)
        ensure_roles()
        people = {name: ensure_person(name) for name in PEOPLE}
        # Shown once, whatever becomes of the run.
        if options["json"]:
            self._print_document(people)
        else:
            self._print_people(people)
            run, is_new = ensure_first_run()
            self.stdout.write(f"{'Made' if is_new else 'Already there:'} run {run.pk}.")

    def _print_document(self, people: dict[str, Credentials | None]) -> None:
        document = people_document(people)
        try:
            run, is_new = ensure_first_run()
            document["run"] = {"runId": run.pk, "created": is_new}
        finally:
            self.stdout.write(json.dumps(document))

    def _print_people(self, people: dict[str, Credentials | None]) -> None:
        made = {name: person for name, person in people.items() if person is not None}
        if made:
            self.stdout.write("Shown once, so keep what you need:")
        for name, person in made.items():
            self.stdout.write(f"  {name:<9} password {person.password}")
            self.stdout.write(f"  {'':<9} token    {person.token}")
        if kept := [name for name in people if name not in made]:
            self.stdout.write(f"Already there: {', '.join(kept)}.")


def make_roots() -> None:
    """Make the roots that are missing. Raises CommandError when they cannot serve."""
    for root in (settings.RUNS_ROOT, settings.TELEMETRY_ROOT):
        Path(root).mkdir(parents=True, exist_ok=True)
    if problems := root_problems():
        raise CommandError(" ".join(f"{one.sentence} {one.hint}" for one in problems))


def ensure_person(name: str) -> Credentials | None:
    """Make the user of this name and role with a random password and a token; None when there is one."""
    users = get_user_model().objects
    with transaction.atomic():
        if users.filter(username=name).exists():
            return None
        password = secrets.token_urlsafe(12)
        person = users.create_user(name, password=password)
        assign_role(person, name)
        _, token = make_token(person, name="first visit")
    return Credentials(password=password, token=token)


def ensure_first_run() -> tuple[Run, bool]:
    """A finished run of the real-data template, and whether it was made now."""
    finished = Run.objects.filter(template_id=TEMPLATE_ID, status=Run.Status.SUCCEEDED)
    if run := finished.order_by("created_at", "pk").first():
        return run, False
    operator = get_user_model().objects.get(username="operator")
    try:
        outcome = services.create_run(RunRequest(template_id=TEMPLATE_ID), user=operator)
    except FlowTimeError as error:
        raise CommandError(f"The first run could not be made: {error.detail}") from error
    return outcome.run, True


def people_document(people: dict[str, Credentials | None]) -> dict[str, Any]:
    """The JSON document; password and token are null for people who were there before."""
    return {
        "users": {
            name: {
                "password": person.password if person else None,
                "token": person.token if person else None,
            }
            for name, person in people.items()
        },
        "run": None,
    }
