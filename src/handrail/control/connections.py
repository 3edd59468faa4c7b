"""SSH connections for verbs that only look: one for each host, all hosts at once, host keys checked strictly."""

from __future__ import annotations

import io
import shlex
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from handrail.hosts.script import REPLY_SECONDS, Command, Reply, read_reply
from handrail.hosts.variable import ON_AWS
from handrail.hosts.wire import send_at_once
from handrail.model.fleet import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import TracebackType

    from fabric import Connection

    from handrail.control.inventory import Inventory

CONNECT_SECONDS = 10
# Threads wait for the network, not for a processor.
PARALLEL = 64
T = TypeVar("T")


class Connections(AbstractContextManager["Connections"]):
    """Open connections to the hosts of an inventory, made when they are first used."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self._open: dict[str, Connection] = {}

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for connection in self._open.values():
            connection.close()

    def on_each(self, hosts: Iterable[str], do: Callable[[str], T]) -> dict[str, T]:
        """Do something for all hosts at once and give the results in the order of the hosts."""
        names = list(hosts)
        with ThreadPoolExecutor(max_workers=min(PARALLEL, len(names) or 1)) as pool:
            return dict(zip(names, pool.map(do, names), strict=True))

    def ask(self, host: str, command: Command) -> Reply:
        """Run a command on a host. Never raises: a host that cannot be reached is an answer, too."""
        if host.startswith(ON_AWS):
            return Reply(Outcome.UNKNOWN, "it is on AWS ECS, and has no shell", ())
        line = shlex.join(command.argv)
        try:
            done = self.of(host).run(
                f"sudo -H -n {line}" if self.inventory.data[host].get("_sudo") else line,
                hide=True, warn=True, in_stream=_AtOnce(command.stdin) if command.stdin else False,
                timeout=command.seconds + REPLY_SECONDS,
            )  # fmt: skip
        except Exception as error:  # noqa: BLE001  # fabric, invoke, paramiko and sockets have one for each way to fail
            return Reply(
                Outcome.UNKNOWN,
                f"cannot be reached: {str(error).splitlines()[0] if str(error) else type(error).__name__}",
                (),
            )
        return read_reply(*(said.rstrip("\n").split("\n") for said in (done.stdout, done.stderr)))

    def of(self, host: str) -> Connection:
        """Give the open connection to a host; raises what fabric, paramiko and sockets do where it cannot be opened."""
        if host not in self._open:
            self._open[host] = _connection(host, self.inventory.data[host])
        if not self._open[host].is_connected:
            self._open[host].open()
            send_at_once(self._open[host].transport)
        return self._open[host]


class _AtOnce(io.StringIO):
    """Standard input that is sent as a whole: invoke asks for one letter at a time and sleeps 10 ms after each."""

    def read(self, _: int | None = -1) -> str:
        return super().read()


def _connection(host: str, data: Mapping[str, Any]) -> Connection:
    from fabric import Connection  # noqa: PLC0415  # 0.2 s that `fab --list` need not wait for
    from paramiko import AutoAddPolicy, RejectPolicy  # noqa: PLC0415  # likewise

    key = data.get("ssh_key")
    connection = Connection(
        str(data.get("ssh_hostname") or host),
        user=data.get("ssh_user"),
        port=int(data.get("ssh_port") or 22),
        connect_timeout=CONNECT_SECONDS,
        connect_kwargs={
            # A host that hung after it was connected: paramiko would wait for an hour.
            "channel_timeout": CONNECT_SECONDS,
            "allow_agent": bool(data.get("ssh_allow_agent", True)),
            "look_for_keys": bool(data.get("ssh_look_for_keys", True)),
            **({"key_filename": str(Path(key).expanduser())} if key else {}),
        },
    )
    # Fabric accepts any unknown host key unless it is told not to.
    strict = str(data.get("ssh_strict_host_key_checking", "yes")) == "yes"
    connection.client.set_missing_host_key_policy(RejectPolicy() if strict else AutoAddPolicy())
    connection.client.load_system_host_keys()
    if data.get("ssh_known_hosts_file"):
        connection.client.load_host_keys(str(Path(data["ssh_known_hosts_file"]).expanduser()))
    return connection
