"""A service: one program of a system, in two slots on each of its hosts."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from handrail.model.duration import SomeTime
from handrail.model.image import Image
from handrail.model.notation import (
    Command,
    Directory,
    Group,
    Memory,
    Name,
    Port,
    Status,
    UrlPath,
    User,
    Variable,
    Whole,
)
from handrail.model.runtime import Runtime
from handrail.model.secret import EnvironmentValue
from handrail.model.slot import Slot
from handrail.model.value import Named, Rows, Table, Value

# Ten ports for each slot; a host that needs more instances needs more hosts.
MOST_INSTANCES = 10


class Ports(Value):
    """Where each slot listens. Both run at once during a cutover, so they differ."""

    blue: Port = Field(description="Port of the blue slot.")
    green: Port = Field(description="Port of the green slot.")


class Health(Value):
    """The question a slot must answer on its own port before it may have traffic."""

    path: UrlPath = Field(description="Path to ask for on the slot's own port.")
    status: Status = Field(default=200, description="Status that means healthy.")
    interval: SomeTime = Field(default=timedelta(milliseconds=200), description="Pause between two questions.")
    timeout: SomeTime = Field(default=timedelta(seconds=2), description="How long one answer may take.")
    deadline: SomeTime = Field(
        default=timedelta(seconds=30), description="How long after its start a slot may be unhealthy."
    )


class Instances(Value):
    """How many copies of a service run in a slot of each of its hosts; the n-th listens on the slot's port + n - 1."""

    min: Annotated[int, Whole(1, MOST_INSTANCES)] = Field(default=1, description="The fewest, and how many at first.")
    max: Annotated[int, Whole(1, MOST_INSTANCES)] = Field(default=1, description="The most that `fab scale` may start.")


class Service(Named):
    """One program of the system. Keys that its runtime has no use for are refused: see `model/runtime.py`."""

    runtime: Runtime = Field(description="What runs it on a host.")
    hosts: Group = Field(description="Inventory group of the hosts that run it.")
    user: User = Field(default="", description="Unix user that runs it; systemd and pm2 need one.")
    directory: Directory = Field(default=".", description="Directory inside the artifact that it runs in.")
    command: Command = Field(
        default=(),
        description="Command that runs it in the foreground: a list of words, or one line; docker: the image's own.",
    )
    image: Image | None = Field(default=None, description="Where its image comes from; docker and ecs only.")
    file: Directory = Field(
        default="docker-compose.yml", description="Compose file inside the artifact that describes it; compose only."
    )
    container_port: Port | None = Field(
        default=None, description="Port inside the container; the slot's if left out. docker, compose and ecs only."
    )
    memory: Memory | None = Field(
        default=None, description="Memory that it may use, such as 512M or 1G; above it is restarted."
    )
    instances: Instances = Field(default_factory=Instances, description="How many of it run on each host.")
    ports: Ports = Field(description="Port of each slot.")
    environment: Rows[Variable, EnvironmentValue] = Field(
        default_factory=lambda: Table({}),
        description="Its environment variables: text with placeholders, a whole number, or {secret: NAME}.",
    )
    health: Health = Field(description="How a slot is known to be healthy.")
    stop: SomeTime = Field(
        default=timedelta(seconds=30), description="How long a stop may take before the program is killed."
    )
    needs: tuple[Name, ...] = Field(default=(), description="Services and datastores that must run before it starts.")

    def port(self, slot: Slot, number: int = 1) -> int:
        """Port that an instance in a slot listens on, on each of the service's hosts."""
        return (self.ports.blue if slot is Slot.BLUE else self.ports.green) + number - 1

    @property
    def numbers(self) -> range:
        """The numbers that its instances may have."""
        return range(1, self.instances.max + 1)
