"""Builds the accelerator where a C compiler is: ``python -m flowtime.engine.native.build``."""

from __future__ import annotations

import os
import shutil
import subprocess  # nosec B404
import sys
import tempfile
from pathlib import Path

from .library import SOURCE, built_file

FLAGS = (
    "-std=c11",
    "-O3",
    "-fPIC",
    "-shared",
    "-ffp-contract=off",
    "-fno-math-errno",
    "-fno-strict-aliasing",
)
"""Nothing here may change a result: no contraction, no reordering, no assumption about NaN or the sign of zero."""


def build(source: Path = SOURCE) -> Path | None:
    """Compile the source, unless that was done, and remove what older sources left; None without a compiler.

    Raises CalledProcessError where the compiler refuses.
    """
    target = built_file(source)
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    for stale in target.parent.glob("kernels-*.native"):
        if stale != target:
            stale.unlink(missing_ok=True)
    if target.exists():
        return target
    if compiler is None:
        return None
    handle, name = tempfile.mkstemp(suffix=".native", dir=target.parent)
    os.close(handle)
    draft = Path(name)
    try:
        command = [compiler, *FLAGS, "-o", str(draft), str(source), "-lm"]
        subprocess.run(command, check=True)  # nosec B603
        draft.chmod(0o755)
        # Renamed when it is whole: a process that starts meanwhile finds all of it or nothing.
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return target


def main() -> int:
    """Build, and say what came of it; 0 also where nothing can be built, for the engine runs without."""
    try:
        built = build()
    except (OSError, subprocess.CalledProcessError) as refusal:
        sys.stderr.write(
            f"The native part of the engine was not built: {refusal}. It runs on numpy.\n"
        )
        return 0
    if built is None:
        sys.stderr.write("No C compiler here: the engine runs on numpy.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
