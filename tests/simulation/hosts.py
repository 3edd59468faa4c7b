"""A simulated host: what its disk and its tmpfs hold, its lease, its lock, its own clock; reboots and loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.model.fleet import Do, Outcome
from handrail.model.host_state import Gate, HostState, Pending
from handrail.model.slot import Slot
from tests.simulation import gate, invariants, scale, services
from tests.simulation.world import LEASE, SILENCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.message import Message
    from tests.simulation.world import World

# lease_take.sh waits 3 s for the lock.
LEASE_WAITS = 3


class Host:
    """One machine. `boot` counts reboots: what was under way in an earlier life does nothing any more."""

    __slots__ = (
        "alive", "blank", "boot", "clock_offset", "clock_rate", "confirmed", "decisions", "dumped", "dumping",
        "enabled", "fence", "forgotten", "full", "gone_back", "good", "healthy", "is_edge", "is_service", "lease",
        "most", "name", "names", "passed", "pending", "record", "serial", "shares", "sharing", "slots", "staged",
        "timers", "told", "up", "world",
    )  # fmt: skip

    def __init__(self, world: World, name: str, *, names: tuple[str, ...], edge: bool, blank: bool = False) -> None:
        self.world, self.name, self.names = world, name, names
        self.is_service, self.is_edge = bool(names), edge
        self.clock_rate = world.random.uniform(0.999, 1.001)
        self.clock_offset = world.random.uniform(0, 1e6)
        self.alive, self.up, self.boot, self.blank, self.full = True, True, 0, blank, False
        # On disk.
        self.fence, self.record = 0, 0
        self.confirmed = Slot.BLUE
        self.decisions: set[int] = set()
        self.staged: set[str] = set()
        self.slots = {Slot.BLUE: "", Slot.GREEN: ""}
        self.good: list[str] = []
        # Runs whose dump is whole; the run whose dump is being written.
        self.dumped: set[str] = set()
        self.dumping = ""
        self.enabled: set[tuple[str, Slot]] = set()
        # How many instances of a service have traffic, and how many an edge's configuration knows of.
        self.told: dict[str, int] = {}
        self.most: dict[str, int] = {}
        # What passed its health check and was not stopped since: a reboot does not change that.
        self.passed: set[tuple[str, Slot]] = set()
        # On tmpfs or in memory.
        self.lease: tuple[int, float, str] | None = None
        self.pending: dict[Slot, tuple[int, float]] = {}
        self.shares: dict[Slot, int] = {}
        self.gone_back: set[int] = set()
        self.timers: dict[tuple[int, str], int] = {}
        self.healthy: set[tuple[str, Slot]] = set()
        self.sharing, self.serial = 0, 0
        # Tokens of unconfirmed cutovers that a reboot forgot; for the invariants only.
        self.forgotten: set[int] = set()

    def clock(self) -> float:
        """Read this host's own monotonic clock."""
        return self.clock_offset + self.world.now * self.clock_rate

    def after(self, seconds: float, do: Callable[..., None], *arguments: object) -> None:
        """Let something happen after so many seconds of this host's own clock."""
        self.world.at(seconds / self.clock_rate, do, *arguments)

    def arrives(self, message: Message) -> None:
        """Execute a command, or stay silent. A reboot breaks the connections."""
        if not self.up or self.boot != message.boot:
            message.silent(SILENCE)
            return
        do = message.do
        invariants.leaves_edges_alone(message)
        invariants.dumped_first(message)
        if do is Do.LEASE:
            self.take_lease(message, LEASE_WAITS)
            return
        if do in UNFENCED:
            COMMANDS[do](self, message)
            return
        if message.token != self.fence and self.world.bug != "no-token-check":
            message.reply(Outcome.REFUSED, f"token {message.token} is older than {self.fence}")
            return
        invariants.newest_token(self, message)
        COMMANDS[do](self, message)

    def hold(self, message: Message, seconds: float, then: Callable[[Host, Message], None]) -> None:
        """Run a long command under the shared lock."""
        self.sharing += 1
        self.world.at(seconds, self._held, self.boot, message, then)

    def _held(self, boot: int, message: Message, then: Callable[[Host, Message], None]) -> None:
        if boot != self.boot:
            message.silent(0.0)
            return
        self.sharing -= 1
        invariants.newest_token(self, message)
        then(self, message)

    def take_lease(self, message: Message, waits: int) -> None:
        """lease_take.sh: refuse while another run's lease lives or a command runs; else the next token."""
        if not self.up:
            message.silent(SILENCE)
            return
        if self.sharing:
            if waits:
                self.world.at(1.0, self.take_lease, message, waits - 1)
            else:
                message.reply(Outcome.HELD, "a command is still running on this host")
            return
        run, want = message.run.name, message.token
        mine = False
        if self.lease is not None:
            _, expires, owner = self.lease
            mine = owner == run
            if not mine and expires > self.clock():
                message.reply(Outcome.HELD, f"{owner} holds the lease of this host")
                return
        self.fence = max(self.fence + (not mine), want)
        self.lease = (self.fence, self.clock() + LEASE, run)
        message.reply(Outcome.OK, f"token {self.fence}", token=self.fence, state=self.survey())

    def renew(self, run: str, token: int) -> Outcome:
        """lease_renew.sh: the fence says whether anybody took the lease since; after a reboot nobody may have."""
        if not self.up:
            return Outcome.UNKNOWN
        if token != self.fence or (self.lease is None and self.world.bug == "refused-renewal"):
            return Outcome.REFUSED
        self.lease = (token, self.clock() + LEASE, run)
        return Outcome.OK

    def survey(self) -> HostState:
        """survey.sh: what the host says of itself; it asks for the health of both slots."""
        self.passed |= self.healthy
        clock = self.clock()
        return HostState(
            fence=self.fence,
            slots={slot: release for slot, release in self.slots.items() if release},
            healthy=scale.healthy(self),
            instances=dict(self.told),
            gate=Gate(
                self.confirmed,
                self.record or None,
                tuple(Pending(slot, token, deadline - clock) for slot, (token, deadline) in self.pending.items()),
                tuple((slot, 10) for slot in self.shares),
            ),
            good=tuple(self.good),
            staged=dict.fromkeys(self.staged, "0" * 64),
        )

    def reboot(self, seconds: float) -> None:
        """Forget tmpfs and timers, kill what runs; enabled services come back in their own time."""
        if not self.up:
            return
        self.world.tell("fault", "reboots", self.name, f"for {seconds:.0f} s")
        self.up, self.boot = False, self.boot + 1
        self.forgotten |= {token for token, _ in self.pending.values()}
        self.lease, self.sharing, self.dumping = None, 0, ""
        for memory in (self.pending, self.shares, self.gone_back, self.timers, self.healthy):
            memory.clear()
        self.world.at(seconds, self._boots, self.boot)

    def _boots(self, boot: int) -> None:
        if boot != self.boot:
            return
        self.up = True
        self.world.tell("host", "is up again", self.name)
        invariants.traffic(self.world)
        for unit in sorted(self.enabled):
            self.world.at(self.world.random.uniform(0.5, 15), services.comes_back, self, boot, unit)

    def lose(self) -> None:
        """Never answer again; the traffic of this host is gone."""
        if self.alive:
            self.world.tell("fault", "is lost", self.name)
            self.alive, self.up, self.boot = False, False, self.boot + 1
            invariants.note_loss(self)


COMMANDS: dict[Do, Callable[[Host, Message], None]] = {**services.COMMANDS, **gate.COMMANDS, Do.SPREAD: scale.spread}
UNFENCED = frozenset({Do.VERIFY, Do.BAKE, Do.WATCH_SHARE, Do.STEADY, Do.DRAIN})
