"""How services run on a host. One short file per runtime; this table is all that names them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.runtimes.systemd import Systemd

if TYPE_CHECKING:
    from collections.abc import Mapping

    from handrail.runtimes.protocol import Runtime

RUNTIMES: Mapping[str, Runtime] = {"systemd": Systemd()}
