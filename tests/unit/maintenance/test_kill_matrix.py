"""The worker is killed in each step of a window: the window goes on at that step, and nothing is done twice."""

from __future__ import annotations

import json
import os
import signal
import time
from contextlib import suppress

import pytest

from tests.lab.controller import ROOT
from tests.unit.maintenance.conftest import BOTH, EFFECTS

TABLE = ROOT / ".handrail" / "kill-matrix"
# Long enough to be killed in, on a machine that does something else.
TAKES = "1.5"


def killed_in(folder, window, name, *, everything):
    """Kill the worker while a step is at work, and all that runs for it, if asked; give when a new one begins."""
    child = folder.until(lambda: folder.begun(name))
    if everything:
        # It gets no further than this, however long a busy machine takes to kill the rest.
        os.kill(child, signal.SIGSTOP)
    runner = next(step["runner"] for step in folder.look(window)["steps"] if not step["outcome"])
    folder.kill(folder.workers[-1])
    if everything:
        for number in (runner, child):
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
    began = time.monotonic()
    folder.work()
    return child, began


@BOTH
@pytest.mark.timeout(600)
@pytest.mark.parametrize("everything", [False, True], ids=["the worker", "everything"])
def test_a_window_survives_a_kill_in_each_of_its_steps(folder, request, everything):
    folder.whole()
    folder.env["TAKES"] = TAKES
    window = folder.book()
    folder.work()
    rows = []
    for name in EFFECTS:
        child, began = killed_in(folder, window, name, everything=everything)
        if everything:
            folder.until(lambda name=name, child=child: folder.begun(name) != child)
        else:
            folder.until(lambda name=name: f"{name} done" in folder.effects())
        rows.append({"step": name, "resumed_seconds": round(time.monotonic() - began, 2)})
    told = folder.over(window)
    assert (told["exit_code"], told["text"]) == (0, "done: everything was done and verified")
    done = [line for line in folder.effects() if line.endswith("done")]
    assert done == [f"{name} done" for name in EFFECTS]
    begun = [line for line in folder.effects() if line.endswith("begun")]
    assert len(begun) == len(EFFECTS) * (2 if everything else 1)
    for row in rows:
        row["effects"] = done.count(f"{row['step']} done")
    kind = request.node.callspec.id
    TABLE.mkdir(parents=True, exist_ok=True)
    (TABLE / f"{kind}.json").write_text(json.dumps(rows))
