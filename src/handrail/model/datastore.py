"""A datastore: what the services keep their data in. It has no slots; a release never touches it."""

from typing import Literal

from pydantic import Field

from handrail.model.notation import FilePath, Group, Port, Unit, User
from handrail.model.runtime import Keeper
from handrail.model.secret import SecretReference
from handrail.model.value import Named

Kind = Literal["postgresql", "redis"]


class Datastore(Named):
    """One database server or cache."""

    kind: Kind = Field(description="What it is.")
    hosts: Group = Field(description="Inventory group of the hosts that run it.")
    runtime: Keeper = Field(default="systemd", description="What runs it: the host's own, a compose file, or AWS.")
    unit: Unit = Field(default="", description="systemd unit that runs it; systemd only.")
    file: FilePath = Field(
        default="",
        description="Compose file beside this document whose service of this name it is; compose only.",
    )
    port: Port = Field(description="Port that it listens on.")
    database: User | None = Field(default=None, description="Database inside it; postgresql only, and needed there.")
    user: User | None = Field(default=None, description="User to connect as; needed for postgresql.")
    password: SecretReference | None = Field(default=None, description="Password of the user, as {secret: NAME}.")
