"""A system: everything that handrail knows about what it operates, in one environment.

`document.parse` makes one from YAML and is the only door: what it returned is valid, and nobody checks again.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from graphlib import TopologicalSorter
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from handrail.model.aws import Aws
from handrail.model.backup import Backup
from handrail.model.certificates import Certificates
from handrail.model.changes import Changes
from handrail.model.check import Checks
from handrail.model.datastore import Datastore
from handrail.model.disk import Disk
from handrail.model.duration import Duration, SomeTime, TenSecondsOrMore
from handrail.model.edge import Edge
from handrail.model.logs import Logs
from handrail.model.notation import HostPath, Name, SecretName, Whole
from handrail.model.notify import Notify
from handrail.model.release import Release
from handrail.model.schedule import Schedule
from handrail.model.secret import SecretSource, references
from handrail.model.service import Service
from handrail.model.threshold import Percent, Thresholds
from handrail.model.value import Rows, Table, Value


class Times(Value):
    """How long the steps of a change take."""

    drain: Duration = Field(default=timedelta(seconds=10), description="How long open requests have on the old slot.")
    bake: Duration = Field(
        default=timedelta(seconds=10), description="How long the new slot is watched before it is confirmed."
    )
    confirm: SomeTime = Field(
        default=timedelta(seconds=60),
        description="After this time without a confirmation every host goes back by itself; more than bake + 10s.",
    )
    lease: TenSecondsOrMore = Field(
        default=timedelta(seconds=30),
        description="How long the lease of a change lives without being renewed; 10s or more.",
    )


class Bake(Value):
    """What the edge may show while the new slot is watched."""

    errors_percent: Percent = Field(
        default=1.0, description="Share of answers with a status of 500 or more that is still good, in percent."
    )
    p95: SomeTime = Field(default=timedelta(seconds=1), description="Time within which 95 of 100 answers must come.")
    at_least: Annotated[int, Whole(1, 1_000_000)] = Field(
        default=20, description="Requests before anything but half of them failing is judged."
    )


def _default_root(before: dict[str, Any]) -> str:
    return f"/opt/{before['name']}"


def _named_services(services: Mapping[str, Service]) -> Mapping[str, Service]:
    return Table({name: service.named(name) for name, service in services.items()})


def _named_datastores(datastores: Mapping[str, Datastore]) -> Mapping[str, Datastore]:
    return Table({name: datastore.named(name) for name, datastore in datastores.items()})


class System(Value):
    """A system in one environment."""

    name: Name = Field(alias="system", description="Name of the system; it is part of unit names and paths.")
    root: HostPath = Field(
        default_factory=_default_root, description="Directory of the system on every host; /opt/<system> if left out."
    )
    services: Annotated[Rows[Name, Service], AfterValidator(_named_services)] = Field(
        min_length=1, description="The programs of the system, by name."
    )
    datastores: Annotated[Rows[Name, Datastore], AfterValidator(_named_datastores)] = Field(
        default_factory=lambda: Table({}), description="What the services keep their data in, by name."
    )
    edge: Edge = Field(description="Where requests come in.")
    release: Release = Field(description="Where releases come from and what is done with one.")
    times: Times = Field(default_factory=Times, description="How long the steps of a change take.")
    bake: Bake = Field(default_factory=Bake, description="What the edge may show while the new slot is watched.")
    thresholds: Thresholds = Field(
        default_factory=Thresholds, description="Above which numbers `fab check` and `fab watch` warn."
    )
    checks: Checks = Field(default_factory=Checks, description="What `fab check` looks at.")
    backups: Rows[Name, Backup] = Field(
        default_factory=lambda: Table({}), description="Where dumps are, by name; `fab check` looks at their age."
    )
    certificates: Certificates = Field(
        default_factory=Certificates, description="When `fab certificate.status` warns, and what else it looks at."
    )
    disk: Disk = Field(default_factory=Disk, description="What `fab disk` may free when a disk fills up.")
    logs: Logs = Field(default_factory=Logs, description="Log files that are rotated, and how long they are kept.")
    schedule: Schedule = Field(default_factory=Schedule, description="What is done each day, week, month and quarter.")
    changes: Changes | None = Field(
        default=None, description="The rules that every change obeys; without them an environment has none."
    )
    notify: Notify | None = Field(default=None, description="Who is told of what; without it nobody is.")
    aws: Aws | None = Field(default=None, description="What of it is on AWS; `fab infra.plan` hands it to Terraform.")
    secrets: Rows[SecretName, SecretSource] = Field(
        default_factory=lambda: Table({}), description="Where each secret comes from, by name."
    )

    @property
    def own_secrets(self) -> Mapping[str, SecretSource]:
        """The secrets without those that only channels use: hosts never get these, and no run waits for one."""
        parts = [getattr(self, name) for name in type(self).model_fields if name != "notify"]
        channels = set(references(self.notify)) - {name for part in parts for name in references(part)}
        return Table({name: source for name, source in self.secrets.items() if name not in channels})

    def start_order(self) -> tuple[tuple[str, ...], ...]:
        """Name the services in generations: all that a generation needs runs before it. Stop in the reverse order.

        Datastores are not among them; they run before the first generation.
        """
        sorter = TopologicalSorter(
            {name: [need for need in service.needs if need in self.services] for name, service in self.services.items()}
        )
        sorter.prepare()
        generations = []
        while sorter.is_active():
            generation = tuple(sorted(sorter.get_ready()))
            generations.append(generation)
            sorter.done(*generation)
        return tuple(generations)

    def parts(self) -> Iterator[tuple[str, Service | Datastore | Edge]]:
        """Walk everything that has hosts, each with its key in the document."""
        for name, service in self.services.items():
            yield f"services.{name}", service
        for name, datastore in self.datastores.items():
            yield f"datastores.{name}", datastore
        yield "edge", self.edge
