"""The one module that knows DBOS: a window is a workflow, which goes on where it was when its worker died.

What was done is in the book; DBOS knows which windows are under way, and whose they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbos import DBOS, DBOSPortableJSONSerializer, SetWorkflowID, _workflow_commands

from handrail.maintenance.advance import advance
from handrail.maintenance.tables import prepared

if TYPE_CHECKING:
    from dbos import DBOSConfig

    from handrail.maintenance.book import Book, Booking

# The shape of the workflow. Raise it when that is changed: a window that an older one began is then told of, and gone
# on with by `fab maintenance.resume`.
VERSION = "1"
# How often DBOS may take a window up again; a power line that flickers all night is no reason to give up.
MOST_RECOVERIES = 1000
# How often DBOS looks for notifications. Nobody sends any here, and an idle worker is to cost next to nothing.
POLL_SECONDS = 60.0
# How often DBOS starts workflows that were put off, and cancels those past their time. Windows are neither: the book
# knows their times. It holds a lock of PostgreSQL meanwhile, which whoever idles for 5 s loses.
JOBS_SECONDS = 4.0
LOST = frozenset({"ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"})


# The book of this process: DBOS calls functions by name, with what can be written down.
_books: list[Book] = []


def launch(executor: str, book: Book) -> None:
    """Connect to the database, and go on with what this executor has left."""
    _books[:] = [book]
    config: DBOSConfig = {
        "name": "handrail",
        "system_database_url": prepared(),
        "executor_id": executor,
        "application_version": VERSION,
        "serializer": DBOSPortableJSONSerializer(),
        "log_level": "ERROR",
        "use_listen_notify": False,
        "notification_listener_polling_interval_sec": POLL_SECONDS,
    }
    # Every second otherwise, a third of what an idle worker costs; there is no option for it.
    _workflow_commands._BACKGROUND_JOBS_INTERVAL_SEC = JOBS_SECONDS  # noqa: SLF001
    DBOS(config=config)
    DBOS.launch()


def begin(booking: Booking) -> None:
    """Start the workflow of a window; one by its id starts once, by whichever worker."""
    with SetWorkflowID(booking.workflow):
        DBOS.start_workflow(run_window, booking.id)


def unfinished() -> list[tuple[str, str, str]]:
    """List what is under way: workflow, executor, version."""
    found = DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)
    return [(each.workflow_id, each.executor_id or "", each.app_version or "") for each in found]


def is_lost(workflow: str) -> bool:
    """Tell whether a workflow ended without its window: by an error, such as a database that was away for too long."""
    found = DBOS.get_workflow_status(workflow)
    return found is not None and found.status in LOST


def take_over(workflow: str) -> None:
    """Go on with the workflow of a worker that is dead."""
    DBOS.resume_workflow(workflow)


@DBOS.workflow(max_recovery_attempts=MOST_RECOVERIES)
def run_window(window: str) -> int:
    """Do what comes next until nothing does; give the exit code."""
    while True:
        code = _advance(window)
        if code is not None:
            return code


@DBOS.step()
def _advance(window: str) -> int | None:
    return advance(_books[0], window)
