"""The door, the theme and the keys: pages that belong to no app."""

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LogoutView
from django.urls import path

from flowtime import pages

urlpatterns = [
    path("sign-in", login_not_required(pages.SignIn.as_view()), name="login"),
    path("sign-out", LogoutView.as_view(), name="logout"),
    path("keys", pages.choose_keys, name="keys"),
    path("system", login_not_required(pages.system_banner), name="system"),
    path("theme", login_not_required(pages.choose_theme), name="theme"),
]
