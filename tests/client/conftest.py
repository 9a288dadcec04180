"""A running FlowTime, and the client as the operator has it."""

from collections.abc import Iterator
from typing import Any

import pytest

from flowtime.client import Client
from flowtime.people.models import Token


@pytest.fixture
def token(live_server: Any, alice: Any) -> str:
    """A token of the operator."""
    return str(Token.objects.create(user=alice)[1])


@pytest.fixture
def client(live_server: Any, token: str) -> Iterator[Client]:
    """The client of the operator."""
    with Client(live_server.url, token=token) as client:
        yield client
