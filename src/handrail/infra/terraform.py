"""python-terraform's Terraform with another process behind it.

The words of a command are its; ours are what it lacks: events as they come, secrets in the environment alone, a
deadline, and a Ctrl-C that lets Terraform write down what it has done.
"""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import python_terraform
from python_terraform import IsFlagged

from handrail.infra.attended import Attended, Ended, Event

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from handrail.secrets import Secret

# Creating a database with its standby and its replica takes AWS about 40 minutes.
SECONDS = 2 * 60 * 60
# They would have Terraform log what it sends, passwords among it, or plan something else than what is described.
_NOT_OURS = ("TF_LOG", "TF_CLI_ARGS", "TF_VAR_", "TF_WORKSPACE")


class Terraform(python_terraform.Terraform):  # type: ignore[misc]  # it ships no types
    """Terraform in one root module, with its data in a folder of ours."""

    def __init__(
        self, root: Path, *, data: Path, secrets: Mapping[str, Secret], tell: Callable[[Event], None],
        seconds: float = SECONDS,
    ) -> None:  # fmt: skip
        super().__init__(working_dir=str(root))
        self._data, self._secrets, self._tell, self._seconds = data, secrets, tell, seconds

    def read_state_file(self, file_path: str | None = None) -> None:
        """Leave the state alone: nobody here needs what is in it."""

    def cmd(self, cmd: str, *args: str, **kwargs: Any) -> tuple[int, str, str]:
        """Run a command to its end, for python-terraform's own methods."""
        ended = self.run(cmd, *args, **kwargs)
        return ended.code, ended.output, ended.errors

    def run(self, cmd: str, *args: str, **kwargs: Any) -> Ended:
        """Run a command to its end, and hand on the events of `json=IsFlagged` as they come."""
        words = self.generate_cmd_string(
            cmd, *args, **{name: kwargs[name] for name in kwargs if kwargs[name] is not None}
        )
        attended = Attended(self._tell, streams=kwargs.get("json") is IsFlagged)
        with attended.stopped_once():
            process = subprocess.Popen(
                words, cwd=self.working_dir, env=self._environment(), text=True, errors="replace",
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                # A Ctrl-C at the terminal reaches us alone; Terraform gets it from us, once.
                start_new_session=True,
                # Plan files hold secrets.
                umask=0o077,
            )  # fmt: skip
            return attended.ended(process, self._seconds)

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_OURS)}
        kept |= {name: value for name, value in os.environ.items() if name == "TF_CLI_ARGS_init"}
        values = {name: secret.reveal() for name, secret in self._secrets.items()}
        ours = {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1", "TF_DATA_DIR": str(self._data)}
        return kept | ours | {"TF_VAR_secrets": json.dumps(values)}
