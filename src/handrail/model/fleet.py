"""What a run knows of its hosts: who they are, what was tried on each, and how it came out."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from handrail.model.host_state import HostState
    from handrail.model.plan import Plan
    from handrail.model.roles import Roles


class Do(StrEnum):
    """What a step does; the orchestration and the simulator each have one function for each of these."""

    LEASE = "take the lease"
    PLAN = "plan"
    SETTLE = "settle the edges"
    STAGE = "stage"
    READY = "ready"
    START = "start"
    BACK_UP = "back up"
    MIGRATE = "migrate"
    SHARE = "share"
    WATCH_SHARE = "watch the share"
    CUT_OVER = "cut over"
    VERIFY = "verify"
    BAKE = "bake"
    CONFIRM = "confirm"
    GO_BACK = "go back"
    DRAIN = "drain"
    STOP = "stop"
    START_DATA = "start the datastores"
    STOP_DATA = "stop the datastores"
    HOLD = "hold traffic"
    RESUME = "resume traffic"
    STEADY = "see that nothing restarts"
    SPREAD = "spread the traffic"
    CLEAN = "free the disk"
    ROTATE = "rotate the logs"
    VACUUM = "vacuum the databases"
    ISSUE = "have the certificate issued"
    PUT = "put the certificate"
    SWAP = "swap the certificate"
    PROVE = "prove what is served"
    LOOK = "see what can be updated"
    STAND_IN = "see that the others are well"
    TAKE_OUT = "take out of traffic"
    UPGRADE = "update the packages"
    REBOOT = "reboot"
    CHECK = "see that it is well"
    PUT_IN = "put back into traffic"
    ALL_WELL = "see that every host is well"
    PREPARE = "see that it can be done"
    SNAPSHOT = "take a snapshot"
    QUIET = "stop what writes"
    CATCH_UP = "wait for the replica"
    PROMOTE = "promote the replica"
    AWAIT = "wait for the promotion"
    REPOINT = "repoint"
    MOVE = "move the traffic"
    ADDRESS = "see which database is named"
    REVIVE = "start the services again"
    FINISH = "finish"


class Outcome(StrEnum):
    """How a step came out on one host."""

    RUNNING = "running"  # not known yet; told to those who watch, never recorded
    OK = "ok"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    HELD = "held"  # another run holds the lease
    REFUSED = "refused"  # the host has seen a newer token
    UNKNOWN = "unknown"  # no reply: it may have happened or not
    INTERRUPTED = "interrupted"  # the operator stopped the run

    @property
    def good(self) -> bool:
        """Whether the step did what it should."""
        return self is Outcome.OK or self is Outcome.UNCHANGED


@dataclass
class Fleet:
    """What is known; steps' guards read it, executing a step adds to it."""

    roles: Roles
    states: dict[str, HostState] = field(default_factory=dict)
    plan: Plan | None = None
    outcomes: dict[tuple[Do, int], dict[str, Outcome]] = field(default_factory=dict)
    words: dict[tuple[Do, int, str], str] = field(default_factory=dict)
    interrupted: bool = False
    tokens: dict[str, int] = field(default_factory=dict)
    seconds: dict[tuple[Do, int, str], float] = field(default_factory=dict)

    @property
    def token(self) -> int:
        """The fencing token of this run: the highest that any host gave."""
        return max(self.tokens.values(), default=0)

    def record(self, do: Do, host: str, outcome: Outcome, *, part: int = 0, words: str = "") -> None:
        """Add how a step came out on one host."""
        self.outcomes.setdefault((do, part), {})[host] = outcome
        self.words[do, part, host] = words

    def of(self, do: Do) -> list[Outcome]:
        """All outcomes of one kind of step, on whichever host."""
        return [outcome for (done, _), by_host in self.outcomes.items() if done == do for outcome in by_host.values()]

    def seconds_of(self, do: Do) -> float:
        """Tell how long one kind of step took: on all hosts at once, one part after the other."""
        longest: dict[int, float] = {}
        for (done, part, _), seconds in self.seconds.items():
            if done is do:
                longest[part] = max(longest.get(part, 0.0), seconds)
        return sum(longest.values())

    def tried(self, *dos: Do) -> bool:
        """Whether any host was asked to do one of these."""
        return any(self.of(do) for do in dos)

    def all_good(self, do: Do, hosts: Iterable[str], *, part: int = 0) -> bool:
        """Whether a step is known to have worked on each of these hosts."""
        by_host = self.outcomes.get((do, part), {})
        return all(by_host.get(host, Outcome.UNKNOWN).good for host in hosts)

    def hosts_with(self, *outcomes: Outcome) -> list[str]:
        """The hosts on which any step came out so, in order."""
        found = {host for by_host in self.outcomes.values() for host, outcome in by_host.items() if outcome in outcomes}
        return [host for host in self.roles.hosts if host in found]

    @property
    def failed(self) -> bool:
        """Whether anything has gone wrong so far."""
        return any(not outcome.good for by_host in self.outcomes.values() for outcome in by_host.values())

    @property
    def fenced(self) -> bool:
        """Whether another run has taken the lease over; nothing that this run sends will be done any more."""
        return any(outcome is Outcome.REFUSED for by_host in self.outcomes.values() for outcome in by_host.values())

    def leased(self, host: str) -> bool:
        """Whether this run holds the lease of a host."""
        return self.outcomes.get((Do.LEASE, 0), {}).get(host, Outcome.HELD).good
