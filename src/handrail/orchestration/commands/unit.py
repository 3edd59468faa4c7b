"""What the edge's nginx and the datastores have in common: a runtime that starts them, and files where it needs any."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.errors import BadInput
from handrail.hosts.bundle import bundle
from handrail.hosts.script import shell_line
from handrail.hosts.survey import edge_unit
from handrail.runtimes import UNITS
from handrail.traffic import nginx

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handrail.hosts.script import Command
    from handrail.model.system import System
    from handrail.orchestration.run import Run
    from handrail.runtimes.unit import Unit


def start_edge(system: System) -> str:
    """Give the line that starts nginx; it ends with 77 when it runs already."""
    return shell_line([UNITS[system.edge.runtime].start(edge_unit(system))])


def inside_edge(system: System) -> str:
    """Give the shell text that runs the command in "$@" where the edge's nginx is."""
    return UNITS[system.edge.runtime].inside(edge_unit(system))


# FREE PORT...: a reload tells nobody that it came to nothing since another program has a port, and `nginx -t` does not
# look. Edges listen on IPv4 alone. In a container nginx is alone, and what Docker cannot publish is Docker's error.
FREE = """free() { for port; do
    has=$(ss -Htlnp "sport = :$port" 2>/dev/null | grep ^LISTEN | grep -v -e '"nginx"' -e ' \\[') || continue
    echo "port $port of the edge is used by another program: $has"; return 1
done; }"""


def take_in_site(system: System) -> str:
    """Give the line that makes nginx read its configuration: by a start where it is down, else by a reload."""
    edge = system.edge
    ports = [edge.port, *([edge.tls.port] if edge.tls else [])]
    free = f"{FREE}; free {' '.join(map(str, ports))} && " if edge.runtime == "systemd" else ""
    inside = f"inside() {{ {inside_edge(system)}; }}"
    reload = f"{free}inside nginx -t && inside nginx -s reload"
    return f"{inside}; {start_edge(system)}; case $? in 0) ;; 77) {reload} ;; *) false ;; esac"


def put_unit(run: Run, runtime: str, unit: Unit, file: str) -> Sequence[Command]:
    """Send a compose file with what stands open in it; every secret of the system is a variable there by its name."""
    if not file:
        return []
    system = run.environment.system
    path = run.base / file
    if not path.is_file():
        raise BadInput(f"there is no {path}", next_step=f"correct `file` of {unit.name} in the system's YAML")
    ports = {"EDGE_PORT": str(system.edge.port)}
    if system.edge.tls:
        ports["EDGE_TLS_PORT"] = str(system.edge.tls.port)
    variables = {name: secret.reveal() for name, secret in run.secrets.items()} | ports
    mounts = nginx.directories(system, run.run_directory) if unit.name == nginx.UNIT else {}
    files = UNITS[runtime].files(unit, text=path.read_text(), variables=variables, mounts=mounts)
    return [run.fenced(["put_files", "ready_unit"], (), seconds=30, stdin=bundle(files))]
