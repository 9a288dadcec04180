"""The WSGI application."""

import os

from django.core.wsgi import get_wsgi_application

from flowtime.tracing import start_tracing

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "flowtime.settings")
# Before the application: it adds a middleware.
start_tracing("flowtime-web")

application = get_wsgi_application()
