"""How services run on a host. One short file per runtime; these tables are all that names them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.runtimes.compose import Compose
from handrail.runtimes.compose_unit import ComposeUnits
from handrail.runtimes.docker import Docker
from handrail.runtimes.pm2 import Pm2
from handrail.runtimes.systemd import Systemd
from handrail.runtimes.systemd_unit import SystemdUnits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from handrail.runtimes.protocol import Runtime
    from handrail.runtimes.unit import Units

RUNTIMES: Mapping[str, Runtime] = {"systemd": Systemd(), "pm2": Pm2(), "docker": Docker(), "compose": Compose()}
UNITS: Mapping[str, Units] = {"systemd": SystemdUnits(), "compose": ComposeUnits()}
