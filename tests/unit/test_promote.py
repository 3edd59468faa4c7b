"""A failover of the database, decided and played: whatever dies in whatever step, nothing serves from the old one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from handrail.control.inventory import read
from handrail.errors import BadInput, HandrailError, Refused
from handrail.hosts.intent import intent_of
from handrail.model import rollout
from handrail.model.change_plan import change_plan, misshapen
from handrail.model.changes import ANY_TIME, Changes, restores
from handrail.model.databases import Databases, Instance, Lag, Promotion
from handrail.model.decide import decide
from handrail.model.fleet import Do, Fleet, Outcome
from handrail.model.guard_database import no_way_back
from handrail.model.host_state import Gate, HostState
from handrail.model.intent import Intent, Verb
from handrail.model.roles import Limits, Roles, roles_of
from handrail.model.slot import Slot
from handrail.model.step import in_order
from handrail.model.switch import POINT, checked_loss, switch
from handrail.model.verdict import verdict
from handrail.model.version import Release

OLD, NEW, HOST, RELEASE = "shop-db", "shop-db-replica", "@ecs/shop", "1.0.0-a"
NEXT = Release("1.1.0", "0" * 64)
ROLES = Roles(
    hosts=(HOST,), services=(HOST,), edges=(HOST,), services_of={HOST: frozenset({"api"})},
    limits={"api": Limits(2, 4)},
)  # fmt: skip


def pair(*, old="available", new="available", source=OLD, lag=0.0, age=10.0):
    """Describe a database and its replica."""
    instances = {OLD: Instance(OLD, old, "old.rds"), NEW: Instance(NEW, new, "new.rds", source)}
    measured = None if lag is None else Lag(lag, 1_000_000.0, age)
    there = {name: each for name, each in instances.items() if each.status}
    return Databases(OLD, "old.rds", there, measured, allowed_seconds=30.0)


@pytest.mark.parametrize(
    ("there", "accepted", "kind", "said"),
    [
        (pair(source=""), "", BadInput, "has no replica"),
        (pair(new="modifying"), "", Refused, "is modifying, and not available"),
        (pair(lag=31.0), "", Refused, "31 s behind; aws.database.promote.lag allows 30 s"),
        (pair(lag=None), "", Refused, "no ReplicaLag of shop-db-replica of the last 5 minutes"),
        (pair(age=301.0), "", Refused, "no ReplicaLag of shop-db-replica of the last 5 minutes"),
        (pair(), "90s", BadInput, "nothing needs to be lost"),
        (pair(old="failed", lag=95.0), "", Refused, "what was written after 13:45:05 UTC (95 s"),
        (pair(old="failed", lag=95.0), "94s", Refused, "is failed, so that nobody can wait"),
        (pair(old="failed", lag=95.0), "unknown", Refused, "is failed"),
        (pair(old="failed", lag=None), "10h", Refused, "how much is lost cannot be told"),
        (pair(old="", lag=1.0), "", Refused, "shop-db is gone"),
    ],
)
def test_what_may_not_begin_is_refused_before_anything_is_touched(there, accepted, kind, said):
    with pytest.raises(kind) as refused:
        switch(there, None, Slot.BLUE, held=False, accepted=accepted)
    assert said in str(refused.value)
    assert "nothing was touched" in str(refused.value)
    assert type(refused.value) is kind


@pytest.mark.parametrize(
    ("there", "accepted", "lost"),
    [(pair(), "", False), (pair(old="backing-up"), "", False), (pair(lag=30.0), "", False),
     (pair(old="failed", lag=95.0), "95s", True), (pair(old="", lag=None), "unknown", True)],
)  # fmt: skip
def test_what_may_begin_says_what_is_lost(there, accepted, lost):
    made = switch(there, None, Slot.BLUE, held=False, accepted=accepted)
    assert (made.old, made.new, made.lost, bool(made.loss)) == (OLD, NEW, lost, lost)
    assert ("LOST" in made.note) is lost


def test_the_lag_of_a_replica_that_gets_nothing_since_a_run_stopped_everything_holds_up_no_second_run():
    begun = Promotion(NEW, OLD, "old.rds", counts={"api": 2})
    assert switch(pair(lag=290.0), begun, Slot.BLUE, held=True, accepted="").again


def test_a_copy_of_another_region_is_promoted_itself_and_nobody_there_is_waited_for():
    here = Instance("shop-db", "available", "dr.rds", "arn:aws:rds:ap-south-1:123456789012:db:shop-db")
    there = Databases("shop-db", "dr.rds", {"shop-db": here}, Lag(4.0, 1000.0, 10.0), allowed_seconds=30.0)
    with pytest.raises(Refused, match="is in another region"):
        switch(there, None, Slot.BLUE, held=False, accepted="")
    made = switch(there, None, Slot.BLUE, held=False, accepted="5s")
    assert (made.new, made.lost) == ("shop-db", True)


def test_a_loss_is_a_time_or_unknown():
    assert [checked_loss(text) for text in ("", "90s", "unknown")] == ["", "90s", "unknown"]
    with pytest.raises(BadInput, match="or unknown"):
        checked_loss("much")


def test_a_failover_restores_service_and_waits_for_nobody_unless_somebody_says_so():
    assert Changes().standard[Verb.PROMOTE] == ANY_TIME
    assert restores(Changes(), Verb.PROMOTE, emergency=False)


@dataclass
class World:
    """A small AWS: which database is one, what runs on which, who is let in."""

    held: bool = False
    traffic: Slot = Slot.BLUE
    running: dict = field(default_factory=lambda: {Slot.BLUE: OLD})
    told: dict = field(default_factory=lambda: {Slot.BLUE: OLD})
    now: str = OLD
    promoted: bool = False
    promotion: Promotion | None = None

    def state(self):
        there = pair(source="" if self.promoted else OLD)
        there = replace(there, now=self.now, slots=dict(self.told))
        return HostState(
            slots=dict.fromkeys(self.told, RELEASE), gate=Gate(self.traffic, 1, maintenance=self.held),
            healthy=frozenset(("api", slot) for slot in self.running), instances={"api": 2},
            databases=there, promotion=self.promotion, good=(RELEASE,),
        )  # fmt: skip

    def do(self, step, fleet):
        """Do what a step does; nothing may ever serve or write what the other database lacks."""
        deed = getattr(self, step.do.name.lower(), None)
        if deed is not None:
            deed(fleet)
        assert not self.promoted or OLD not in self.running.values(), f"two databases are written to at {step.title}"
        assert self.held or self.traffic in self.running, f"requests are let in to nobody at {step.title}"

    def _note(self, made, *, asked):
        self.promotion = Promotion(made.new, made.old, made.address, made.held, asked, dict(made.counts))

    def hold(self, fleet):
        self._note(fleet.plan.switch, asked=fleet.plan.switch.asked)
        self.held = True

    def quiet(self, _):
        self.running = {}

    def promote(self, fleet):
        if not self.promoted:
            self._note(fleet.plan.switch, asked=True)
            self.promoted = True

    def repoint(self, _):
        self.now = NEW

    def ready(self, fleet):
        self.told[fleet.plan.slot] = self.now

    def start(self, fleet):
        self.running[fleet.plan.slot] = self.told[fleet.plan.slot]

    def move(self, fleet):
        self.traffic = fleet.plan.slot

    def address(self, fleet):
        assert (self.traffic, self.told[fleet.plan.slot]) == (fleet.plan.slot, NEW)

    def revive(self, fleet):
        self.running[fleet.plan.live] = self.told[fleet.plan.live]

    def resume(self, _):
        self.held = False

    def finish(self, fleet):
        self.promotion = self.promotion if no_way_back(fleet) and fleet.failed else None


STEPS = [step for step in in_order(rollout.PROMOTE, generations=1) if step.do not in {Do.LEASE, Do.PLAN}]
DIES = ("before", "after")


def play(world, fault="", at=None):
    """Run the table; the fault strikes at one step. Gives what is known at the end; nothing where the run died."""
    fleet = Fleet(ROLES)
    fleet.record(Do.LEASE, HOST, Outcome.OK)
    fleet.states, fleet.tokens = {HOST: world.state()}, {HOST: 1}
    fleet.plan = decide(Intent(Verb.PROMOTE), fleet.states, ROLES)
    for step in STEPS:
        if not step.runs_on(HOST, fleet):
            continue
        here = step is at
        if here and fault == "before":
            return None
        if not here or fault not in {"refused", "before"}:
            world.do(step, fleet)
        if here and fault == "after":
            return None
        strange = {"refused": Outcome.FAILED, "lost": Outcome.UNKNOWN, "stopped": Outcome.INTERRUPTED}
        outcome = strange.get(fault, Outcome.OK) if here else Outcome.OK
        fleet.interrupted = fleet.interrupted or (here and fault == "stopped")
        fleet.record(step.do, HOST, outcome, part=step.part, words=str(fault))
    return fleet


@pytest.mark.parametrize("held", [False, True])
def test_a_failover_ends_with_everything_on_the_new_database(held):
    world = World(held=held)
    end = verdict(play(world))
    assert (end.exit_code, world.now, world.running, world.held) == (0, NEW, {world.traffic: NEW}, held)
    assert world.promotion is None
    assert f"nobody may write to {OLD} again" in end.text


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("fault", ["refused", "lost", "stopped", *DIES])
@pytest.mark.parametrize("at", STEPS, ids=lambda step: f"{step.do}{step.part or ''}")
def test_whatever_goes_wrong_in_whatever_step_the_next_run_ends_it(at, fault, held):
    world = World(held=held)
    fleet = play(world, fault, at)
    if fleet is not None and fleet.failed and at.do is not Do.FINISH:
        end = verdict(fleet)
        past = STEPS.index(at) > next(n for n, step in enumerate(STEPS) if step.do is Do.PROMOTE)
        if past or (at.do is Do.PROMOTE and fault != "refused"):
            assert (end.exit_code, "fab database.promote goes on" in end.text) == (5, True), end
        else:
            assert (end.exit_code, "nothing was promoted" in end.text) == (1, True), end
            assert (world.held, world.running, world.promotion) == (held, {Slot.BLUE: OLD}, None)
    if world.promotion is not None and world.promotion.asked and world.promoted:
        for verb in (Verb.STARTUP, Verb.RESUME, Verb.RESTART):
            with pytest.raises(Refused, match="half done"):
                decide(Intent(verb), {HOST: world.state()}, ROLES)
    if world.now == NEW and world.promotion is None:  # the first run has done it all
        return
    assert verdict(play(world)).exit_code == 0
    assert (world.now, world.running, world.held) == (NEW, {world.traffic: NEW}, held)


def step_of(do):
    return next(step for step in STEPS if step.do is do)


def test_a_second_run_that_fails_early_brings_back_what_the_first_one_stopped():
    world = World()
    assert play(world, "after", step_of(Do.QUIET)) is None
    assert (world.held, world.running) == (True, {})
    end = verdict(play(world, "refused", step_of(Do.SNAPSHOT)))
    assert (end.exit_code, world.held, world.running) == (1, False, {Slot.BLUE: OLD})


def test_a_run_that_died_between_its_note_and_rds_leaves_a_way_back():
    world = World()
    play(world, "before", step_of(Do.PROMOTE))
    world.promotion = replace(world.promotion, asked=True)
    end = verdict(play(world, "refused", step_of(Do.PROMOTE)))
    assert (end.exit_code, world.held, world.running) == (1, False, {Slot.BLUE: OLD})


def test_what_cannot_be_brought_back_is_not_called_well():
    world = World()
    fleet = Fleet(ROLES, states={HOST: world.state()}, tokens={HOST: 1})
    fleet.record(Do.LEASE, HOST, Outcome.OK)
    fleet.plan = decide(Intent(Verb.PROMOTE), fleet.states, ROLES)
    for do, outcome in ((Do.HOLD, Outcome.OK), (Do.QUIET, Outcome.FAILED), (Do.REVIVE, Outcome.FAILED)):
        fleet.record(do, HOST, outcome)
    end = verdict(fleet)
    assert (end.exit_code, "next: fab startup" in end.text) == (5, True)
    assert not next(step for step in STEPS if (step.do, step.part) == (Do.RESUME, 1)).runs_on(HOST, fleet)


def environment(*, aws):
    """Describe a system on hosts, or on ECS with a database that has no replica."""
    return read(Path(f"inventories/{'aws' if aws else 'prod'}.py")).load()


def test_on_hosts_and_without_a_replica_there_is_nothing_to_promote():
    with pytest.raises(BadInput, match="there is nothing to promote here") as refused:
        intent_of("promote", {}, environment(aws=False))
    assert "docs/how-to/fail-over.md" in refused.value.next_step
    on_ecs = environment(aws=True)
    assert intent_of("promote", {"lag_accepted": "7m"}, on_ecs) == Intent(Verb.PROMOTE, lag_accepted="7m")
    system = on_ecs.environment.system
    alone = system.aws.database.model_copy(update={"replica": False})
    bare = system.model_copy(update={"aws": system.aws.model_copy(update={"database": alone})})
    with pytest.raises(BadInput, match="has no replica to promote"):
        intent_of("promote", {}, replace(on_ecs, environment=replace(on_ecs.environment, system=bare)))


def test_what_is_approved_names_the_loss_and_the_point_of_no_return():
    here = environment(aws=True).environment
    plan = change_plan(here, Intent(Verb.PROMOTE, lag_accepted="7m"))
    assert (plan["options"], POINT in plan["steps"], misshapen(plan)) == ({"lag_accepted": "7m"}, True, "")
    assert roles_of(here).snapshot
    assert not roles_of(environment(aws=False).environment).snapshot


def test_a_failover_needs_a_live_release():
    with pytest.raises(HandrailError, match="no live release to start on another database"):
        decide(Intent(Verb.PROMOTE), {HOST: replace(World().state(), slots={})}, ROLES)


def test_a_snapshot_is_taken_before_a_release_migrates_and_only_where_the_description_asks():
    step = next(step for step in rollout.DEPLOY if step.do is Do.SNAPSHOT)
    order = [each.do for each in rollout.DEPLOY]
    assert order.index(Do.START) < order.index(Do.SNAPSHOT) < order.index(Do.MIGRATE)
    for asked, good, wanted in ((True, (), True), (True, (NEXT.id,), False), (False, (), False)):
        roles = replace(ROLES, migrator=HOST, snapshot=asked)
        states = {HOST: replace(World().state(), good=good)}
        fleet = Fleet(roles, states=states, plan=decide(Intent(Verb.DEPLOY, release=NEXT), states, roles))
        assert step.runs_on(HOST, fleet) is wanted
