"""What others can be told of: each event with the facts that its words may use, and the words that it has by itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from handrail.model.level import Level


class Happening(StrEnum):
    """What happened, or is about to."""

    EMERGENCY = "emergency"
    RUN_DONE = "run.done"
    RUN_FAILED = "run.failed"
    MAINTENANCE_ANNOUNCED = "maintenance.announced"
    MAINTENANCE_STARTED = "maintenance.started"
    MAINTENANCE_STEP_FAILED = "maintenance.step_failed"
    MAINTENANCE_OVERRUN = "maintenance.overrun"
    MAINTENANCE_ENDED = "maintenance.ended"
    MAINTENANCE_ABORTED = "maintenance.aborted"
    SCHEDULE_WARNED = "schedule.warned"
    SCHEDULE_FAILED = "schedule.failed"
    SCHEDULE_MISSED = "schedule.missed"
    CERTIFICATE_DUE = "certificate.due"
    CERTIFICATE_RENEWED = "certificate.renewed"
    CERTIFICATE_FAILED = "certificate.failed"
    TEST = "notify.test"


@dataclass(frozen=True)
class Form:
    """The words of an event, and how bad it is: channels that know colours and sounds show that."""

    level: Level
    facts: tuple[str, ...]
    title: str
    body: str


# Every event has these.
PLACE = ("system", "environment")
RUN = (*PLACE, "verb", "what", "who", "outcome", "text", "run")
EMERGENCY = (*PLACE, "verb", "what", "who", "reason", "change", "run")
WINDOW = (*PLACE, "window", "begins", "ends", "text")
SCHEDULE = (*PLACE, "schedule", "owner", "due", "text")
CERTIFICATE = (*PLACE, "certificate", "names", "ends", "days", "text")

_RUN_BODY = "${text}\n\nasked for by ${who}; run ${run}: fab audit.show ${run}"
_WHEN = "From ${begins} to ${ends}."
_TASK_BODY = "${text}\n\n${schedule} of ${owner}, due ${due}"
_CERTIFICATE_BODY = "${text}\n\n${names}: ends ${ends}, days left: ${days}"

# An event that is not here cannot be told. The facts are a promise: whoever tells of an event gives all of them.
EVENTS: Mapping[Happening, Form] = {
    Happening.EMERGENCY: Form(
        Level.ALERT, EMERGENCY, "EMERGENCY: ${verb} ${what} on ${system} ${environment}",
        "${reason}\n\nby ${who}; change ${change}; run ${run}",
    ),
    Happening.RUN_DONE: Form(Level.OK, RUN, "${system} ${environment}: ${verb} ${what} ${outcome}", _RUN_BODY),
    Happening.RUN_FAILED: Form(
        Level.ALERT, RUN, "FAILED on ${system} ${environment}: ${verb} ${what} ${outcome}", _RUN_BODY,
    ),
    Happening.MAINTENANCE_ANNOUNCED: Form(
        Level.OK, WINDOW, "Maintenance of ${system} ${environment} on ${begins}", f"{_WHEN}\n\n${{text}}",
    ),
    Happening.MAINTENANCE_STARTED: Form(
        Level.OK, WINDOW, "Maintenance of ${system} ${environment} has begun", f"{_WHEN}\n\n${{text}}",
    ),
    Happening.MAINTENANCE_STEP_FAILED: Form(
        Level.ALERT, (*WINDOW, "step"), "Maintenance of ${system} ${environment}: ${step} FAILED",
        "${text}\n\nwindow ${window}, from ${begins} to ${ends}",
    ),
    Happening.MAINTENANCE_OVERRUN: Form(
        Level.WARN, WINDOW, "Maintenance of ${system} ${environment} takes longer than until ${ends}", "${text}",
    ),
    Happening.MAINTENANCE_ENDED: Form(
        Level.OK, WINDOW, "Maintenance of ${system} ${environment} is over", "${text}",
    ),
    Happening.MAINTENANCE_ABORTED: Form(
        Level.WARN, WINDOW, "Maintenance of ${system} ${environment} was aborted", "${text}",
    ),
    Happening.SCHEDULE_WARNED: Form(
        Level.WARN, SCHEDULE, "${system} ${environment}: ${schedule} WARNS", _TASK_BODY,
    ),
    Happening.SCHEDULE_FAILED: Form(
        Level.ALERT, SCHEDULE, "${system} ${environment}: ${schedule} FAILED", _TASK_BODY,
    ),
    Happening.SCHEDULE_MISSED: Form(
        Level.WARN, SCHEDULE, "${system} ${environment}: ${schedule} was missed", _TASK_BODY,
    ),
    Happening.CERTIFICATE_DUE: Form(
        Level.WARN, CERTIFICATE, "${system} ${environment}: certificate ${certificate} ends in ${days} days",
        _CERTIFICATE_BODY,
    ),
    Happening.CERTIFICATE_RENEWED: Form(
        Level.OK, CERTIFICATE, "${system} ${environment}: certificate ${certificate} was renewed", _CERTIFICATE_BODY,
    ),
    Happening.CERTIFICATE_FAILED: Form(
        Level.ALERT, CERTIFICATE, "${system} ${environment}: certificate ${certificate} FAILED", _CERTIFICATE_BODY,
    ),
    Happening.TEST: Form(
        Level.OK, (*PLACE, "channel", "who"), "Test of the channel ${channel} of ${system} ${environment}",
        "${who} wanted to know whether this arrives. Nothing happened.",
    ),
}  # fmt: skip
# A test goes to the channel that it names.
LISTED = tuple(event for event in Happening if event is not Happening.TEST)
