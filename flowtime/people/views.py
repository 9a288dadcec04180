"""The profile: one's API tokens, preferences, password, and where one is signed in."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.password_validation import password_validators_help_texts
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from rest_framework.exceptions import Throttled

from flowtime.api.throttles import LoginThrottle
from flowtime.errors import FlowTimeError
from flowtime.pages import PageRequest, keep_theme, page
from flowtime.people.forms import PasswordChangeForm, PreferencesForm, TokenForm
from flowtime.people.models import Token
from flowtime.people.preferences import preferences_of
from flowtime.people.sessions import end_other_sessions, end_session, sessions_of
from flowtime.people.tokens import find_token, make_token, revoke_tokens, tokens_of

ANYBODY = ""


class NoSuchThing(FlowTimeError):
    """A token or session of somebody else, or none at all."""

    code = "not_found"
    title = "Not found"
    status = 404


def show_profile(request: PageRequest, *, status: int = 200, **forms: Any) -> HttpResponse:
    """The page, with the form that was sent in the place of a fresh one."""
    context: dict[str, Any] = {
        "tokens": tokens_of(request.user),
        "sessions": sessions_of(request.user, current=request.session.session_key),
        "token_form": TokenForm(initial={"name": ""}),
        "preferences_form": PreferencesForm(instance=preferences_of(request.user)),
        "password_form": PasswordChangeForm(request.user),
        "password_rules": password_validators_help_texts(),
        **forms,
    }
    for name in ("token_form", "preferences_form", "password_form"):
        context[name].dress()
    return render(request, "people/profile.html", context, status=status)


def back_to(section: str) -> HttpResponse:
    """To the profile, where one was."""
    return HttpResponseRedirect(f"{reverse('people:profile')}#{section}")


@page(ANYBODY)
def profile(request: PageRequest) -> HttpResponse:
    """Everything about oneself."""
    return show_profile(request)


@page(ANYBODY, methods=("POST",))
def add_token(request: PageRequest) -> HttpResponse:
    """Make a token. This answer is the only one that shows the secret, so it is not a redirect."""
    form = TokenForm(request.POST)
    if not form.is_valid():
        return show_profile(request, status=422, token_form=form)
    token, secret = make_token(request.user, **form.cleaned_data)
    response = show_profile(request, made=token, secret=secret)
    response["Cache-Control"] = "no-store"
    return response


@page(ANYBODY, methods=("GET", "HEAD", "POST"))
def revoke_token(request: PageRequest, token_id: str) -> HttpResponse:
    """Ask, and on the answer revoke."""
    token = find_token(request.user, token_id)
    if token is None:
        raise NoSuchThing("You have no token with this id.")
    if request.method != "POST":
        return render(request, "people/revoke.html", {"token": token})
    revoke_tokens(Token.objects.filter(pk=token.pk), by=request.user)
    messages.success(request, f"{token.name or 'The token'} was revoked.")
    return back_to("tokens")


@page(ANYBODY, methods=("POST",))
def save_preferences(request: PageRequest) -> HttpResponse:
    """Keep what was chosen; it holds from the next page on."""
    form = PreferencesForm(request.POST, instance=preferences_of(request.user))
    if not form.is_valid():
        return show_profile(request, status=422, preferences_form=form)
    chosen = form.save()
    messages.success(request, "Your preferences were saved.")
    response = keep_theme(back_to("preferences"), chosen.theme)
    # The keyboard map keeps its own choice in the browser; the newer choice counts.
    response.delete_cookie("shortcuts", samesite="Lax")
    return response


@page(ANYBODY, methods=("POST",))
def change_password(request: PageRequest) -> HttpResponse:
    """Change the password; every other session ends with it. Attempts count towards the limit of signing in."""
    throttle = LoginThrottle()
    if not throttle.allow_request(request, None):  # type: ignore[arg-type]
        raise Throttled(wait=throttle.wait())
    form = PasswordChangeForm(request.user, request.POST)
    if not form.is_valid():
        return show_profile(request, status=422, password_form=form)
    user = form.save()
    update_session_auth_hash(request, user)
    end_other_sessions(user, current=request.session.session_key)
    messages.success(request, "Your password was changed. Other sessions were signed out.")
    return back_to("password")


@page(ANYBODY, methods=("POST",))
def sign_out_session(request: PageRequest, session_id: str) -> HttpResponse:
    """End one session; the browser there is led to the door at its next page."""
    if not end_session(request.user, session_id):
        raise NoSuchThing("This session is over already.")
    messages.success(request, "The session was signed out.")
    return back_to("sessions")


@page(ANYBODY, methods=("POST",))
def sign_out_others(request: PageRequest) -> HttpResponse:
    """End every session but this one."""
    count = end_other_sessions(request.user, current=request.session.session_key)
    noun = "session was" if count == 1 else "sessions were"
    messages.success(request, f"{count} other {noun} signed out.")
    return back_to("sessions")
