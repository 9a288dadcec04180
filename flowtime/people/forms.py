"""Forms of the profile: a new token, preferences, a new password."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.forms import PasswordChangeForm as DjangoPasswordChangeForm

from flowtime.people.models import Preferences
from flowtime.people.preferences import zone_names
from flowtime.people.tokens import MAX_DAYS


def days_field() -> forms.IntegerField:
    """For how long a token opens something."""
    return forms.IntegerField(
        label="Expires in days",
        min_value=1,
        max_value=MAX_DAYS,
        initial=90,
        help_text=f"1 to {MAX_DAYS}.",
        error_messages={"invalid": "Give a whole number of days."},
    )


class Dressed:
    """A form whose controls wear the product's classes and name their errors."""

    fields: dict[str, forms.Field]
    errors: Any
    auto_id: Any

    def dress(self) -> None:
        """Give every control its class, and tie what is wrong to it."""
        for name, field in self.fields.items():
            is_box = isinstance(field.widget, forms.CheckboxInput)
            if not is_box:
                field.widget.attrs["class"] = "input"
            if name in self.errors:
                field.widget.attrs |= {
                    "aria-invalid": "true",
                    "aria-describedby": f"{self.auto_id % name}-error",
                }


class TokenForm(Dressed, forms.Form):
    """A new API token."""

    name = forms.CharField(
        max_length=60,
        help_text="What it is for, such as “nightly import”.",
        error_messages={"required": "Name it, so that you know later what to revoke."},
    )
    days = days_field()


class PreferencesForm(Dressed, forms.ModelForm[Preferences]):
    """Time zone, theme, single keys."""

    time_zone = forms.ChoiceField(
        label="Time zone",
        choices=lambda: [(name, name.replace("_", " ")) for name in zone_names()],
        help_text="Times of day are told in it. The clock of a model stays its own.",
        error_messages={"invalid_choice": "This machine knows no such time zone."},
    )
    has_single_keys = forms.BooleanField(label="Single keys do something", required=False)

    class Meta:
        model = Preferences
        fields = ("time_zone", "theme", "has_single_keys")


class PasswordChangeForm(Dressed, DjangoPasswordChangeForm):
    """A new password, for whoever knows the old one."""

    error_messages = {
        **DjangoPasswordChangeForm.error_messages,
        "password_incorrect": "This is not your password.",
        "password_mismatch": "The two new passwords differ.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["old_password"].label = "Password now"
        self.fields["new_password1"].label = "New password"
        self.fields["new_password2"].label = "New password again"
        self.fields["new_password2"].help_text = ""
        for field in self.fields.values():
            # The page opens at its top, not in this form.
            field.widget.attrs.pop("autofocus", None)
