"""Time, chance, and the list of what is due: one event after the other, always the same for the same seed."""

from __future__ import annotations

from heapq import heappop, heappush
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from handrail.model.roles import Limits
    from tests.simulation.controller import Run
    from tests.simulation.hosts import Host

# Defaults of model/system.py, in seconds.
LEASE = 30
CONFIRM = 60
BAKE = 10
# gate_do.sh: the timers of the edges that do not decide come so much later.
LATE = 5

# A connection to a host that is down, or whose reply is lost, is given up after this time.
SILENCE = 5.0

# What a schedule can be told to get wrong. The first three are planted; each of the others once was so.
BUGS = {
    "no-timer": "an edge does not arm the timer that goes back",
    "no-token-check": "a host does not compare the token of a command with its own",
    "early-cutover": "the table cuts over before the idle slot is started",
    "one-cutover": "all edges cut over in one step, so that a follower's timer may be due before the decider's",
    "ask-once": "a follower asks the other edges once and goes back when the first edge does not answer",
    "forgetful-settle": "settling an edge forgets which cutovers it confirmed, though its slot stays the same",
    "timid-follower": "a follower that lost its unconfirmed cutover refuses what the first edge has decided",
    "refused-renewal": "a rebooted host refuses to renew a lease that nobody else has taken",
    "late-cutover": "an edge that went back still executes the same run's cutover, should that arrive late",
    "settle-decides": "settling an edge counts as the confirmation of the cutover that the same run makes later",
    "hasty-stop": "new instances are stopped though an edge may still spread the traffic over them",
    "eager-ready": "an edge that is new to instances learns of those that are yet to be started",
    "start-new": "a scale starts only what is more than any host was told of, though hosts disagree",
    "late-spread": "an edge that went back still spreads the traffic as the same run wanted, should that arrive late",
    "blind-rehearsal": "a rehearsal does not ask whether an edge has an unconfirmed cutover to the idle slot",
    "lasting-rehearsal": "a rehearsal leaves what it started running",
    "late-backup": "the table migrates and cuts over although a database could not be dumped",
    "raised-least": "an edge spreads over the least number of instances in today's description, whatever runs",
}


class World:
    """Everything that one schedule has."""

    __slots__ = (
        "_due", "_number", "backup", "bug", "cramped", "excused", "hosts", "limits", "now", "proven", "random",
        "rewrites", "rotten", "runs", "sick", "slow_bake", "story", "undumpable",
    )  # fmt: skip

    def __init__(self, seed: int, *, bug: str = "", story: bool = False) -> None:
        self.random = Random(seed)  # noqa: S311  # the same seed must give the same story
        self.bug = bug
        self.story: list[str] | None = [] if story else None
        self.now = 0.0
        self.hosts: dict[str, Host] = {}
        self.runs: list[Run] = []
        self.sick: set[tuple[str, str]] = set()
        self.rotten: dict[str, str] = {}
        self.slow_bake = False
        # Whether deploys dump the databases first, and whether that fails.
        self.backup, self.undumpable = False, False
        # The step that fails when services are scaled; how many instances there may be, and whether that changes.
        self.cramped = ""
        self.limits: dict[str, Limits] = {}
        self.rewrites = False
        # Releases that the first edge has confirmed.
        self.proven: set[str] = set()
        self.excused = ""
        self._due: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._number = 0

    def at(self, seconds: float, do: Callable[..., None], *arguments: Any) -> None:
        """Let something happen so many seconds from now."""
        self._number += 1
        heappush(self._due, (self.now + seconds, self._number, do, arguments))

    def run(self) -> None:
        """Let everything happen that is due, until nothing is: no run goes on and no timer is armed."""
        due = self._due
        while due:
            self.now, _, do, arguments = heappop(due)
            do(*arguments)

    def tell(self, who: str, what: str, where: str = "", how: str = "") -> None:
        """Write one line of the story."""
        if self.story is not None:
            self.story.append(f"{self.now:9.3f} s  {who:<10} {what:<40} {where:<6} {how}".rstrip())

    def living(self) -> list[Host]:
        """The hosts that are not lost."""
        return [host for host in self.hosts.values() if host.alive]

    def edges(self) -> list[Host]:
        """The edges that are not lost."""
        return [host for host in self.hosts.values() if host.alive and host.is_edge]

    def services(self) -> list[Host]:
        """The service hosts that are not lost."""
        return [host for host in self.hosts.values() if host.alive and host.is_service]
