"""What the samples say: how many failed, how long it took, and when a release was first seen."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lab.load.samples import Samples

FIRST_PHASE = "start"


@dataclass(frozen=True)
class Failure:
    """One failed request: when it was known to have failed (wall clock), in which phase, and why."""

    at: float
    phase: str
    reason: str


@dataclass(frozen=True)
class Phase:
    """The requests that began between two marks; percentiles are of the good ones."""

    name: str
    began_seconds: float
    requests: int
    failed: int
    p50_ms: float | None
    p99_ms: float | None


@dataclass(frozen=True)
class Report:
    """A whole run."""

    requests: int
    failed: int
    reconnects: int
    seconds: float
    failures: tuple[Failure, ...]
    phases: tuple[Phase, ...]
    samples: Samples

    @property
    def requests_per_second(self) -> float:
        """Return the mean rate of the run."""
        return self.requests / self.seconds if self.seconds else 0.0

    def phase(self, name: str) -> Phase:
        """Return one phase by the name of its mark."""
        return next(phase for phase in self.phases if phase.name == name)

    def first_response_of(self, version: str, *, after: float = 0.0) -> float | None:
        """Return how many seconds after a wall-clock time a response of the release arrived, None if none did."""
        samples = self.samples
        if version not in samples.release_names:
            return None
        wanted = samples.release_names.index(version)
        # the samples are in the order in which responses arrived
        for start, duration, release in zip(samples.starts, samples.durations, samples.releases, strict=True):
            if release == wanted and samples.began_wall + start + duration >= after:
                return samples.began_wall + start + duration - after
        return None

    def as_data(self) -> dict[str, Any]:
        """Return what can be written as JSON: everything but the single samples."""
        data = {name: value for name, value in vars(self).items() if name != "samples"}
        data["failures"] = [asdict(failure) for failure in self.failures]
        data["phases"] = [asdict(phase) for phase in self.phases]
        return {**data, "requests_per_second": self.requests_per_second}


def summarize(samples: Samples) -> Report:
    """Count and sort the samples, as a whole and for each phase."""
    marks = [(FIRST_PHASE, 0.0), *samples.marks]
    begins = [at for _, at in marks]
    good = [array("f") for _ in marks]
    failed = [0] * len(marks)
    for start, duration, bad in zip(samples.starts, samples.durations, samples.failed, strict=True):
        phase = max(bisect_right(begins, start) - 1, 0)
        if bad:
            failed[phase] += 1
        else:
            good[phase].append(duration)
    phases = tuple(_phase(name, began, ok, bad) for (name, began), ok, bad in zip(marks, good, failed, strict=True))
    return Report(
        requests=len(samples.starts),
        failed=sum(failed),
        reconnects=samples.reconnects,
        seconds=samples.seconds,
        failures=tuple(
            Failure(samples.began_wall + at, marks[max(bisect_right(begins, at) - 1, 0)][0], reason)
            for at, reason in samples.failures
        ),
        phases=phases,
        samples=samples,
    )


def _phase(name: str, began: float, good: array[float], failed: int) -> Phase:
    ordered = sorted(good)
    return Phase(
        name=name,
        began_seconds=began,
        requests=len(ordered) + failed,
        failed=failed,
        p50_ms=_percentile_ms(ordered, 0.50),
        p99_ms=_percentile_ms(ordered, 0.99),
    )


def _percentile_ms(ordered: list[float], share: float) -> float | None:
    if not ordered:
        return None
    return round(ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1000, 2)
