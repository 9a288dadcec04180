"""Whether a bundle on disk is what its manifest says, by name: what ``verify`` and ``reindex`` ask (bundles §6)."""

from __future__ import annotations

from collections.abc import Callable

from flowtime.bundles.confine import Root
from flowtime.bundles.errors import BundleChanged, BundleCorrupt, BundleMissing
from flowtime.bundles.integrity import (
    Integrity,
    IntegrityProblem,
    ProblemCode,
    with_problem,
)
from flowtime.bundles.names import MANIFEST
from flowtime.bundles.run_bundle import MODEL, RunBundle, open_run_bundle
from flowtime.bundles.targets import Target
from flowtime.bundles.telemetry_bundle import (
    AUTOCAPTURE,
    TelemetryBundle,
    check_belongs,
    open_telemetry_bundle,
)


def verify_run_bundle(
    root: Root, run_id: str, *, deep: bool = False, manifest_hash: str | None = None
) -> Integrity:
    """Check one run's bundle; with ``deep`` hash every byte. ``manifest_hash`` is the digest it must have.

    Bad content is never raised, it is the answer. A root that cannot be opened is StorageUnavailable, so that
    a disk that is not mounted does not make every bundle look missing.
    """

    def check() -> Integrity:
        with open_run_bundle(root, run_id, manifest_hash=manifest_hash) as bundle:
            return check_run_bundle(bundle, deep=deep)

    return _answered(check)


def verify_telemetry_bundle(
    root: Root,
    target: Target,
    generation: int,
    *,
    deep: bool = False,
    manifest_hash: str | None = None,
) -> Integrity:
    """Check one generation of a telemetry bundle, as ``verify_run_bundle`` does."""

    def check() -> Integrity:
        with open_telemetry_bundle(root, target, generation, manifest_hash=manifest_hash) as bundle:
            return check_telemetry_bundle(bundle, target, generation, deep=deep)

    return _answered(check)


def check_run_bundle(bundle: RunBundle, *, deep: bool = False) -> Integrity:
    """Check an open run bundle: its files, and that its model is the one the manifest names."""
    found = bundle.check(deep=deep)
    digests = (file.sha256 for file in bundle.manifest.files if file.path == MODEL)
    if f"sha256:{next(digests, '')}" == bundle.manifest.model_hash:
        return found
    detail = f"{MODEL} is not the model that the manifest names."
    return with_problem(found, IntegrityProblem("mismatch", MODEL, detail))


def check_telemetry_bundle(
    bundle: TelemetryBundle, target: Target, generation: int, *, deep: bool = False
) -> Integrity:
    """Check an open generation: its files, and that it lies where its companion says it belongs."""
    found = bundle.check(deep=deep)
    if any(problem.path == AUTOCAPTURE for problem in found.problems):
        return found
    try:
        check_belongs(target, generation, bundle.autocapture)
    except BundleCorrupt as error:
        return with_problem(found, IntegrityProblem("mismatch", AUTOCAPTURE, error.detail))
    return found


def _answered(check: Callable[[], Integrity]) -> Integrity:
    """What ``check`` finds, or the state that its refusal amounts to."""
    try:
        return check()
    except BundleMissing as error:
        # Without a file's name it is the bundle itself that is not there.
        if "file" not in error.extra:
            return Integrity("missing")
        problem = IntegrityProblem("missing", error.extra["file"], error.detail)
        return Integrity("incomplete", (problem,))
    except BundleCorrupt as error:
        path = error.extra.get("file", MANIFEST)
        changed = isinstance(error, BundleChanged)
        code: ProblemCode = "mismatch" if changed else "unreadable"
        return Integrity("corrupt", (IntegrityProblem(code, path, error.detail),))
