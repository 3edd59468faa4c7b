"""Sanvi on ECS, whole, as its owner has it: a clone of the description and of Terraform's files, with rules and people.

What differs from `inventories/sanvi.yaml` stands in HERE, each with its reason.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

import yaml

from handrail.control.inventory import read
from handrail.infra.shelf import Shelf
from handrail.infra.workspace import FOLDER
from handrail.model.intent import Intent, Verb
from tests.aws.server import WHO
from tests.gated import Gated
from tests.lab.controller import ROOT, Controller
from tests.office import RULES
from tests.started import Started

SYSTEM, ENVIRONMENT = "sanvi", "aws"
PREFIX = f"{SYSTEM}-{ENVIRONMENT}"
# Looked for in all that is printed; the last is what somebody brings by hand.
PASSWORDS = {"SANVI_DB_PASSWORD": "planted-4711-Passw0rd", "SANVI_REDIS_PASSWORD": "planted-4712-Passw0rd"}
ANOTHER = "by-hand-0815-Passw0rd"
CLONE = ("fabfile.py", "config.py", "tasks", "deploys")
# What an AWS of moto takes at most, with the provider's own waiting.
PATIENCE_SECONDS = 400


STATE = "sanvi-terraform-state"
# Deploys are not what has to be approved here.
STANDARD = {"deploy": "any time"}


def here(port):
    """Give what is laid over the environment `aws`."""
    service = {"health": {"deadline": "8s"}}
    rules = {name: rule for name, rule in RULES.items() if name != "emergency"}
    return {
        "aws": {
            # All of production: the zone is its own, and its names have a failover.
            "domain": {"create": True, "role": "primary"},
            # The replica comes while deploys run: the provider waits 80 s for each database.
            "database": {"replica": False},
            # At the end all of it is destroyed.
            "protect": False,
            "state": {"bucket": STATE},
        },
        # The load balancer of the tests answers here, in plain HTTP.
        "edge": {"tls": None, "port": port},
        # CloudWatch and EventBridge of the tests are not as slow as AWS's.
        "times": {"drain": "0s", "bake": "1s", "confirm": "12s", "lease": "10s"},
        "services": {"backend": service, "frontend": service},
        # On ECS the registry has the releases.
        "release": {"sha256": "0" * 64},
        # Deploys are not what has to be approved here.
        "changes": rules | {
            "normal": {"approvals": {"CTO": 1, "Product Owner": None}}, "standard": {"deploy": "any time"},
        },
        "notify": None,
    }  # fmt: skip


def laid_over(below, above):
    """Lay one part of a description over another, as environments are."""
    if not isinstance(below, dict) or not isinstance(above, dict):
        return above
    return below | {key: laid_over(below.get(key), value) for key, value in above.items()}


class Sanvi(Gated):
    """The system in a folder of its own, which is a repository of git."""

    def __init__(self, folder, keys, port):
        self.folder_of_all = folder
        shutil.copytree(ROOT / "terraform", folder / "terraform", ignore=shutil.ignore_patterns(".terraform*"))
        (folder / "inventories/group_data").mkdir(parents=True)
        for name in ("aws.py", "group_data/all.py", "group_data/aws.py"):
            shutil.copy(ROOT / "inventories" / name, folder / "inventories" / name)
        for name in CLONE:
            (folder / name).symlink_to(ROOT / name)
        self._laid_over = here(port)
        self._describe()
        (folder / ".gitignore").write_text("/.handrail/\n.terraform*\n/changes/\n/inventories/approvers.yaml\n")
        for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "sanvi"]):
            self._git(*words)
        super().__init__(folder / "inventories/aws.py", keys)

    def _describe(self):
        described = yaml.safe_load((ROOT / "inventories/sanvi.yaml").read_text())
        mine = laid_over(described["environments"][ENVIRONMENT], self._laid_over)
        text = yaml.safe_dump(described | {"environments": {ENVIRONMENT: mine}}, sort_keys=False)
        (self.folder_of_all / "inventories/sanvi.yaml").write_text(text)

    def describe(self, **aws):
        """Describe another AWS from now on, and commit it."""
        self._laid_over = laid_over(self._laid_over, {"aws": aws})
        self._describe()
        self._git("commit", "-q", "-a", "-m", "another AWS")
        self.loaded = read(self.inventory).load()

    def _git(self, *words):
        who = ["-c", "user.name=sanvi", "-c", "user.email=sanvi@example.com", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", "-C", str(self.folder_of_all), *who, *words], check=True)

    def fab(self, *words, verb=""):
        """Run a task as an operator does; gives its exit code and the last line of JSON that it printed."""
        return self.ended(self.started(*words, verb=verb))

    def started(self, *words, verb=""):
        """Start a task; its requests are counted for this verb."""
        if words[0].startswith("infra."):
            self.server.verb = verb
        line = [f"{sys.prefix}/bin/fab", *words, "--json", "--inventory", str(self.inventory)]
        out, err = (tempfile.TemporaryFile("w+") for _ in range(2))  # noqa: SIM115  # closed with the test
        told = os.environ | {WHO: verb or words[0]}
        return Started(line, cwd=self.folder_of_all, env=told, stdout=out, stderr=err), out, err

    def ended(self, run):
        """Wait for its end."""
        process, *files = run
        code = process.wait(PATIENCE_SECONDS)
        for file in files:
            file.seek(0)
        out, err = (file.read() for file in files)
        assert not any(secret in out + err for secret in (*PASSWORDS.values(), ANOTHER)), "a secret was printed"
        found = [json.loads(text) for text in out.splitlines() if text.startswith("{")]
        return code, found[-1] if found else out + err

    def approved(self, plan, verb=Verb.INFRA, *, number):
        """Have a plan requested, and approved by the CTO; gives what the change is named."""
        folder = self.folder_of_all / FOLDER / PREFIX
        found = Shelf(folder).find(plan, destroy=verb is Verb.DESTROY)
        intent = Intent(verb, infra=found, destroy_data=bool(found.loses))
        change = self.request(intent, number=number)
        self.approve(change, "CTO", intent=intent)
        return change

    def begin(self, verb, *, as_verb="", **data):
        """Begin a run of pyinfra; its requests are counted for this verb."""
        os.environ[WHO] = as_verb or verb
        try:
            return Controller(verb, inventory=self.inventory, **data)
        finally:
            os.environ[WHO] = "tests"

    def run(self, verb, *, as_verb="", **data):
        """Run it to its good end."""
        controller = self.begin(verb, as_verb=as_verb, **data)
        code = controller.wait()
        assert code == 0, f"{controller.end}\n{controller.output()}"
        return controller

    def served(self):
        """Tell which release is served."""
        status, headers, _ = self.plane.answer("/api/version")
        return headers.get("X-Release", "") if status == 200 else ""


def until(what, condition, *, seconds=30):
    """Wait until it is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.05)
