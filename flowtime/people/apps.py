"""People as an installed app."""

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in


class PeopleConfig(AppConfig):
    name = "flowtime.people"
    label = "people"
    verbose_name = "API tokens and sessions"

    def ready(self) -> None:
        """Note on every session who signed in, when, and with what."""
        from flowtime.people.sessions import note_sign_in

        user_logged_in.connect(note_sign_in, dispatch_uid="flowtime.people.note_sign_in")
