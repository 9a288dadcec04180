"""Who may do what: deny by default, model permissions by action."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission

# Not at run time: rest_framework.views itself imports the default permission classes.
if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView


def action_of(view: APIView, request: Request) -> str | None:
    """The viewset action, or the method's name on a plain view; None for OPTIONS and for methods the view lacks."""
    method = str(request.method).lower()
    if method == "options":
        return None
    method = "get" if method == "head" else method
    if hasattr(view, "action_map"):
        return view.action_map.get(method) if view.action_map else None
    return method if method in view.http_method_names and hasattr(view, method) else None


class DenyByDefault(BasePermission):
    """Allow what ``view.permissions_by_action`` names for the signed-in user, and nothing else.

    An empty tuple means any signed-in user. An action without an entry is refused.
    """

    message = "You do not have permission to do this."

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether this user may run this action; a method the view lacks passes on to its 405."""
        if not (request.user and request.user.is_authenticated):
            return False
        action = action_of(view, request)
        if action is None:
            return True
        required = getattr(view, "permissions_by_action", {}).get(action)
        return required is not None and request.user.has_perms(required)
