"""Terraform's work on one environment: tools and account checked, the root module initialised, commands run."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from handrail.control.task import opened
from handrail.infra import tools
from handrail.infra.identity import identity
from handrail.infra.shelf import Shelf
from handrail.infra.trouble import trouble
from handrail.infra.workspace import Workspace
from handrail.infra.written import written_by
from handrail.model.infra_change import Summary, summary
from handrail.model.infra_plan import InfraPlan
from handrail.model.slot import Slot
from handrail.secrets import Secret, resolve_all

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from handrail.hosts.inventory import Loaded
    from handrail.infra.attended import Ended, Event
    from handrail.infra.terraform import Terraform

# A plan of a whole system takes AWS ten seconds; what takes an hour is stuck.
PLAN_SECONDS = 60 * 60


@dataclass(frozen=True)
class Work:
    """Terraform in the root module of one environment."""

    loaded: Loaded
    workspace: Workspace
    tell: Callable[[Event], None]

    @classmethod
    def opened(cls, inventory: str | None, tell: Callable[[Event], None]) -> Work:
        """Check the description, the tools, the account and the region, in this order; nothing is touched before."""
        loaded = opened(inventory).load()
        work = cls(loaded, Workspace(loaded.environment, loaded.base), tell)
        _ = work.workspace.root
        tools.check()
        identity(work.workspace.aws)
        return work

    @property
    def shelf(self) -> Shelf:
        """Where its plans are."""
        return Shelf(self.workspace.folder)

    @cached_property
    def secrets(self) -> dict[str, Secret]:
        """Secrets that AWS keeps; one that is missing stops a plan before anything is touched."""
        wanted = self.workspace.aws.secrets
        sources = {name: source for name, source in self.loaded.environment.system.secrets.items() if name in wanted}
        return resolve_all(sources, base=self.loaded.base)

    def terraform(
        self, *, with_secrets: bool = True, seconds: float = PLAN_SECONDS, tell: Callable[[Event], None] | None = None
    ) -> Terraform:
        """Give Terraform; what writes nothing needs no secrets."""
        from handrail.infra.terraform import Terraform  # noqa: PLC0415  # python-terraform

        secrets = self.secrets if with_secrets else {}
        data = self.workspace.folder / "data"
        return Terraform(self.workspace.root, data=data, secrets=secrets, tell=tell or self.tell, seconds=seconds)

    def initialise(self) -> None:
        """Fetch providers, and find the state.

        Raises HandrailError with what Terraform says, BadInput where a newer Terraform wrote the state.
        """
        state, environment = self.workspace.aws.state, self.loaded.environment
        key, region = f"{environment.system.name}/{environment.name}.tfstate", state.region or self.workspace.aws.region
        place = {"bucket": state.bucket, "key": key, "region": region, "use_lockfile": "true", "encrypt": "true"}
        words = [f"-backend-config={name}={value}" for name, value in place.items()] if self._keeps_state_in_s3 else []
        self._good(self.terraform(with_secrets=False).run("init", "-input=false", "-no-color", "-reconfigure", *words))
        if words:
            tools.check_version(written_by(state.bucket, key, region=region), here=self._installed)

    @property
    def _keeps_state_in_s3(self) -> bool:
        return any('backend "s3"' in path.read_text() for path in self.workspace.root.glob("*.tf"))

    def plan(self, *, destroy: bool) -> tuple[Summary, dict[str, Any], InfraPlan | None]:
        """Make a plan, and put it on the shelf unless it has nothing to do."""
        self.initialise()
        path, options = self.shelf.fresh, ["-destroy"] if destroy else []
        path.unlink(missing_ok=True)
        # Should somebody apply something meanwhile, it is a plan for an earlier state.
        file, of = self.workspace.write_variables(), self.state()
        try:
            ended = self._run("plan", "-detailed-exitcode", f"-var-file={file}", f"-out={path}", *options)
            if ended.code not in {0, 2}:
                raise trouble(ended, self.secrets)
            shown = self.show(path)
            found = summary(shown)
            return found, shown, self._shelved(found, of, destroy=destroy) if found.changes else None
        finally:
            path.unlink(missing_ok=True)

    def _run(
        self, command: str, *words: str, seconds: float = PLAN_SECONDS, tell: Callable[[Event], None] | None = None
    ) -> Ended:
        """Run a command that tells what it does as it goes."""
        from python_terraform import IsFlagged  # noqa: PLC0415  # it comes with the extra for AWS

        return self.terraform(seconds=seconds, tell=tell).run(command, "-input=false", *words, json=IsFlagged)

    def show(self, path: Path) -> dict[str, Any]:
        """Read a plan; what this gives holds secrets in clear, and stays in this process."""
        ended = self.terraform(with_secrets=False).run("show", "-json", "-no-color", str(path))
        self._good(ended)
        return dict(json.loads(ended.output))

    def state(self) -> tuple[str, int]:
        """Tell which state it is: its lineage, and its number. Before the first apply there is none."""
        ended = self.terraform(with_secrets=False).run("state pull")
        self._good(ended)
        said = json.loads(ended.output) if ended.output.strip() else {}
        return str(said.get("lineage", "none")), int(said.get("serial", 0))

    @cached_property
    def _installed(self) -> str:
        ended = self.terraform(with_secrets=False).run("version", "-json")
        self._good(ended)
        return str(json.loads(ended.output)["terraform_version"])

    def _shelved(self, found: Summary, of: tuple[str, int], *, destroy: bool) -> InfraPlan:
        lineage, serial = of
        plan = InfraPlan(
            sha256=hashlib.sha256(self.shelf.fresh.read_bytes()).hexdigest(), commit=self.workspace.commit,
            code=self.workspace.code, variables=self.workspace.variables_digest, lineage=lineage, serial=serial,
            destroy=destroy, counts=found.counts, steps=found.lines, loses=found.loses,
        )  # fmt: skip
        self.shelf.put(plan)
        return plan

    def apply(self, path: Path, *, tell: Callable[[Event], None], seconds: float) -> Ended:
        """Apply exactly this file."""
        # The path stands behind all options: what is applied is a plan, never the folder.
        return self._run("apply", "-auto-approve", str(path), seconds=seconds, tell=tell)

    def forget(self) -> str:
        """Remove what deploys have made besides, once all else is destroyed; gives words for what is left of it."""
        environment = self.loaded.environment
        if not environment.on_ecs:
            return ""
        from handrail.ecs.clients import Clients  # noqa: PLC0415  # boto3
        from handrail.ecs.definitions import forget  # noqa: PLC0415  # likewise
        from handrail.infra.identity import session_of  # noqa: PLC0415  # likewise

        aws = self.workspace.aws
        prefix = f"{environment.system.name}-{environment.name}"
        families = [f"{prefix}-{name}-{slot}" for name in environment.system.services for slot in Slot]
        if forget(Clients(session_of(aws), aws).ecs, families):
            return ""
        return "; task definitions of deploys are left, and cost nothing: aws ecs deregister-task-definition"

    def settle(self) -> None:
        """Take in what AWS fills in by itself, so that what differs later was changed by hand. Best effort."""
        file = self.workspace.write_variables()
        self._run("apply", "-refresh-only", "-auto-approve", f"-var-file={file}")

    def outputs(self) -> dict[str, Any]:
        """Read the outputs of the root module."""
        self.initialise()
        ended = self.terraform(with_secrets=False).run("output", "-json", "-no-color")
        self._good(ended)
        return dict(json.loads(ended.output or "{}"))

    def graph(self) -> str:
        """Give the graph of resources in DOT."""
        self.initialise()
        ended = self.terraform(with_secrets=False).run("graph")
        self._good(ended)
        return ended.output

    def _good(self, ended: Ended) -> None:
        if ended.code != 0:
            raise trouble(ended, {})
