"""A schedule: a fleet, some runs, some faults, and at the end one run without any; all drawn from one seed."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from handrail.model.intent import Intent, Verb
from handrail.model.roles import Limits
from tests.simulation import faults, invariants
from tests.simulation.controller import Run
from tests.simulation.faults import Fault, Moment
from tests.simulation.fleets import RELEASES, build, first_release, roles
from tests.simulation.hosts import Host
from tests.simulation.invariants import BreachError
from tests.simulation.scale import MOST
from tests.simulation.world import LEASE, World

if TYPE_CHECKING:
    from collections.abc import Callable

SHARES = (0, 0, 0, 10)
# Between two runs somebody writes other limits into the description.
LIMITS = (Limits(1, MOST), Limits(1, 2), Limits(2, MOST), Limits(1, 1), Limits(MOST, MOST))
# When a second run begins whose first one is dead: its lease has expired, its cutover's timers are armed.
AFTER_THE_LEASE = 70.0


@dataclass(frozen=True)
class Result:
    """How a schedule ended; `breach` is empty when everything held."""

    seed: int
    breach: str
    story: list[str]
    excused: str = ""


def play(seed: int, *, bug: str = "", story: bool = False) -> Result:
    """Play the schedule of a seed."""
    world = World(seed, bug=bug, story=story)
    return _result(world, seed, partial(_scene, seed))


def play_killed(
    *after: int, intents: tuple[Intent, ...] = (), seed: int = 0, bug: str = "", story: bool = False
) -> Result:
    """Play runs, deploys if not told; each controller dies after so many messages."""
    intents = intents or tuple(Intent(Verb.DEPLOY, release) for release in RELEASES[1:])
    killed = [{sent + 1: Fault(faults.Kind.KILL)} for sent in after]
    return play_faulty(*zip(intents, killed, strict=False), seed=seed, bug=bug, story=story)


def play_faulty(
    *runs: tuple[Intent, dict[Moment, Fault]],
    cramped: str = "",
    seed: int = 0,
    bug: str = "",
    story: bool = False,
    backup: bool = False,
) -> Result:
    """Play runs on two service hosts and two edges, each with its faults; `cramped` is what the first one meets."""
    world = World(seed, bug=bug, story=story)
    world.backup = backup

    def scene(world: World) -> None:
        world.limits, world.cramped = {"web": Limits(1, MOST)}, cramped
        build(world, services=2, edges=2, both=0, names=("web",))
        first_release(world)
        for number, (intent, drawn) in enumerate(runs):
            world.at(number * AFTER_THE_LEASE, _begin_later, world, ("AB"[number], intent, drawn))
        world.at(AFTER_THE_LEASE - 1, setattr, world, "cramped", "")
        world.run()
        invariants.quiet(world)
        _heal(world)

    return _result(world, seed, scene)


def _result(world: World, seed: int, scene: Callable[[World], None]) -> Result:
    breach = ""
    try:
        scene(world)
    except BreachError as error:
        breach = str(error)
        world.tell("BREACH", breach)
    return Result(seed, breach, world.story or [], world.excused)


def _scene(seed: int, world: World) -> None:
    random = world.random
    services, edges = random.randint(1, 3), random.randint(1, 3)
    both = random.choice((0, 0, 1, min(services, edges)))
    names = random.choice(NAMES)
    world.limits, world.rewrites = dict.fromkeys(names, Limits(1, MOST)), True
    build(world, services=services, edges=edges, both=both, names=names)
    if random.random() < 0.8:
        first_release(world)
    _spoil(world)
    # Without a draw: the other schedules stay what they were.
    world.backup, world.undumpable = seed % 5 == 3, seed % 10 == 3
    start = 0.0
    hosts = list(world.hosts)
    count = random.choice((1, 1, 1, 2, 2, 3))
    drawn: list[dict[Moment, Fault]] = [{} for _ in range(count)]
    for _ in range(random.choice((0, 1, 1, 1, 2, 2, 3))):
        random.choice(drawn)[faults.moment(random)] = faults.draw(random, hosts)
    for number in range(count):
        run = ("ABC"[number], _intent(world), drawn[number])
        world.at(start, _begin_later, world, run)
        start += random.choice((0.0, random.uniform(0, 1), random.uniform(0, 60), random.uniform(30, 200)))
    world.run()
    invariants.quiet(world)
    _heal(world)


NAMES = (("web",), ("web",), ("api", "web"))


def _spoil(world: World) -> None:
    random = world.random
    if random.random() < 0.4:
        release = random.choice(RELEASES[1:3]).id
        match random.randint(0, 5):
            case 0:
                world.sick.add((random.choice([host.name for host in world.services()]), release))
            case 1:
                world.rotten[release] = "verify"
            case 2:
                world.rotten[release] = "bake"
            case 3:
                random.choice(world.services()).full = True
            case 4:
                world.slow_bake = True
            case 5:
                world.cramped = random.choice(("start", "verify"))


def _intent(world: World) -> Intent:
    random = world.random
    match random.choice((0, 0, 0, 0, 1, 2, 3, 3, 4)):
        case 0:
            return Intent(Verb.DEPLOY, random.choice(RELEASES[1:3]), share=random.choice(SHARES))
        case 1:
            return Intent(Verb.ROLLBACK)
        case 2:
            return Intent(Verb.RESTART)
        case 4:
            return Intent(Verb.REHEARSE, version=random.choice(("", "", "1.0.0", "1.1.0")))
        case _:
            return Intent(Verb.SCALE, service=random.choice(sorted(world.limits)), count=random.randint(1, MOST))


def _begin_later(world: World, run: tuple[str, Intent, dict[Moment, Fault]]) -> None:
    name, intent, drawn = run
    if world.rewrites and world.random.random() < 0.15:
        service = world.random.choice(list(world.limits))
        world.limits[service] = world.random.choice(LIMITS)
        world.tell("operator", f"writes limits of {service}", "", str(world.limits[service]))
    if intent.verb is Verb.SCALE:
        limits = world.limits[intent.service]
        intent = dataclasses.replace(intent, count=min(max(intent.count, limits.least), limits.most))
    listed = roles(world)
    if listed.services and listed.edges:
        _begin(world, Run(world, name, intent, listed, faults=drawn))


def _begin(world: World, run: Run) -> None:
    world.runs.append(run)
    run.begin()


def _heal(world: World) -> None:
    """Take lost hosts out or replace them by empty ones, then deploy a good release without any fault."""
    random = world.random
    world.now += LEASE * 1.01
    lost = [host for host in world.hosts.values() if not host.alive]
    replace = bool(lost) and (not world.services() or not world.edges() or random.random() < 0.5)
    for host in lost if replace else ():
        world.hosts[host.name] = Host(world, host.name, names=host.names, edge=host.is_edge, blank=True)
        world.tell("operator", "replaces", host.name)
    for host in world.hosts.values():
        host.full = False
    world.slow_bake, world.cramped, world.undumpable = False, "", False
    # A replaced edge has no configuration yet: only a cold deploy brings it.
    bad = {*world.rotten, *(release for _, release in world.sick)}
    release = RELEASES[4] if replace else random.choice([one for one in RELEASES[:4] if one.id not in bad])
    run = Run(world, "fresh", Intent(Verb.DEPLOY, release), roles(world))
    _begin(world, run)
    world.run()
    invariants.healed(world, run)
