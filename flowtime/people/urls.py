"""Addresses of the profile."""

from django.urls import path

from flowtime.people import views

app_name = "people"
urlpatterns = [
    path("profile", views.profile, name="profile"),
    path("profile/tokens", views.add_token, name="add-token"),
    path("profile/tokens/<str:token_id>/revoke", views.revoke_token, name="revoke-token"),
    path("profile/preferences", views.save_preferences, name="preferences"),
    path("profile/password", views.change_password, name="password"),
    path("profile/sessions/sign-out", views.sign_out_others, name="sign-out-others"),
    path("profile/sessions/<str:session_id>/sign-out", views.sign_out_session, name="sign-out"),
]
