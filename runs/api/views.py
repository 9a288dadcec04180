"""/v1/runs: parse, call one service or selector, render."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from flowtime.api.answers import events_answer, made_answer, page_answer
from flowtime.api.pagination import PAGE_PARAMETERS, PAGE_QUERY
from flowtime.api.requests import PREFER, prefers_async, request_id_of
from flowtime.api.schema import problems
from flowtime.api.views import StrictViewSet
from runs import gating, records, selectors, services
from runs.api import examples, representation
from runs.api.query import filtered
from runs.api.requests import ReplayRequestSerializer, RunRequestSerializer
from runs.api.serializers import (
    RunEventPageSerializer,
    RunPageSerializer,
    RunSerializer,
)
from runs.filters import RunFilter
from runs.models import Run

VIEW, ADD = ("runs.view_run",), ("runs.add_run",)
FILTERS = frozenset(RunFilter.base_filters)
RUN_ID = OpenApiParameter(
    "run_id", OpenApiTypes.STR, OpenApiParameter.PATH, description="The id of a run."
)
RUN_PROBLEMS = ("template_not_found", "template_invalid", "parameters_invalid", "model_invalid")
BUNDLE_PROBLEMS = ("bundle_missing", "bundle_corrupt", "bundle_mismatch", "bindings_invalid")


class RunViewSet(StrictViewSet):
    """Runs."""

    permissions_by_action: ClassVar = {
        "list": VIEW,
        "create": ADD,
        "retrieve": VIEW,
        "replay": ("runs.replay_run",),
        "cancel": ("runs.cancel_run",),
        "events": VIEW,
    }
    query_by_action: ClassVar = {
        "list": PAGE_QUERY | FILTERS,
        "events": PAGE_QUERY,
    }
    repeatable: ClassVar = ("mode", "status", "templateId", "sourceRunId")
    throttles_by_action: ClassVar = {"create": "runs.create", "replay": "runs.create"}
    bodiless: ClassVar = ("cancel",)

    @extend_schema(
        operation_id="listRuns",
        tags=["Runs"],
        summary="List runs",
        parameters=[*examples.RUN_FILTERS, *PAGE_PARAMETERS],
        responses=RunPageSerializer,
        examples=[examples.RUN_PAGE],
    )
    def list(self, request: Request) -> Response:
        """Runs, newest first, narrowed by the filters; several values of one filter are alternatives."""
        rows = filtered(request, RunFilter, Run.objects.all())
        return page_answer(request, partial(selectors.page_of_runs, rows), representation.run_item)

    @extend_schema(
        operation_id="createRun",
        tags=["Runs"],
        summary="Run a template",
        parameters=[PREFER],
        request=RunRequestSerializer,
        responses={
            201: OpenApiResponse(RunSerializer, description="The run, finished."),
            200: OpenApiResponse(
                examples.EITHER_RUN_OR_PLAN, description="The run that was reused, or the plan."
            ),
            202: OpenApiResponse(RunSerializer, description="The run, queued."),
            **problems(
                *RUN_PROBLEMS,
                *BUNDLE_PROBLEMS,
                "run_exists",
                "run_not_found",
                "capture_not_found",
                "outside_roots",
                "invalid_id",
            ),
        },
        examples=examples.CREATE_RUN,
    )
    def create(self, request: Request) -> Response:
        """Run a template, or with `options.dryRun` say what would happen. Telemetry is never generated."""
        body = RunRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        if body.is_dry_run:
            plan = services.plan_run(body.to_request(), user=request.user)
            return Response({"isDryRun": True, "plan": representation.plan_facts(plan)})
        is_async = prefers_async(request)
        outcome = services.create_run(
            body.to_request(),
            user=request.user,
            request_id=request_id_of(request),
            is_async=is_async,
        )
        if outcome.was_reused:
            return Response(_shown(outcome.run, request) | {"wasReused": True})
        shown = _shown(outcome.run, request)
        return made_answer(shown, shown["links"]["self"], is_async=is_async)

    @extend_schema(
        operation_id="getRun",
        tags=["Runs"],
        summary="Show a run",
        parameters=[RUN_ID],
        responses={200: RunSerializer, **problems("run_not_found")},
        examples=[examples.RUN],
    )
    def retrieve(self, request: Request, run_id: str) -> Response:
        """A run in full, with what the caller may do with it now. Its files are looked at on the way."""
        run = services.notice_run(selectors.get_run(run_id))
        return Response(_shown(run, request))

    @extend_schema(
        operation_id="createReplay",
        tags=["Runs"],
        summary="Replay a run",
        parameters=[RUN_ID, PREFER],
        request=ReplayRequestSerializer,
        responses={
            201: OpenApiResponse(RunSerializer, description="The new run, finished."),
            202: OpenApiResponse(RunSerializer, description="The new run, queued."),
            **problems(
                "run_not_found",
                "run_unreadable",
                "model_invalid",
                "template_invalid",
                "parameters_invalid",
                *BUNDLE_PROBLEMS,
            ),
        },
        examples=examples.CREATE_REPLAY,
    )
    def replay(self, request: Request, run_id: str) -> Response:
        """Make a new run with the same template, parameters and seed, from the model or from its telemetry."""
        body = ReplayRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        is_async = prefers_async(request)
        run = services.create_replay(
            selectors.get_run(run_id),
            source=body.validated_data["from"],
            user=request.user,
            request_id=request_id_of(request),
            is_async=is_async,
        )
        shown = _shown(run, request)
        return made_answer(shown, shown["links"]["self"], is_async=is_async)

    @extend_schema(
        operation_id="cancelRun",
        tags=["Runs"],
        summary="Cancel a run",
        parameters=[RUN_ID],
        request=None,
        responses={200: RunSerializer, **problems("run_not_found", "run_not_cancelable")},
        examples=[examples.RUN],
    )
    def cancel(self, request: Request, run_id: str) -> Response:
        """Cancel a queued run, or ask a running one to stop."""
        run = services.cancel_run(
            selectors.get_run(run_id), user=request.user, request_id=request_id_of(request)
        )
        return Response(_shown(run, request))

    @extend_schema(
        operation_id="listRunEvents",
        tags=["Runs"],
        summary="List the events of a run",
        parameters=[RUN_ID, *PAGE_PARAMETERS],
        responses={200: RunEventPageSerializer, **problems("run_not_found")},
        examples=[examples.RUN_EVENTS],
    )
    def events(self, request: Request, run_id: str) -> Response:
        """What happened to the run, oldest first unless asked otherwise."""
        return events_answer(request, selectors.events_for_run(selectors.get_run(run_id)))


def _shown(run: Run, request: Request) -> dict[str, Any]:
    actions = gating.actions_for(run, request.user)
    return representation.run_detail(run, records.run_record(run), actions)
