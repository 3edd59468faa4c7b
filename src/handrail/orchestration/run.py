"""One run: what was asked for, on which hosts, what is known so far, and who listens."""

from __future__ import annotations

import secrets as random
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from handrail import artifacts
from handrail.errors import BadInput
from handrail.hosts.pair_intent import certificate_of
from handrail.hosts.script import Command
from handrail.journal.operator import operator
from handrail.model.clearance import Clearance, Kind
from handrail.model.ended import Verdict
from handrail.model.fleet import Fleet
from handrail.model.intent import Verb
from handrail.model.roles import roles_of, told
from handrail.model.verdict import verdict
from handrail.runtimes.protocol import Instance
from handrail.secrets import Secret, masked, resolve_all, secrets_that_are_there

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from handrail.ecs.cluster import Cluster
    from handrail.errors import HandrailError
    from handrail.hosts.pair import Pair
    from handrail.journal.event import Event
    from handrail.model.acm import Exchange
    from handrail.model.environment import Environment
    from handrail.model.intent import Intent
    from handrail.model.package import Package
    from handrail.model.plan import Plan
    from handrail.model.secret import SecretReference
    from handrail.model.service import Service
    from handrail.model.slot import Slot
    from handrail.model.step import Step


@dataclass
class Run:
    """The state of one run of one verb; every host's steps share it."""

    environment: Environment
    intent: Intent
    base: Path
    cache: Path
    clearance: Clearance
    run_id: str = field(default_factory=lambda: random.token_hex(6))
    holder: str = ""
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    listeners: list[Callable[[Event], None]] = field(default_factory=list)
    error: HandrailError | None = None
    # What each host was seen to offer, which is what it gets.
    updates: dict[str, tuple[Package, ...]] = field(default_factory=dict)
    # On ECS: the cluster, the image of each service, when the traffic moved, by AWS's clock, and which certificates
    # are exchanged.
    cluster: Cluster | None = None
    images: dict[str, str] = field(default_factory=dict)
    cut_over_at: float = 0.0
    exchange: Exchange | None = None
    # Of a failover: since when nothing writes.
    quiet_at: float = 0.0
    _begun: dict[tuple[str, int], frozenset[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.fleet = Fleet(roles_of(self.environment).asked(self.intent))
        loud = "EMERGENCY " if self.clearance.kind is Kind.EMERGENCY else ""
        self.holder = self.holder or f"{operator()} ({loud}{self.intent.verb})"

    def __repr__(self) -> str:
        return f"Run({self.intent.verb}, {self.environment.name}, {self.run_id})"

    @property
    def run_directory(self) -> str:
        """The system's directory on tmpfs, on every host."""
        return f"/run/handrail/{self.environment.system.name}"

    @cached_property
    def secrets(self) -> dict[str, Secret]:
        """The system's secrets; reading them early is how a missing one stops a run before anything is touched.

        The page needs none, and on ECS programs have theirs from AWS: those that are there are masked, and no more.
        """
        sources = self.environment.system.own_secrets
        if self.environment.on_ecs or self.intent.verb in {Verb.HOLD, Verb.RESUME}:
            return secrets_that_are_there(sources, base=self.base)
        return resolve_all(sources, base=self.base)

    @cached_property
    def artifact(self) -> Path:
        """The artifact of the release that the plan goes to, on this machine."""
        plan = self.fleet.plan
        release = self.intent.release
        version, digest = (release.version, release.digest) if release else ("", "")
        if plan is not None and release is None:
            version, digest = plan.release_id.rsplit("-", 1)[0], plan.digest
            digest = digest or artifacts.digest_at(self.environment.system.release.sha256_of(version), base=self.base)
        return artifacts.fetch(
            self.environment.system.release.artifact_of(version), digest, base=self.base, cache=self.cache
        )

    @cached_property
    def pair(self) -> Pair:
        """The certificate that is deployed, or the key that one is to be issued for."""
        from handrail.hosts import pair  # noqa: PLC0415  # cryptography, which no other verb waits for

        system, certificate = self.environment.system, certificate_of(self.environment.system, self.intent.certificate)
        if self.intent.verb is Verb.RENEW and system.edge.tls is not None:
            return pair.with_new_key(certificate, system.edge.tls.acme.key)
        made = pair.from_files(certificate, self.intent.files, system, self.base)
        if made.chain.fingerprint != self.intent.fingerprint:
            raise BadInput(f"{self.intent.files[0]} is another certificate than a moment ago; nothing was touched")
        return made

    def issued(self, fullchain: str) -> None:
        """Take in what was issued for the key of this run."""
        self.pair = self.pair.issued(fullchain, self.environment.system, self.base)

    @property
    def plan(self) -> Plan:
        """The plan, which every step after the leases has."""
        if self.fleet.plan is None:
            raise RuntimeError("a step that needs a plan ran before there was one")
        return self.fleet.plan

    def instances(self, service: Service, slot: Slot) -> tuple[Instance, ...]:
        """Name the instances of a service that a slot is to have."""
        return tuple(one for one in self.every(service, slot) if one.number <= self.plan.instances.get(service.name, 1))

    def every(self, service: Service, slot: Slot) -> tuple[Instance, ...]:
        """Name all instances of a service that a slot may have."""
        system, numbers = self.environment.system, range(1, self.most[service.name] + 1)
        return tuple(Instance(system.name, system.root, service, slot, number) for number in numbers)

    @property
    def most(self) -> dict[str, int]:
        """Tell how many instances of each service there may be, by today's limits or by what hosts were told."""
        services = self.environment.system.services
        return {name: max({one.instances.max} | told(name, self.fleet.states)) for name, one in services.items()}

    def clear(self, variables: Mapping[str, str | SecretReference]) -> dict[str, str]:
        """Put the secrets in, to be sent on standard input."""
        return {
            name: value if isinstance(value, str) else self.secrets[value.secret].reveal()
            for name, value in variables.items()
        }

    def fenced(
        self, scripts: Sequence[str], arguments: Sequence[str], *, seconds: float = 30, stdin: str = "", token: int = 0
    ) -> Command:
        """Build a command that changes something: it carries the token, which the host checks in the same command."""
        head = (self.environment.system.root, self.run_directory, str(token or self.fleet.token), self.run_id)
        return Command(("fenced", *scripts), (*head, *arguments), int(seconds), stdin)

    def hosts_of(self, step: Step) -> frozenset[str]:
        """Tell which hosts a step runs on, decided once, when the first of them is about to begin."""
        key = (step.title, step.part)
        if key not in self._begun:
            self._begun[key] = frozenset(host for host in self.fleet.roles.hosts if step.runs_on(host, self.fleet))
        return self._begun[key]

    def title(self, step: Step) -> str:
        """Name a step for people."""
        return step.named(self.environment.system.start_order())

    def runs_on(self, step: Step, host: str) -> bool:
        """Whether a step runs on a host."""
        return host in self.hosts_of(step)

    def verdict(self) -> Verdict:
        """Judge the run by what is known of the hosts, and by what went wrong on this machine."""
        end = verdict(self.fleet)
        if self.error is not None and end.exit_code == 1:
            word = "not done" if self.error.exit_code == 2 else end.word
            end = Verdict(self.error.exit_code, word, str(self.error))
        return replace(end, text=self.masked(end.text))

    def masked(self, text: str) -> str:
        """Take the system's secrets, and the key of its new certificate, out of what somebody else wrote."""
        pair = vars(self).get("pair")
        return masked(text, self.secrets | ({"key": pair.key} if pair else {}))

    def tell(self, event: Event) -> None:
        """Let everybody who listens know: the terminal, the journal, CI. None of them is told a secret."""
        safe = replace(event, words=self.masked(event.words), log=self.masked(event.log))
        for listener in self.listeners:
            listener(safe)
