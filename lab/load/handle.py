"""The caller's side of a load that runs in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from lab import paths as folders
from lab.errors import LabError
from lab.load.report import Report, summarize
from lab.load.samples import read

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

DEFAULT_PATHS: Mapping[str, int] = {"/api/version": 2, "/api/items": 1, "/": 1}
# leaves enough of two cores for the deploy that goes on meanwhile
DEFAULT_RATE = 2500.0
# in-flight requests are given ten seconds
STOP_SECONDS = 30
# what `at_least` may add to that; see `lab.load.__main__`
REACH_SECONDS = 130


class Load:
    """Load on one URL base while the block runs; without a rate, as much as the server answers."""

    def __init__(
        self,
        url: str,
        *,
        connections: int = 50,
        rate: float | None = DEFAULT_RATE,
        paths: Mapping[str, int] = DEFAULT_PATHS,
        at_least: int = 0,
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="handrail-load-")
        self._samples = Path(self._folder.name) / "samples"
        self._command = [sys.executable, "-m", "lab.load", "--url", url, "--connections", str(connections)]
        self._command += ["--rate", str(rate or 0), "--samples", str(self._samples)]
        self._command += ["--at-least", str(at_least)]
        self._command += [f"--path={path}={weight}" for path, weight in paths.items()]
        self._at_least = at_least
        self._process: subprocess.Popen[str] | None = None
        self._report: Report | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, cwd=folders.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._expect("ready")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        process = self._running()
        try:
            # the end of its input tells the process to stop, also when the caller is killed
            process.communicate(timeout=STOP_SECONDS + (REACH_SECONDS if self._at_least else 0))
            if process.returncode == 0:
                self._report = summarize(read(self._samples))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        finally:
            self._folder.cleanup()

    def mark(self, name: str) -> float:
        """Begin a phase now; return the wall-clock time, to be used with `first_response_of`."""
        process = self._running()
        wall = time.time()
        try:
            process.stdin.write(json.dumps({"mark": name, "at": time.monotonic()}) + "\n")  # type: ignore[union-attr]
            process.stdin.flush()  # type: ignore[union-attr]
        except BrokenPipeError:
            raise LabError("the load has ended by itself; its words are on stderr") from None
        return wall

    def report(self) -> Report:
        """Return what was measured; only after the block."""
        if self._report is None:
            raise LabError("no report: the load is still running, or it broke off with its words on stderr")
        return self._report

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            raise LabError("the load has not begun: use it in a with block")
        return self._process

    def _expect(self, word: str) -> None:
        process = self._running()
        if process.stdout and process.stdout.readline().strip() != word:
            process.kill()
            process.communicate()
            raise LabError("the load did not begin; its words are on stderr")
