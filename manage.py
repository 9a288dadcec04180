#!/usr/bin/env python
"""FlowTime's management commands."""

import os
import sys


def main() -> None:
    """Run one management command; `bootstrap` alone may run without a key, because it makes the local one."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "flowtime.settings")
    if sys.argv[1:2] == ["bootstrap"]:
        from flowtime.secret_key import make_local_key

        make_local_key()

    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"FlowTime cannot start. {error}")


if __name__ == "__main__":
    main()
