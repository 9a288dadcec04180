"""Pages of telemetry: the library, one capture, and generating from a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django_htmx.http import HttpResponseClientRefresh

from flowtime.api.problems import request_id_of
from flowtime.pages import NotAllowed, PageRequest, advice_for, page
from runs import services as run_services
from runs.gating import NEEDS_OPERATOR
from runs.selectors import get_run
from runs.templatetags.flowtime_ui import query_with
from runs.views import redirect_to, show_run
from telemetry import archives, curl, detail, listing, replaying, selectors, services
from telemetry.forms import CaptureForm

if TYPE_CHECKING:
    from flowtime.errors import FlowTimeError


@page("telemetry.view_capture")
def list_captures(request: PageRequest) -> HttpResponse:
    """Captures, newest first; only the rows where a filter changed, or those that are followed."""
    if followed := request.GET.getlist("live"):
        rows = listing.rows_of(followed)
        active = [capture.pk for capture in rows if not capture.is_finished]
        return render(request, "telemetry/_live_rows.html", {"rows": rows, "active": active})
    captures = listing.list_captures(request.GET)
    context = {
        "captures": captures,
        "newer": query_with(request, cursor=captures.page.previous_cursor),
        "older": query_with(request, cursor=captures.page.next_cursor),
    }
    template = "telemetry/list.html#results" if request.htmx else "telemetry/list.html"
    return render(request, template, context)


def show_capture(
    request: PageRequest, capture_id: str, *, refusal: FlowTimeError | None = None
) -> HttpResponse:
    """The page of a capture; a refusal stands above its facts."""
    capture = services.notice_capture(selectors.get_capture(capture_id))
    is_followed = bool(request.htmx) and request.htmx.target == "live"
    if is_followed and capture.is_finished:
        return HttpResponseClientRefresh()
    shown = detail.CapturePage(capture, user=request.user, query=request.GET)
    context = {
        "capture": capture,
        "shown": shown,
        "commands": curl.commands_for(capture, server=f"{request.scheme}://{request.get_host()}"),
        "refusal": refusal,
        "advice": advice_for(refusal) if refusal else "",
    }
    part = "#live" if is_followed else ""
    return render(request, f"telemetry/detail.html{part}", context)


@page("telemetry.view_capture")
def capture_detail(request: PageRequest, capture_id: str) -> HttpResponse:
    """One capture: what was generated, whether it is still so, and the steps of its life."""
    return show_capture(request, capture_id)


@page("telemetry.verify_capture", methods=("POST",), refused=show_capture)
def verify_capture(request: PageRequest, capture_id: str) -> HttpResponse:
    """Hash every file again, and say what was found."""
    capture = services.verify_capture(
        selectors.get_capture(capture_id), user=request.user, request_id=request_id_of(request)
    )
    messages.info(request, f"Telemetry bundle checked: {capture.get_integrity_display().lower()}.")
    return redirect_to(request, capture.get_absolute_url())


@page("telemetry.cancel_capture", methods=("POST",), refused=show_capture)
def cancel_capture(request: PageRequest, capture_id: str) -> HttpResponse:
    """Stop a capture that is waiting or generating; the panel it was cancelled in says so."""
    capture = services.cancel_capture(
        selectors.get_capture(capture_id), user=request.user, request_id=request_id_of(request)
    )
    if request.htmx and request.htmx.target == "telemetry":
        return show_run(request, capture.source_run_id)
    if request.htmx:
        return show_capture(request, capture_id)
    return redirect_to(request, capture.get_absolute_url())


@page("telemetry.view_capture")
def download_file(request: PageRequest, capture_id: str, path: str) -> HttpResponse:
    """One file of the bundle as it was written."""
    data, content_type = detail.file_text(selectors.get_capture(capture_id), path)
    response = HttpResponse(data, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{path}"'
    return response


@page("telemetry.view_capture")
def download_bundle(request: PageRequest, capture_id: str) -> StreamingHttpResponse:
    """The whole bundle as one archive."""
    archive = archives.zip_bundle(selectors.get_capture(capture_id))
    response = StreamingHttpResponse(archive.chunks, content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{archive.name}"'
    return response


def show_replay(
    request: PageRequest, capture_id: str, *, refusal: FlowTimeError | None = None
) -> HttpResponse:
    """The page of replaying a capture; a refusal stands beside the template it is about."""
    capture = services.notice_capture(selectors.get_capture(capture_id))
    asked = request.POST or request.GET
    context = {
        "capture": capture,
        "shown": replaying.ReplayPage(
            capture, user=request.user, template_id=asked.get("template", ""), refusal=refusal
        ),
    }
    part = "#choice" if request.htmx else ""
    return render(request, f"telemetry/replay.html{part}", context)


@page("telemetry.view_capture", methods=("GET", "HEAD", "POST"), refused=show_replay)
def replay_capture(request: PageRequest, capture_id: str) -> HttpResponse:
    """Choose a template for a capture's bundle, see what binds to what, and run it."""
    if request.method != "POST":
        return show_replay(request, capture_id)
    if not request.user.has_perm("runs.add_run"):
        raise NotAllowed(NEEDS_OPERATOR)
    capture = selectors.get_capture(capture_id)
    made = run_services.create_run(
        replaying.request_for(capture, request.POST.get("template", "")),
        user=request.user,
        request_id=request_id_of(request),
        is_async=True,
    )
    return redirect_to(request, made.run.get_absolute_url())


@page("telemetry.add_capture", methods=("POST",), refused=show_run)
def request_capture(request: PageRequest, run_id: str) -> HttpResponse:
    """Generate telemetry from a run; the panel follows it, or says why not."""
    capture = services.request_capture(
        run=get_run(run_id),
        user=request.user,
        request_id=request_id_of(request),
        is_async=True,
        **CaptureForm(request.POST).options(),
    )
    if request.htmx:
        # A quick worker may be done before this is rendered.
        return show_run(request, run_id, watched=capture.pk)
    return redirect_to(request, f"{get_run(run_id).get_absolute_url()}#telemetry")
