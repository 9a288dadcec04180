"""Every way a command can end, as a script sees it: the exit code, and one sentence on stderr."""

from typing import Any

import pytest

from flowtime.client.resources import Run
from tests.cli.conftest import Command, Stranger

UNUSED = "http://127.0.0.1:9"


def problem(code: str, status: int, **extra: Any) -> dict[str, Any]:
    return {
        "type": f"/docs/problems/{code}",
        "title": "A title",
        "status": status,
        "detail": "A sentence that says what is wrong.",
        "code": code,
        "requestId": "4e7f9c1f",
        **extra,
    }


@pytest.mark.parametrize(
    ("status", "code", "exit_code"),
    [
        (400, "outside_roots", 2),
        (401, "not_authenticated", 5),
        (403, "permission_denied", 5),
        (404, "run_not_found", 3),
        (409, "capture_exists", 4),
        (422, "run_not_capturable", 1),
        (429, "throttled", 1),
        (500, "internal_error", 1),
        (503, "busy", 1),
    ],
)
def test_a_problem_of_the_api_ends_in_its_exit_code(
    flowtime: Command, stranger: Stranger, status: int, code: str, exit_code: int
) -> None:
    stranger.answer(problem(code, status), status=status)

    ended = flowtime("runs", "show", "run_1")

    assert ended.code == exit_code
    assert ended.out == ""
    sentence, step = ended.err.splitlines()
    assert sentence == f"error: A sentence that says what is wrong. ({code})"
    assert step.startswith("next: ")


def test_success_is_0(flowtime: Command, stranger: Stranger) -> None:
    stranger.answer({"items": []})

    ended = flowtime("templates", "list")

    assert (ended.code, ended.err) == (0, "")


@pytest.mark.parametrize(
    "arguments",
    [
        ("runs", "lst"),
        ("runs", "show"),
        ("runs", "list", "--status", "odd"),
        ("runs", "create", "t", "-p", "no-equals-sign"),
        ("runs", "create", "t", "--source-run", "a", "--capture", "b"),
        ("runs", "create", "t", "--binding", "a=b"),
        ("runs", "series", "r", "--from", "1"),
        ("telemetry", "capture", "r", "--capture-key", "k", "--directory", "d"),
        ("runs", "show", " "),
        ("--url", "nowhere", "runs", "list"),
    ],
)
def test_a_command_put_wrongly_is_2_and_asks_nobody(
    flowtime: Command, stranger: Stranger, arguments: tuple[str, ...]
) -> None:
    ended = flowtime(*arguments)

    assert ended.code == 2
    assert ended.out == ""
    assert ended.err
    assert stranger.asked == []


def test_every_validation_problem_is_a_line(flowtime: Command, stranger: Stranger) -> None:
    errors = [
        {"code": "out_of_range", "detail": "At most 1.", "pointer": "/parameters/stormSeverity"},
        {"code": "unknown", "message": "There is no such parameter.", "path": "storm"},
        {"code": "odd"},
    ]
    stranger.answer(problem("parameters_invalid", 422, errors=errors), status=422)

    ended = flowtime("runs", "create", "nyc-departures")

    assert ended.err.splitlines()[1:4] == [
        "  /parameters/stormSeverity: At most 1. (out_of_range)",
        "  storm: There is no such parameter. (unknown)",
        "  odd",
    ]


def test_throttling_says_how_long_to_wait(flowtime: Command, stranger: Stranger) -> None:
    stranger.answer(problem("throttled", 429), status=429, **{"Retry-After": "17"})

    ended = flowtime("runs", "create", "nyc-departures")

    assert ended.err.splitlines()[-1] == "next: Wait 17 seconds, then try again."


def test_an_unforeseen_failure_gives_the_request_id(flowtime: Command, stranger: Stranger) -> None:
    stranger.answer(problem("internal_error", 500), status=500)

    assert "request id 4e7f9c1f" in flowtime("runs", "list").err


def test_nobody_there_is_6(flowtime: Command) -> None:
    ended = flowtime("--url", UNUSED, "runs", "list")

    assert ended.code == 6
    assert ended.err.splitlines() == [
        f"error: {UNUSED} cannot be reached. (unreachable)",
        "next: Check the address (--url or FLOWTIME_URL) and that the server is running.",
    ]


@pytest.mark.parametrize("status", [200, 301, 404, 502])
def test_a_server_that_is_no_flowtime_is_6(
    flowtime: Command, stranger: Stranger, status: int
) -> None:
    stranger.status, stranger.body = status, b"<html>Welcome to nginx</html>"
    stranger.headers = {"Location": "/elsewhere"} if status == 301 else {}

    ended = flowtime("runs", "list")

    assert ended.code == 6
    assert "does not answer as FlowTime" in ended.err


@pytest.mark.parametrize("body", [b"[]", b"3", b"\xff", b""])
def test_json_that_is_no_document_of_ours_is_6(
    flowtime: Command, stranger: Stranger, body: bytes
) -> None:
    stranger.body = body

    assert flowtime("runs", "list").code == 6


def test_an_answer_of_another_version_is_6(flowtime: Command, stranger: Stranger) -> None:
    stranger.answer({"runId": "run_1"})

    ended = flowtime("runs", "show", "run_1")

    assert ended.code == 6
    assert "answers without createdBy, as another version may" in ended.err


def test_waiting_too_long_is_124_and_says_how_to_go_on(
    flowtime: Command, stranger: Stranger
) -> None:
    stranger.answer({**dict.fromkeys(Run.__required_keys__), "runId": "run_1", "status": "running"})

    ended = flowtime("runs", "watch", "run_1", "--timeout", "1")

    assert ended.code == 124
    assert "error: Run run_1 is still running after 1 s. (timed_out)" in ended.err
    assert "next: Go on watching with: flowtime runs watch run_1" in ended.err


def test_what_the_server_wrote_cannot_drive_the_terminal(
    flowtime: Command, stranger: Stranger
) -> None:
    stranger.answer({**problem("busy", 503), "detail": "\x1b[2J\x1b]0;owned\x07 gone"}, status=503)

    ended = flowtime("runs", "list")

    assert "\x1b" not in ended.err
    assert "\x07" not in ended.err


@pytest.mark.parametrize("name", ["..", ".", "a/b", "a?b=c", "a#b", "%2e%2e", "é", "a b"])
def test_whatever_a_name_holds_it_stays_one_segment_of_the_path(
    flowtime: Command, stranger: Stranger, name: str
) -> None:
    flowtime("runs", "show", name)

    (asked,) = stranger.asked
    assert asked[1].startswith("/v1/runs/")
    assert asked[1].count("/") == 3
    assert "?" not in asked[1]
