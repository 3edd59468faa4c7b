"""Where Terraform works for one environment: its root module, its variables, and what they were made of."""

from __future__ import annotations

import hashlib
import json
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handrail.errors import BadInput
from handrail.infra.private import write_private
from handrail.model.aws_variables import aws_of, variables
from handrail.model.canonical import digest

if TYPE_CHECKING:
    from handrail.model.aws import Aws
    from handrail.model.environment import Environment

FOLDER = Path(".handrail/infra")
SUFFIXES = frozenset({".tf", ".json", ".tftpl"})


@dataclass(frozen=True)
class Workspace:
    """The root module of an environment, and a folder of ours for its plans, variables and providers.

    `base` is where the system's YAML is.
    """

    environment: Environment
    base: Path

    @property
    def aws(self) -> Aws:
        """The AWS part of the description."""
        return aws_of(self.environment)

    @cached_property
    def root(self) -> Path:
        """The root module. Raises BadInput where the environment has none."""
        roots = (self.base / self.aws.roots).resolve()
        found = roots / self.environment.name
        if not any(found.glob("*.tf")):
            known = ", ".join(sorted(path.parent.name for path in roots.glob("*/main.tf"))) or "none"
            raise BadInput(
                f"there is no root module {found}; roots there: {known}; nothing was touched",
                next_step=f"copy one of them to {found}, or correct aws.roots",
            )
        return found

    @cached_property
    def folder(self) -> Path:
        """Our folder, which nobody else can look into."""
        folder = FOLDER.resolve() / f"{self.environment.system.name}-{self.environment.name}"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        return folder

    @cached_property
    def variables(self) -> dict[str, Any]:
        """What Terraform is told."""
        return variables(self.environment)

    @property
    def variables_digest(self) -> str:
        """The digest of that."""
        return digest(self.variables)

    def write_variables(self) -> Path:
        """Write the variables for Terraform; they hold no secret, and nobody else needs to read them."""
        path = self.folder / "variables.tfvars.json"
        write_private(path, json.dumps(self.variables, indent=1).encode())
        return path

    @property
    def code(self) -> str:
        """The digest of every file of the root module and of the modules beside it."""
        top = self.root.parent.parent if (self.root.parent.parent / "modules").is_dir() else self.root
        files = [
            path for folder in {self.root, top / "modules"} if folder.is_dir()
            for path in folder.rglob("*") if path.suffix in SUFFIXES and ".terraform" not in path.parts
        ]  # fmt: skip
        told = {str(path.relative_to(top)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
        return digest(told)

    @property
    def commit(self) -> str:
        """The commit that is checked out where the root module is; without git there is none, and `code` decides."""
        head = self._git("rev-parse", "HEAD")
        if not head:
            return "none"
        return f"{head} and changes" if self._git("status", "--porcelain", "--", ".", "../../modules") else head

    def _git(self, *words: str) -> str:
        try:
            done = subprocess.run(
                ["git", "-C", str(self.root), *words], capture_output=True, text=True, timeout=30, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            return ""
        return done.stdout.strip() if done.returncode == 0 else ""
