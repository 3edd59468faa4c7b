"""An AWS of moto with a data plane beside it, and a system on it, for tests that run whole verbs."""

from __future__ import annotations

import json
import socket
import sys
import time
from pathlib import Path

import pytest
import requests
from moto.cloudwatch.models import CloudWatchBackend
from moto.server import ThreadedMotoServer

from tests import started
from tests.lab.controller import ROOT, Controller
from tests.unit.ecs import aws
from tests.unit.ecs.plane import percentiles, plane
from tests.unit.infra.conftest import keys  # noqa: F401  # a fixture

INVENTORY = """
cluster = ["@ecs/shop"]
database = ["@ecs/shop-db"]
"""


class Site:
    """The system, its inventory, its AWS."""

    def __init__(self, folder, here, port):
        self.plane, self.port = here, port
        (folder / "inventories/group_data").mkdir(parents=True)
        self.inventory = folder / "inventories/aws.py"
        self.inventory.write_text(INVENTORY)
        (folder / "inventories/group_data/aws.py").write_text('environment = "aws"\nsystems = ("shop.yaml",)\n')
        (folder / "inventories/shop.yaml").write_text(aws.YAML.replace("@PORT@", str(port)))

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


@pytest.fixture
def site(keys, tmp_path):  # noqa: F811
    keys.setenv("SHOP_DB_PASSWORD", "planted-4711")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = free.getsockname()[1]
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=number, verbose=False)
    server.start()
    keys.setattr(CloudWatchBackend, "get_metric_data", percentiles(CloudWatchBackend.get_metric_data))
    keys.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{number}")
    keys.setenv("AWS_REGION", aws.REGION)
    keys.setenv("HANDRAIL_STORE", f"sqlite:///{tmp_path}/journal.db")
    keys.setenv("HANDRAIL_JOURNAL_KEY", f"{tmp_path}/journal.key")
    try:
        requests.post(f"http://127.0.0.1:{number}/moto-api/reset", timeout=10)
        aws.build()
        with plane() as (here, port):
            yield Site(tmp_path, here, port)
    finally:
        server.stop()
