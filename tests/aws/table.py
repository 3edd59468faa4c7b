"""What a run of the cycle measured, kept in `.handrail/aws.json`; `python -m tests.aws` prints it."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field

from tests.lab.controller import ROOT

FOLDER = ROOT / ".handrail"


@dataclass
class Measured:
    """Seconds by phase, AWS's calls by verb, what was built, found and left."""

    seconds: dict[str, float] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)
    resources: dict[str, int] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)
    drift: list[str] = field(default_factory=list)
    cutover_seconds: list[float] = field(default_factory=list)
    killed: dict[str, str] = field(default_factory=dict)
    failover: str = ""
    requests: int = 0
    failed: int = 0
    good: bool = False

    @contextmanager
    def phase(self, name):
        """Measure how long it takes."""
        began = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - began, 1)

    def keep(self, name="aws"):
        """Write it down."""
        FOLDER.mkdir(mode=0o700, exist_ok=True)
        (FOLDER / f"{name}.json").write_text(json.dumps(asdict(self), indent=1))


def read(name="aws"):
    """Give what the last run measured."""
    file = FOLDER / f"{name}.json"
    return Measured(**json.loads(file.read_text())) if file.exists() else Measured()
