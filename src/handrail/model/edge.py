"""The edge: where requests come in, and the one place that knows which slot is live."""

from datetime import timedelta

from pydantic import Field

from handrail.model.duration import SomeTime
from handrail.model.notation import FilePath, Group, Line, Name, Network, Port, Prefix, ServerName
from handrail.model.runtime import Front
from handrail.model.tls import Tls, asked_name
from handrail.model.value import Rows, Value


class Maintenance(Value):
    """What is answered while traffic is held."""

    message: Line = Field(
        default="Maintenance in progress; please try again in a few minutes.", description="Text of the hold page."
    )
    operators: tuple[Network, ...] = Field(
        default=(), description="Addresses or networks whose requests pass while traffic is held."
    )
    retry_after: SomeTime = Field(default=timedelta(seconds=120), description="Retry-After of the hold page.")


class Edge(Value):
    """The reverse proxies in front of the services."""

    hosts: Group = Field(description="Inventory group of the hosts that run it.")
    runtime: Front = Field(
        default="systemd", description="What runs nginx: the host's own, or a compose file; alb: AWS's load balancer."
    )
    file: FilePath = Field(
        default="", description="Compose file, relative to this document, whose service `nginx` it is; compose only."
    )
    port: Port = Field(default=80, description="Port that it listens on.")
    server_names: tuple[ServerName, ...] = Field(min_length=1, description="Host names that it answers to.")
    paths: Rows[Prefix, Name] = Field(
        min_length=1, description="Which service answers which paths; the longest prefix wins."
    )
    maintenance: Maintenance = Field(default_factory=Maintenance, description="The hold page.")
    tls: Tls | None = Field(default=None, description="TLS; without it the edge speaks plain HTTP.")

    @property
    def origin(self) -> str:
        """Where an edge host asks itself as a client would; connections go to 127.0.0.1, whatever the name."""
        if self.tls is None:
            return f"http://127.0.0.1:{self.port}"
        return f"https://{asked_name(self.server_names[0])}:{self.tls.port}"

    def service_of(self, path: str) -> str | None:
        """Name the service that answers a path."""
        fitting = [prefix for prefix in self.paths if path.startswith(prefix)]
        return self.paths[max(fitting, key=len)] if fitting else None
