"""Requests that a program makes up from the OpenAPI document: no crash, no answer it does not list."""

from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import yaml
from django.db import connection
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import FlakyStrategyDefinition, Unsatisfiable
from hypothesis.stateful import run_state_machine_as_test
from rest_framework.test import APIClient
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks

from flowtime.api.links import AFTER_A_RUN
from flowtime.people.models import Token
from flowtime.wsgi import application

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
# The second database answers the same requests again: a part of them tells whether it answers otherwise.
EXAMPLES, CHAINS = (8, 8) if connection.vendor == "sqlite" else (3, 3)
STEPS = 6
# Well-formed requests are refused for what they mean (a cursor of another list, an id that is taken), and
# every query parameter is text: neither is a fault.
# The token of the headers is taken for one that was made up; who may ask is held elsewhere.
OPINIONS = [
    checks.positive_data_acceptance,
    checks.negative_data_rejection,
    checks.ignored_auth,
]
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "reference" / "openapi.yaml"
# A program that tries everything would revoke its own token.
OPERATIONS = [
    f"{method.upper()} {path}"
    for path, methods in yaml.safe_load(DOCUMENT.read_text())["paths"].items()
    for method in methods
    if not path.startswith("/v1/auth/")
]


def bounded(**bounds: Any) -> settings:
    """Settings under which a test takes the same way each time."""
    every = list(HealthCheck)
    return settings(
        deadline=None, derandomize=True, database=None, suppress_health_check=every, **bounds
    )


@cache
def document() -> Any:
    """The committed document, which is the served one: read once, as are the requests that it allows."""
    schema = schemathesis.openapi.from_path(DOCUMENT)
    schema.app = application
    return schema


@pytest.fixture
def published(alice: Any) -> Any:
    """The document, with a finished run and its telemetry to be found."""
    _, token = Token.objects.create(user=alice)
    headers = {"Authorization": f"Bearer {token}", "Host": "testserver"}
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=headers["Authorization"])
    run = client.post("/v1/runs", {"templateId": "first-steps"}).json()
    source = {"source": {"type": "run", "runId": run["runId"]}}
    assert client.post("/v1/telemetry/captures", source).status_code == 201
    document().config.update(headers=headers)
    return document()


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_made_up_request_is_answered_unexpectedly(published, operation, mode):
    method, path = operation.split(" ")

    @given(case=published[path][method].as_strategy(generation_mode=mode))
    @bounded(max_examples=EXAMPLES, phases=[Phase.explicit, Phase.generate])
    def send(case: Any) -> None:
        case.call_and_validate(excluded_checks=OPINIONS)

    try:
        send()
    except Unsatisfiable:
        # A request without parameters and body cannot be made wrong.
        assert mode is GenerationMode.NEGATIVE


def test_no_made_up_chain_of_requests_is_answered_unexpectedly(published):
    followed: list[tuple[str, int]] = []
    unexpected: list[str] = []

    class Chains(published.include(operation_id=["createRun", *AFTER_A_RUN]).as_state_machine()):  # type: ignore[misc]
        """Requests along the links of the document: what one answers is asked for by the next."""

        def before_call(self, case: Any) -> None:
            # No program guesses the name of a template.
            if case.operation.definition.raw["operationId"] == "createRun" and case.body:
                case.body = {"templateId": "first-steps"}

        def validate_response(self, response: Any, case: Any, **_: Any) -> None:
            operation = case.operation.definition.raw["operationId"]
            followed.append((operation, response.status_code))
            try:
                case.validate_response(response, excluded_checks=OPINIONS)
            except FailureGroup as error:
                unexpected.append(f"{operation} {response.status_code}: {error.exceptions}")

    for number in range(CHAINS):
        # Each chain leaves something behind; one that is tried again need not find the same.
        with suppress(FlakyStrategyDefinition):
            run_state_machine_as_test(
                seed(number)(Chains),
                settings=bounded(
                    max_examples=4, stateful_step_count=STEPS, phases=[Phase.generate]
                ),
            )

    assert unexpected == []
    done = {operation for operation, status in followed if status in (200, 201, 202)}
    assert "createRun" in done
    assert done & set(AFTER_A_RUN)
