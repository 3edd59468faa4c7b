"""An AWS of moto with a data plane beside it, and a system on it, for tests that run whole verbs."""

from __future__ import annotations

import json
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from moto.cloudwatch.models import CloudWatchBackend
from moto.elbv2.models import FakeTargetGroup
from moto.server import ThreadedMotoServer

from tests import started
from tests.lab.controller import ROOT, Controller
from tests.ports import free_port
from tests.unit.ecs import aws
from tests.unit.ecs.botocore_files import read_once
from tests.unit.ecs.plane import insights, judged, percentiles, plane
from tests.unit.infra.conftest import credentials

INVENTORY = """
cluster = ["@ecs/shop"]
database = ["@ecs/shop-db"]
"""


def described(folder, *, port):
    """Write the system and its inventory; gives the inventory."""
    (folder / "inventories/group_data").mkdir(parents=True)
    inventory = folder / "inventories/aws.py"
    inventory.write_text(INVENTORY)
    (folder / "inventories/group_data/aws.py").write_text('environment = "aws"\nsystems = ("shop.yaml",)\n')
    (folder / "inventories/shop.yaml").write_text(aws.YAML.replace("@PORT@", str(port)))
    return inventory


class Site:
    """The system, its inventory, its AWS."""

    def __init__(self, folder, here, port):
        self.plane, self.port = here, port
        self.inventory = described(folder, port=port)

    def begin(self, verb, **data):
        return Controller(verb, inventory=self.inventory, **data)

    def run(self, verb, **data):
        controller = self.begin(verb, **data)
        code = controller.wait()
        assert code == 0, f"{controller.end}\n{controller.output()}"
        return controller

    def fab(self, *words):
        """Run a task; gives its exit code and what it printed as JSON."""
        line = [str(Path(sys.executable).with_name("fab")), *words, "--json", "--inventory", str(self.inventory)]
        done = started.run(line, cwd=ROOT, timeout=60)
        found = [json.loads(text) for text in done.stdout.splitlines() if text.startswith("{")]
        return done.returncode, found[-1] if found else done.stderr

    def scaled(self):
        """Give the tasks that each service is to have by now, by SERVICE-SLOT."""
        return {each.name.removeprefix("shop-aws-"): each.desired_count for each in self.plane.ecs.services.values()}

    def until(self, what, condition, *, seconds=30):
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, what
            time.sleep(0.1)

    def served(self):
        status, headers, _ = self.plane.answer("/api/version")
        return headers.get("X-Release", "") if status == 200 else ""


def settings(keys, folder):
    """Set what a run on AWS reads from its environment, but for where AWS is."""
    credentials(keys, folder)
    keys.setenv("AWS_REGION", aws.REGION)
    # Nobody asks for an image of a machine, and moto takes most of a second to know them all.
    keys.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    keys.setenv("SHOP_DB_PASSWORD", "planted-4711")
    keys.setenv("HANDRAIL_STORE", f"sqlite:///{folder}/journal.db")
    keys.setenv("HANDRAIL_JOURNAL_KEY", f"{folder}/journal.key")


@contextmanager
def amazon(keys, folder):
    """Run it while the block runs; `keys` has moto and the environment as this needs them for as long."""
    settings(keys, folder)
    read_once()
    number = free_port()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=number, verbose=False)
    server.start()
    running = []
    keys.setattr("moto.logs.models.execute_query", insights)
    keys.setattr(CloudWatchBackend, "get_metric_data", percentiles(CloudWatchBackend.get_metric_data))
    keys.setattr(FakeTargetGroup, "health_for", judged(FakeTargetGroup.health_for, running))
    keys.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{number}")
    try:
        requests.post(f"http://127.0.0.1:{number}/moto-api/reset", timeout=10)
        aws.build()
        with plane() as (here, port):
            running.append(here)
            yield Site(folder, here, port)
    finally:
        server.stop()


@pytest.fixture
def site(keys, tmp_path):
    with amazon(keys, tmp_path) as there:
        yield there
