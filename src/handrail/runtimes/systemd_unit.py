"""Datastores and the edge as units of systemd that the distribution's packages brought."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.runtimes.systemd import PROPERTIES, journal, properties, unit_state

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from handrail.model.host_state import UnitState
    from handrail.runtimes.protocol import Argv, File
    from handrail.runtimes.unit import Unit

# Debian's postgresql.service stays active whatever becomes of postgresql@15-main.service, which it only wants.
MEMBERS = """
unit=$0
members=$(systemctl show -p Wants --value "$unit" | tr ' ' '\\n' | grep "^${unit%.service}@" | tr '\\n' ' ')
"""
# Exit 77: it ran already. Unit names hold no spaces.
START = """
ran=77
systemctl is-enabled -q "$unit" || systemctl enable -q "$unit"
for one in "$unit" $members; do
    systemctl is-active -q "$one" && continue
    ran=0
    systemctl start "$one" || exit 1
done
exit $ran
"""


class SystemdUnits:
    """The units of a host under systemd."""

    def usable(self) -> Argv:
        """Every host that can be worked with has systemd."""
        return ("true",)

    def files(
        self, unit: Unit, *, text: str, variables: Mapping[str, str], mounts: Mapping[str, str]
    ) -> tuple[File, ...]:
        """List nothing: packages brought the unit."""
        return ()

    def start(self, unit: Unit) -> Argv:
        """Start the unit and its members."""
        return ("sh", "-c", MEMBERS + START, unit.unit)

    def stop(self, unit: Unit) -> Argv:
        """Stop the unit and its members."""
        return ("sh", "-c", f'{MEMBERS}systemctl stop "$unit" $members', unit.unit)

    def runs(self, unit: Unit) -> Argv:
        """Ask systemd."""
        return ("systemctl", "is-active", "-q", unit.unit)

    def status(self, units: Sequence[Unit]) -> Argv:
        """Show the properties of all units in one call."""
        return ("systemctl", "show", "-p", PROPERTIES, *(unit.unit for unit in units))

    def states(self, output: str, units: Sequence[Unit]) -> Mapping[str, UnitState]:
        """Read blocks of `Key=value` lines, one block for each unit."""
        blocks = properties(output)
        return {unit.name: unit_state(blocks.get(_full(unit.unit), {})) for unit in units}

    def inside(self, unit: Unit) -> str:
        """Run it on the host."""
        return '"$@"'

    def log(self, unit: Unit, *, lines: int) -> Argv:
        """Print the last lines of the unit and its members."""
        return ("journalctl", "-u", f"{unit.unit}*", "-n", str(lines), "--no-pager", "-o", "cat")

    def read_log(self, unit: Unit, *, since: str, lines: int, follow: bool) -> Argv:
        """Read the journal of the unit and its members."""
        return journal(("-u", f"{unit.unit}*"), since=since, lines=lines, follow=follow)


def _full(unit: str) -> str:
    return unit if "." in unit else f"{unit}.service"
