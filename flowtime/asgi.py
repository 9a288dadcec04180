"""The ASGI application."""

import os

from django.core.asgi import get_asgi_application

from flowtime.tracing import start_tracing

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "flowtime.settings")
# Before the application: it adds a middleware.
start_tracing("flowtime-web")

application = get_asgi_application()
