"""pyinfra's side of it: `@ecs/NAME` is a host that pyinfra need not connect to, for AWS is asked, and no shell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyinfra.connectors.base import BaseConnector

from handrail.hosts.variable import ON_AWS

if TYPE_CHECKING:
    from collections.abc import Iterator


class Ecs(BaseConnector):
    """A cluster, or a database of AWS."""

    handles_execution = True

    @staticmethod
    def make_names_data(name: str) -> Iterator[tuple[str, dict[str, Any], list[str]]]:
        """Give the one host that a name stands for."""
        yield f"{ON_AWS}{name}", {}, []

    def run_shell_command(self, *_: Any, **__: Any) -> Any:
        """Refuse: there is no shell."""
        raise NotImplementedError(f"{self.host.name} has no shell: it is on AWS ECS")

    def put_file(self, *_: Any, **__: Any) -> Any:
        """Refuse likewise."""
        raise NotImplementedError(f"{self.host.name} takes no files: it is on AWS ECS")

    def get_file(self, *_: Any, **__: Any) -> Any:
        """Refuse likewise."""
        raise NotImplementedError(f"{self.host.name} gives no files: it is on AWS ECS")
