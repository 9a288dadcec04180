"""Questions to the run list that people keep under a name: reading them and changing them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from runs.errors import ViewExists, ViewInvalid, ViewNotFound
from runs.list_form import read_question
from runs.models import SavedView

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MOST_VIEWS = 50
LONGEST_NAME = 60


def views_of(owner: User) -> list[SavedView]:
    """What ``owner`` keeps, by name."""
    return list(SavedView.objects.filter(owner=owner).order_by("name"))


def get_view(owner: User, view_id: int) -> SavedView:
    """One of the views that ``owner`` keeps; raises ViewNotFound."""
    found = SavedView.objects.filter(owner=owner, pk=view_id).first()
    if found is None:
        raise ViewNotFound("You keep no such view.")
    return found


def save_view(*, owner: User, name: str, query: str, replace: bool = False) -> SavedView:
    """Keep the question that ``query`` asks as ``name``.

    Raises ViewInvalid, and ViewExists where ``owner`` has a view of that name and does not ask to ``replace`` it.
    """
    name = _checked(name)
    asked = read_question(query).query
    if replace:
        view, _ = SavedView.objects.update_or_create(
            owner=owner, name=name, defaults={"query": asked}
        )
        return view
    if SavedView.objects.filter(owner=owner).count() >= MOST_VIEWS:
        raise ViewInvalid(f"You keep {MOST_VIEWS} views already. Delete one first.")
    try:
        with transaction.atomic():
            return SavedView.objects.create(owner=owner, name=name, query=asked)
    except IntegrityError:
        raise ViewExists(f"You keep another view as “{name}”.") from None


def rename_view(view: SavedView, *, name: str) -> SavedView:
    """Keep ``view`` under another name; raises ViewInvalid and ViewExists."""
    view.name = _checked(name)
    try:
        with transaction.atomic():
            view.save(update_fields=("name",))
    except IntegrityError:
        raise ViewExists(f"You keep another view as “{view.name}”.") from None
    return view


def delete_view(view: SavedView) -> None:
    """Forget ``view``; the runs it showed are not touched."""
    view.delete()


def choose_default(*, owner: User, view: SavedView | None) -> None:
    """Open the list with ``view`` where nothing is asked; with every run where that is None."""
    with transaction.atomic():
        SavedView.objects.filter(owner=owner, is_default=True).update(is_default=False)
        if view is not None:
            view.is_default = True
            view.save(update_fields=("is_default",))


def _checked(name: str) -> str:
    name = " ".join(name.split())
    if not name or "\0" in name:
        raise ViewInvalid("Give the view a name.")
    if len(name) > LONGEST_NAME:
        raise ViewInvalid(f"Use at most {LONGEST_NAME} characters for the name.")
    return name
