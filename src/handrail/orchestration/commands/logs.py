"""Install the rotation of a host's logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.hosts.rotation import FOLDER, rotation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handrail.hosts.script import Command
    from handrail.model.step import Step
    from handrail.orchestration.run import Run

# Compressing a log of some gigabytes, which is what a forced rotation may begin with.
SECONDS = 600


def rotate(run: Run, step: Step, host: str) -> Sequence[Command]:
    """Install the rules that logrotate has nothing against, and rotate by them now if told to."""
    rules = rotation(run.environment, host, run.run_directory)
    arguments = (
        run.environment.system.name, FOLDER, "yes" if run.intent.force else "", " ".join(rules.users), rules.edge_log,
        "yes" if rules.edge_is_ours else "", rules.edge_text,
    )  # fmt: skip
    return [run.fenced(["logrotate"], arguments, seconds=SECONDS, stdin=rules.text)]
