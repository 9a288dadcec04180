"""Requests that a program makes up from the OpenAPI document: no crash, no answer it does not list."""

from pathlib import Path
from typing import Any

import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from rest_framework.test import APIClient
from schemathesis import GenerationMode
from schemathesis.specs.openapi import checks

from flowtime.people.models import Token
from flowtime.wsgi import application

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
EXAMPLES = 8
# Well-formed requests are refused for what they mean (a cursor of another list, an id that is taken), and
# every query parameter is text: neither is a fault.
OPINIONS = [
    checks.positive_data_acceptance,
    checks.negative_data_rejection,
]
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "reference" / "openapi.yaml"
# A program that tries everything would revoke its own token.
OPERATIONS = [
    f"{method.upper()} {path}"
    for path, methods in yaml.safe_load(DOCUMENT.read_text())["paths"].items()
    for method in methods
    if not path.startswith("/v1/auth/")
]


@pytest.fixture
def published(alice: Any) -> Any:
    """The document as served, with a finished run and its telemetry to be found."""
    _, token = Token.objects.create(user=alice)
    headers = {"Authorization": f"Bearer {token}", "Host": "testserver"}
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=headers["Authorization"])
    run = client.post("/v1/runs", {"templateId": "first-steps"}).json()
    source = {"source": {"type": "run", "runId": run["runId"]}}
    assert client.post("/v1/telemetry/captures", source).status_code == 201
    schema = schemathesis.openapi.from_wsgi("/v1/schema", application, headers=headers)
    schema.config.update(headers=headers)
    return schema


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_made_up_request_is_answered_unexpectedly(published, operation, mode):
    method, path = operation.split(" ")

    @given(case=published[path][method].as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def send(case: Any) -> None:
        case.call_and_validate(excluded_checks=OPINIONS)

    try:
        send()
    except Unsatisfiable:
        # A request without parameters and body cannot be made wrong.
        assert mode is GenerationMode.NEGATIVE
