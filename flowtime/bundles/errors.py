"""What reading and writing bundles refuses. Sentences name a bundle, a file in it, a line; never a path on disk."""

from flowtime.errors import FlowTimeError

MAX_QUOTED = 80
"""Characters of a caller's text that a message repeats (engine §23.4)."""


class BundleError(FlowTimeError):
    """Base of everything that ``flowtime.bundles`` raises on purpose."""


class BundleMissing(BundleError):
    """The bundle, or a whole file that its manifest lists, is not there."""

    code = "bundle_missing"
    title = "The telemetry bundle is missing"
    status = 422


class BundleCorrupt(BundleError):
    """The bundle is there and is not what was written; extras ``file``, ``line``, ``column`` where they are known."""

    code = "bundle_corrupt"
    title = "The telemetry bundle was changed"
    status = 422


class BundleChanged(BundleCorrupt):
    """A digest differs, or the bundle belongs elsewhere: whole, and not what it should be."""


class SeriesNotFound(BundleError):
    """The run bundle holds no series of that id."""

    code = "series_not_found"
    title = "No such series"
    status = 404


class FileNotListed(BundleError):
    """The manifest lists no file of that name."""

    code = "not_found"
    title = "Not found"
    status = 404


class InvalidName(BundleError):
    """An id, key or file name that bundles §1 does not allow."""

    code = "invalid_id"
    title = "The name is not valid"
    status = 400


class OutsideRoots(BundleError):
    """A directory that does not resolve to a plain name inside its root."""

    code = "outside_roots"
    title = "The directory is outside the telemetry root"
    status = 400


class BundleExists(BundleError):
    """The final name is taken: names are never reused, so the caller chooses another or asks to replace."""

    code = "bundle_exists"
    title = "The bundle already exists"
    status = 409


class StorageUnavailable(BundleError):
    """The disk refuses: missing root, no permission, read-only, too many open files, input or output error."""

    code = "storage_unavailable"
    title = "Storage is not available"
    status = 503


class StorageBusy(StorageUnavailable):
    """The process or the machine has no descriptor or memory left: the bundle is not to blame."""


class InsufficientStorage(BundleError):
    """No space, no quota or no inode left, or a file size limit."""

    code = "insufficient_storage"
    title = "There is no space left"
    status = 507


class Cancelled(BundleError):
    """The caller's ``cancel`` answered true; nothing was published."""

    code = "cancelled"
    title = "Cancelled"
    status = 409


def quoted(text: object) -> str:
    """A caller's text for a sentence: escaped, cut, and withheld where it looks like a path."""
    if not isinstance(text, str):
        return "something that is not text"
    if "/" in text or "\\" in text:
        return "a text with path separators"
    return repr(text if len(text) <= MAX_QUOTED else text[: MAX_QUOTED - 1] + "…")
