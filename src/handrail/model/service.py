"""A service: one program of a system, in two slots on each of its hosts."""

from datetime import timedelta
from typing import Literal

from pydantic import Field

from handrail.model.duration import SomeTime
from handrail.model.notation import Command, Directory, Group, Name, Port, Status, UrlPath, User, Variable
from handrail.model.secret import EnvironmentValue
from handrail.model.slot import Slot
from handrail.model.value import Named, Rows, Table, Value

Runtime = Literal["systemd"]


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


class Service(Named):
    """One program of the system."""

    runtime: Runtime = Field(description="What runs it on a host.")
    hosts: Group = Field(description="Inventory group of the hosts that run it.")
    user: User = Field(description="Unix user that runs it.")
    directory: Directory = Field(default=".", description="Directory inside the artifact that it runs in.")
    command: Command = Field(description="Command that runs it in the foreground: a list of words, or one line.")
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

    def port(self, slot: Slot) -> int:
        """Port that the slot listens on, on each of the service's hosts."""
        return self.ports.blue if slot is Slot.BLUE else self.ports.green
