"""100,000 runs and captures for little: a few thousand are made like any, the database makes the others from them."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from django.db import connection
from django.db.models import DateTimeField, Field, Model

from runs.models import Integrity, Run
from telemetry.models import Capture
from tests.factories import DIGEST, START

ROWS = 100_000
# A whole number of every period in the rows below: 12, 10, 50, 7, 20, 100 and 3.
PATTERN = 2100


def fill_runs(count: int = ROWS) -> None:
    """As many finished runs, three a second: of 12 templates, one in 10 a replay, one in 50 failed."""
    multiply(Run, _runs(min(count, PATTERN)), count, per_hundred={"source_run_id"})


def fill_captures(count: int = ROWS) -> None:
    """As many captures, each of the run of its number; one in 50 failed."""
    multiply(Capture, _captures(min(count, PATTERN)), count)


def multiply(
    model: type[Model], pattern: Iterable[Model], count: int, per_hundred: Iterable[str] = ()
) -> None:
    """Make the rows of ``pattern`` and, from them, the rows up to number ``count``.

    Ids end with the row's number in eight digits, and so do the columns that name others; those of
    ``per_hundred`` count the hundreds. Every moment moves with the row.
    """
    rows = model._default_manager.bulk_create(pattern)
    fields = model._meta.concrete_fields
    columns = ", ".join(f'"{field.column}"' for field in fields)
    moved = ", ".join(
        _moved(field, PATTERN // 100 if field.column in per_hundred else PATTERN)
        for field in fields
    )
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH RECURSIVE step(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM step WHERE n < %s) "
            f'INSERT INTO "{table}" ({columns}) SELECT {moved} FROM "{table}", step '
            f"WHERE id <= %s AND {_number('id')} + {PATTERN} * n < %s",
            [count // PATTERN, rows[-1].pk, count],
        )


def _moved(field: Field, numbers: int) -> str:
    """SQL for the value of a column ``n`` patterns later."""
    column = f'"{field.column}"'
    if isinstance(field, DateTimeField):
        seconds = PATTERN // 3
        if connection.vendor == "sqlite":
            return f"strftime('%%Y-%%m-%%d %%H:%%M:%%S', {column}, ({seconds} * n) || ' seconds')"
        return f"{column} + n * interval '{seconds} seconds'"
    if field.column in ("id", "source_run_id", "target"):
        later = f"100000000 + {_number(column)} + {numbers} * n"
        return f"substr({column}, 1, length({column}) - 8) || substr(CAST({later} AS text), 2)"
    return column


def _number(column: str) -> str:
    return f"CAST(substr({column}, length({column}) - 7) AS integer)"


def _runs(count: int) -> Iterator[Run]:
    for n in range(count):
        at = START + timedelta(seconds=n // 3)
        is_replay, has_failed = n % 10 == 0, n % 50 == 0
        yield Run(
            id=f"run_{n:08d}",
            template_id=f"t{n % 12}",
            template_title=f"Template number {n % 12}",
            template_version="1.0.0",
            mode=Run.Mode.TELEMETRY if is_replay else Run.Mode.SIMULATION,
            status=Run.Status.FAILED if has_failed else Run.Status.SUCCEEDED,
            failure_code="model_invalid" if has_failed else "",
            created_at=at,
            started_at=at,
            finished_at=at,
            bins=288,
            bin_size=5,
            bin_unit="minutes",
            window_minutes=1440,
            shape="g" * 48,
            warning_count=n % 7 == 0,
            input_hash=DIGEST,
            manifest_hash=DIGEST,
            integrity=Integrity.VALID,
            source_run_id=f"run_{n // 100:08d}" if is_replay else None,
            telemetry_available=n % 20 == 0,
            telemetry_generated_at=at if n % 20 == 0 else None,
        )


def _captures(count: int) -> Iterator[Capture]:
    for n in range(count):
        at = START + timedelta(seconds=n // 3)
        has_failed = n % 50 == 0
        yield Capture(
            id=f"cap_{n:08d}",
            source_run_id=f"run_{n:08d}",
            template_id=f"t{n % 12}",
            target=f"runs/run_{n:08d}",
            generation=None if has_failed else 1,
            status="failed" if has_failed else "succeeded",
            failure_code="insufficient_storage" if has_failed else "",
            requested_at=at,
            started_at=at,
            generated_at=None if has_failed else at,
            finished_at=at,
            duration_ms=n % 977,
            manifest_hash="" if has_failed else DIGEST,
            file_count=15,
            byte_count=10_000,
            integrity="valid",
        )
