"""How often AWS is asked: as often for eight services as for one."""

from __future__ import annotations

import json
import sys

import pytest
import requests
import yaml

from tests.aws.server import WHO, Server
from tests.aws.table import Measured
from tests.lab.controller import ROOT
from tests.started import run
from tests.unit.ecs import aws
from tests.unit.ecs.amazon import INVENTORY
from tests.unit.infra.conftest import keys  # noqa: F401  # a fixture


def described(services):
    """Give the description of a system of so many services like `web`."""
    shop = yaml.safe_load(aws.YAML.replace("@PORT@", "1"))
    web = shop["services"]["web"]
    shop["services"] = {
        name: web | {"needs": [], "ports": {"blue": port, "green": port + 1000}, "container_port": port}
        for name, port in services.items()
    }
    shop["edge"]["paths"] = {"/" if name == "web" else f"/{name}/": name for name in services}
    return json.dumps(shop)


@pytest.fixture
def look(keys, tmp_path):  # noqa: F811
    """Look at a system of so many services; gives how often AWS was asked."""
    keys.setenv("SHOP_DB_PASSWORD", "planted-4711")
    keys.setenv("AWS_REGION", aws.REGION)
    keys.setenv("HANDRAIL_STORE", f"sqlite:///{tmp_path}/journal.db")
    keys.setenv("HANDRAIL_JOURNAL_KEY", f"{tmp_path}/journal.key")
    server = Server()
    keys.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.port}")
    folder = tmp_path / "inventories"
    (folder / "group_data").mkdir(parents=True)
    (folder / "aws.py").write_text(INVENTORY)
    (folder / "group_data/aws.py").write_text('environment = "aws"\nsystems = ("shop.yaml",)\n')

    def asked(number):
        requests.post(f"http://127.0.0.1:{server.port}/moto-api/reset", timeout=10)
        services = {"web": 8000} | {f"s{each}": 8000 + 10 * each for each in range(1, number)}
        (folder / "shop.yaml").write_text(described(services))
        aws.build(services=services)
        keys.setenv(WHO, f"status-{number}")
        done = run(
            [f"{sys.prefix}/bin/fab", "status", "--json", "--inventory", f"{folder}/aws.py"], cwd=ROOT, timeout=60
        )
        keys.delenv(WHO)
        assert done.returncode == 0, done.stdout + done.stderr
        assert len(json.loads(done.stdout)["services"]) == 2 * number
        return server.asked[f"status-{number}"]

    with server.running():
        yield asked


def test_a_status_asks_as_often_for_eight_services_as_for_one(look):
    one, eight = look(1), look(8)
    assert one == eight
    assert one > 0
    Measured(calls={"status of 1 service": one, "status of 8 services": eight}).keep("aws-calls")
