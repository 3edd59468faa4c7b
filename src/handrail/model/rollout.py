"""The order of a run and its guards, as data: pyinfra executes these tables, and a simulator executes the same ones.

The invariant: at every moment the traffic goes to one slot that passed its health check, and whatever dies, every edge
ends on the same release. Therefore
- nothing gets traffic before every host's idle slot is healthy;
- a cutover is unconfirmed until the first edge, the decider, has confirmed it; who hears nothing asks, then goes back;
- whatever fails before that moment sends every edge back; nothing after it does;
- the slot that failed is stopped only where every edge is known to have left it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.model.fleet import Do
from handrail.model.guard import (
    always,
    backed_up,
    baked,
    canary,
    cold,
    decided,
    forward,
    grows,
    let_in,
    must_ask_why,
    must_end_dump,
    must_finish,
    must_go_back,
    must_stop_idle,
    must_stop_new,
    must_swap_back,
    must_unspread,
    opened,
    opens,
    planned,
    released,
    shrinks,
    start,
    tokens_differ,
    warm,
    watched,
)
from handrail.model.guard_database import lets_in, must_let_in, must_revive, saved, unserved, waits
from handrail.model.intent import Verb
from handrail.model.step import Scope, Step
from handrail.model.switch import POINT
from handrail.model.turn import (
    any_due,
    changed_what_serves,
    must_check,
    must_put_in,
    reboots,
    spared,
    taken_out,
    updated,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

TAKE_THE_LEASE = (
    # One fixed order: who has the first host's lease is alone with the others; two runs can never hold half each.
    Step(Do.LEASE, "Take the lease", Scope.FIRST, start),
    Step(Do.LEASE, "Take the lease everywhere", Scope.OTHERS, forward),
    Step(Do.LEASE, "Agree on one token", Scope.ALL, tokens_differ, part=1),
    Step(Do.PLAN, "Plan from what is there", Scope.FIRST, forward),
)

DEPLOY = (
    *TAKE_THE_LEASE,
    Step(Do.SETTLE, "Settle what a dead run left", Scope.EDGES, planned(lambda plan: plan.settle)),
    Step(Do.STAGE, "Stage the release", Scope.SERVICES, cold),
    Step(Do.READY, "Ready the idle slot and the edges", Scope.SERVING, cold),
    Step(Do.READY, "Ready the edges", Scope.EDGES, warm, part=1),
    Step(Do.START, "Start the idle slot", Scope.SERVICES, cold),
    Step(Do.BACK_UP, "Back up the databases", Scope.DATA, backed_up),
    Step(Do.BACK_UP, "End the dump", Scope.DATA, must_end_dump, part=1),
    Step(Do.SNAPSHOT, "Take a snapshot of the database", Scope.MIGRATOR, saved),
    Step(Do.MIGRATE, "Migrate once", Scope.MIGRATOR, planned(lambda plan: plan.migrate)),
    Step(Do.SHARE, "Give the canary its share", Scope.EDGES, canary),
    Step(Do.WATCH_SHARE, "Watch the canary", Scope.EDGES, canary),
    # The decider first: when the others' timers are due, it has decided for certain.
    Step(Do.CUT_OVER, "Cut over, armed to revert", Scope.DECIDER, always),
    Step(Do.CUT_OVER, "Cut over the other edges", Scope.FOLLOWERS, always, part=1),
    Step(Do.VERIFY, "Verify through the edge", Scope.EDGES, let_in),
    Step(Do.BAKE, "Bake", Scope.EDGES, baked),
    # Errors at the edge tell of a crash loop only where there is enough traffic.
    Step(Do.STEADY, "See that nothing was started again", Scope.SERVICES, watched),
    Step(Do.CONFIRM, "Confirm", Scope.DECIDER, always),
    Step(Do.CONFIRM, "Confirm on the other edges", Scope.FOLLOWERS, decided, part=1),
    Step(Do.GO_BACK, "Go back", Scope.EDGES, must_go_back),
    Step(Do.STEADY, "Ask the new slot why", Scope.SERVICES, must_ask_why, part=1),
    Step(Do.STOP, "Stop the idle slot", Scope.SERVICES, must_stop_idle),
    Step(Do.DRAIN, "Drain the old slot, which stays warm", Scope.SERVICES, decided),
    Step(Do.FINISH, "Record and release the lease", Scope.ALL, must_finish),
)

STARTUP = (
    *TAKE_THE_LEASE,
    Step(Do.START_DATA, "Start the datastores", Scope.DATA, always),
    Step(Do.READY, "Ready the edges", Scope.EDGES, always),
    Step(Do.SETTLE, "Settle what a dead run left", Scope.EDGES, planned(lambda plan: plan.settle)),
    Step(Do.START, "Start the live slot", Scope.SERVICES, released),
    Step(Do.RESUME, "Resume traffic", Scope.EDGES, opens),
    Step(Do.VERIFY, "Verify through the edge", Scope.EDGES, opened),
    Step(Do.FINISH, "Record and release the lease", Scope.ALL, must_finish),
)

SHUTDOWN = (
    *TAKE_THE_LEASE,
    Step(Do.HOLD, "Hold traffic", Scope.EDGES, always),
    Step(Do.DRAIN, "Drain", Scope.SERVICES, always),
    Step(Do.STOP, "Stop the services in reverse order", Scope.SERVICES, always),
    Step(Do.STOP_DATA, "Stop the datastores", Scope.DATA, planned(lambda plan: plan.with_database)),
    Step(Do.FINISH, "Record and release the lease", Scope.ALL, must_finish),
)

SCALE = (
    *TAKE_THE_LEASE,
    Step(Do.SETTLE, "Settle what a dead run left", Scope.EDGES, planned(lambda plan: plan.settle)),
    Step(Do.READY, "Ready the instances and the edges", Scope.SERVING, always),
    # All that are to have traffic: hosts may disagree about which of them run.
    Step(Do.START, "Start the instances", Scope.SERVICES, always),
    Step(Do.SPREAD, "Spread the traffic over the instances", Scope.SERVING, always),
    Step(Do.VERIFY, "Verify through the edge", Scope.EDGES, let_in),
    Step(Do.STEADY, "See that nothing was started again", Scope.SERVICES, grows),
    Step(Do.SPREAD, "Go back to the old instances", Scope.SERVING, must_unspread, part=1),
    Step(Do.DRAIN, "Drain the instances that go", Scope.SERVICES, shrinks),
    Step(Do.STOP, "Stop the instances that go", Scope.SERVICES, shrinks),
    Step(Do.STOP, "Stop the new instances", Scope.SERVICES, must_stop_new),
    Step(Do.FINISH, "Record and release the lease", Scope.ALL, must_finish),
)

HOLD = (
    *TAKE_THE_LEASE,
    Step(Do.HOLD, "Hold traffic", Scope.EDGES, always),
    Step(Do.FINISH, "Record and release the lease", Scope.ALL, must_finish),
)

RESUME = (
    *TAKE_THE_LEASE,
    Step(Do.RESUME, "Resume traffic", Scope.EDGES, always),
    Step(Do.FINISH, "Record and release the lease", Scope.ALL, must_finish),
)

DISK = (
    *TAKE_THE_LEASE,
    Step(Do.CLEAN, "Free the disk", Scope.ALL, always),
    Step(Do.FINISH, "Record and release the lease", Scope.ALL, must_finish),
)

LOGROTATE = (
    *TAKE_THE_LEASE,
    Step(Do.ROTATE, "Install log rotation", Scope.ALL, always),
    Step(Do.FINISH, "Record and release the lease", Scope.ALL, must_finish),
)

VACUUM = (
    *TAKE_THE_LEASE,
    Step(Do.VACUUM, "Vacuum and analyze", Scope.DATA, always),
    Step(Do.FINISH, "Record and release the lease", Scope.ALL, must_finish),
)

REHEARSE = (
    *TAKE_THE_LEASE,
    # No step on an edge: where the traffic goes is not looked at, let alone changed.
    Step(Do.STAGE, "Stage the release", Scope.SERVICES, always),
    Step(Do.READY, "Ready the idle slot", Scope.SERVICES, always),
    Step(Do.START, "Start the idle slot", Scope.SERVICES, always),
    Step(Do.STEADY, "See that nothing was started again", Scope.SERVICES, always),
    Step(Do.STEADY, "Ask the idle slot why", Scope.SERVICES, must_ask_why, part=1),
    Step(Do.STOP, "Stop the idle slot again", Scope.SERVICES, must_stop_idle),
    Step(Do.FINISH, "Record and release the lease", Scope.ALL, must_finish),
)

BACKUP = (
    *TAKE_THE_LEASE,
    Step(Do.BACK_UP, "Back up the databases", Scope.DATA, always),
    Step(Do.BACK_UP, "End the dump", Scope.DATA, must_end_dump, part=1),
    Step(Do.FINISH, "Record and release the lease", Scope.ALL, must_finish),
)

# Nothing is swapped before every edge has it; where one does not serve it for every name, none does.
CERTIFICATE = (
    *TAKE_THE_LEASE,
    Step(Do.PUT, "Put the certificate on the edges, under a hidden name", Scope.EDGES, always),
    Step(Do.SWAP, "Swap the certificate", Scope.EDGES, always),
    Step(Do.PROVE, "Prove by handshake what is served", Scope.EDGES, always),
    Step(Do.SWAP, "Swap the old certificate back", Scope.EDGES, must_swap_back, part=1),
    Step(Do.PROVE, "Prove that the old one is served", Scope.EDGES, must_swap_back, part=1),
    Step(Do.FINISH, "Record and release the lease", Scope.ALL, must_finish),
)

RENEW = (
    *TAKE_THE_LEASE,
    Step(Do.ISSUE, "Have the certificate issued", Scope.DECIDER, always),
    *CERTIFICATE[len(TAKE_THE_LEASE) :],
)

# One host after the other, and the first that fails is the last. Its packages stay as they are: what is well gets its
# traffic back, what is not stays out of it as long as others serve.
UPDATE = (
    *TAKE_THE_LEASE,
    Step(Do.LOOK, "See what can be updated", Scope.TURNS, always),
    Step(Do.READY, "Ready the edges", Scope.EDGES, any_due),
    # The last turn, or something else since, may have left one of them ill that was well.
    Step(Do.STAND_IN, "See that others can stand in for {host}", Scope.STAND_INS, always, turn=spared),
    Step(Do.TAKE_OUT, "Take {host} out of traffic", Scope.EDGES, always, turn=spared),
    Step(Do.DRAIN, "Drain {host}", Scope.TURN, always, turn=taken_out),
    Step(Do.UPGRADE, "Update the packages of {host}", Scope.TURN, always, turn=updated),
    Step(Do.REBOOT, "Reboot {host} if it asks for that", Scope.TURN, always, turn=reboots),
    Step(Do.CHECK, "See that {host} is well", Scope.TURN, must_finish, turn=must_check),
    Step(Do.PUT_IN, "Put {host} back into traffic", Scope.EDGES, must_finish, turn=must_put_in),
    Step(Do.ALL_WELL, "See that every host is well", Scope.SERVICES, changed_what_serves),
    Step(Do.VERIFY, "Verify through the edge", Scope.EDGES, changed_what_serves),
    Step(Do.FINISH, "Record and release the lease", Scope.ALL, must_finish),
)

# The way back for a host that a run left out: it asks no source for updates, and of the others only the edges.
BACK = (
    *TAKE_THE_LEASE,
    Step(Do.CHECK, "See that {host} is well", Scope.TURN, must_finish, turn=must_check),
    Step(Do.PUT_IN, "Put {host} back into traffic", Scope.EDGES, must_finish, turn=must_put_in),
    Step(Do.FINISH, "Record and release the lease", Scope.ALL, must_finish),
)

# A replica that was promoted is no replica any more, and what was the database has missed what was written since: so
# nothing writes from the hold on, what fails before POINT goes back, and what fails after it is said and gone on with.
PROMOTE = (
    *TAKE_THE_LEASE,
    Step(Do.SETTLE, "Settle what a dead run left", Scope.EDGES, planned(lambda plan: plan.settle)),
    Step(Do.PREPARE, "See that everything can be repointed", Scope.SERVICES, always),
    Step(Do.SNAPSHOT, "Take a snapshot of the old database", Scope.SERVICES, waits),
    Step(Do.HOLD, "Hold traffic", Scope.EDGES, unserved),
    Step(Do.QUIET, "Stop what writes to the old database", Scope.SERVICES, unserved),
    Step(Do.CATCH_UP, "Wait until the replica has everything", Scope.SERVICES, waits),
    Step(Do.PROMOTE, POINT, Scope.SERVICES, unserved),
    Step(Do.AWAIT, "Wait until it is a database of its own, with backups", Scope.EDGES, unserved),
    Step(Do.REPOINT, "Repoint the ledger, the name and the secret", Scope.EDGES, unserved),
    Step(Do.READY, "Ready the idle slot with the new address", Scope.SERVICES, unserved),
    Step(Do.START, "Start on the new database", Scope.SERVICES, unserved),
    Step(Do.MOVE, "Move the traffic there", Scope.EDGES, unserved),
    Step(Do.ADDRESS, "See that what serves names the new database", Scope.SERVICES, always),
    Step(Do.RESUME, "Resume traffic", Scope.EDGES, lets_in),
    Step(Do.VERIFY, "Verify through the load balancer", Scope.EDGES, lets_in),
    Step(Do.REVIVE, "Start the services on the old database again", Scope.SERVICES, must_revive),
    Step(Do.RESUME, "Let traffic in again", Scope.EDGES, must_let_in, part=1),
    Step(Do.FINISH, "Record and release the lease", Scope.ALL, must_finish),
)

TABLES: Mapping[Verb, tuple[Step, ...]] = {
    Verb.DEPLOY: DEPLOY,
    Verb.ROLLBACK: DEPLOY,
    Verb.RESTART: DEPLOY,
    Verb.STARTUP: STARTUP,
    Verb.SHUTDOWN: SHUTDOWN,
    Verb.SCALE: SCALE,
    Verb.HOLD: HOLD,
    Verb.RESUME: RESUME,
    Verb.DISK: DISK,
    Verb.LOGROTATE: LOGROTATE,
    Verb.REHEARSE: REHEARSE,
    Verb.BACKUP: BACKUP,
    Verb.VACUUM: VACUUM,
    Verb.CERTIFICATE: CERTIFICATE,
    Verb.RENEW: RENEW,
    Verb.UPDATE: UPDATE,
    Verb.BACK: BACK,
    Verb.PROMOTE: PROMOTE,
}
