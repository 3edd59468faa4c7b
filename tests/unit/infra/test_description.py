"""The AWS part of a description: what may stand there, and what Terraform is told."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from handrail.control.inventory import read
from handrail.errors import BadInput, SystemInvalid
from handrail.model import document
from handrail.model.aws_variables import aws_of, variables
from handrail.model.environment import Environment

ROOT = Path(__file__).parents[3]
SANVI = yaml.safe_load((ROOT / "inventories" / "sanvi.yaml").read_text())

COPIED = "arn:aws:rds:ap-south-1:123456789012:db:shop"


def described(**changes):
    """Lay changes over the AWS part, and read it for prod; `None` takes a key away."""
    aws = {key: value for key, value in (SANVI["aws"] | changes).items() if value is not None}
    text = json.dumps(SANVI | {"aws": aws, "environments": {"prod": {}}}, default=str)
    return document.parse(text, source="shop.yaml", environment="prod")


@pytest.fixture
def told(monkeypatch):
    monkeypatch.chdir(ROOT)
    return lambda name: variables(read(Path(f"inventories/{name}.py")).load().environment)["system"]


@pytest.mark.parametrize(
    ("changes", "key", "allowed"),
    [
        ({"account": 123456789012}, "aws.account", "12 digits, quoted"),
        ({"account": "1234"}, "aws.account", "12 digits"),
        ({"region": "mumbai"}, "aws.region", "a region such as ap-south-1"),
        ({"acount": "123456789012"}, "aws.acount", "did you mean 'account'?"),
        ({"state": {"bucket": "Sanvi_State"}}, "aws.state.bucket", "3 to 63 of a-z"),
        ({"network": {"cidr": "10.0.0.0/24"}}, "aws.network.cidr", "from /16 to /20"),
        ({"network": {"nat_gateways": 3}}, "aws.network.nat_gateways", "from 1 to 2"),
        ({"services": {"backnd": {}}}, "aws.services.backnd", "did you mean 'backend'?"),
        ({"services": {"backend": {"min": 5, "max": 2}}}, "aws.services.backend.min", "at most max, which is 2"),
        ({"services": {"backend": {"cpu": 256, "memory": 4096}}}, "aws.services.backend.memory", "with cpu 256"),
        ({"services": {"backend": {"grow": {"cpu": 140}}}}, "aws.services.backend.grow.cpu", "from 0 to 100"),
        ({"services": {"backend": {"grow": {"lasts": "10s"}}}}, "aws.services.backend.grow.lasts", "at least 1m"),
        ({"database": {"datastore": "redis"}}, "aws.database.datastore", "of the kind postgresql: postgresql"),
        ({"database": {"datastore": "postgresql", "keep": "60d"}}, "aws.database.keep", "at most 35d"),
        ({"database": {"datastore": "postgresql", "max_storage": 20}}, "aws.database.max_storage", "at least storage"),
        ({"database": {"datastore": "postgresql", "version": 16.4}}, "aws.database.version", "quoted"),
        ({"database": {"datastore": "postgresql", "main": "other"}}, "aws.database.main", "db-replica"),
        ({"database": {"datastore": "postgresql", "address_in": "URL"}}, "aws.database.address_in", "aws.secrets"),
        (
            {"database": {"datastore": "postgresql", "main": "db-replica", "replica_of": COPIED}},
            "aws.database.main", "db, beside replica_of",
        ),
        (
            {"backup_store": {"classes": {"data": {"glacier": "30d", "keep": "30d"}}}},
            "aws.backup_store.classes.data.glacier", "less than keep, which is 30d",
        ),
        (
            {"backup_store": {"lock": "90d", "classes": {"data": {"keep": "30d"}}}},
            "aws.backup_store.classes.data.keep", "at least backup_store.lock",
        ),
        ({"log_days": 31}, "aws.log_days", "30"),
        ({"alarms": {"email": ["nobody"]}}, "aws.alarms.email", "an e-mail address"),
        ({"secrets": {"DB_PASSWORD": 1}}, "aws.secrets", "REDIS_PASSWORD: 1, which services.backend"),
        ({"secrets": {"DB_PASSWORD": 1, "REDIS_PASSWORD": 0}}, "aws.secrets.REDIS_PASSWORD", "from 1"),
    ],
)  # fmt: skip
def test_a_slip_is_told_with_its_key_and_what_is_allowed(changes, key, allowed):
    with pytest.raises(SystemInvalid) as caught:
        described(**changes)
    (told,) = [problem for problem in caught.value.problems if problem.key.startswith(key)]
    assert allowed in str(told)


def test_a_database_whose_owner_has_no_password_is_told():
    stores = {name: dict(store) for name, store in SANVI["datastores"].items()}
    del stores["postgresql"]["password"]
    text = json.dumps(SANVI | {"datastores": stores, "environments": {"prod": {}}}, default=str)
    with pytest.raises(SystemInvalid, match=r"aws\.database\.datastore: .* a datastore with a password"):
        document.parse(text, source="shop.yaml", environment="prod")


def test_production_is_told_the_guides_limits(told):
    system = told("prod")
    assert (system["account"], system["region"]) == ("123456789012", "ap-south-1")
    for service in system["services"].values():
        assert (service["min"], service["max"], service["scale_cpu"], service["scale_cpu_for"]) == (2, 10, 70, 10)
    assert system["services"]["frontend"]["scale_p95"] == 0.4
    backend = system["services"]["backend"]
    assert (backend["scale_queue"], backend["scale_queue_for"], backend["paths"]) == (100, 5, ["/api/*"])
    thresholds = system["thresholds"]
    assert thresholds["cpu"] == {"warn": 70, "alert": 90, "warn_minutes": 15, "alert_minutes": 5}
    assert thresholds["errors"] == {"warn": 1, "alert": 5, "warn_minutes": 5, "alert_minutes": 1}
    assert (thresholds["p95"]["warn"], thresholds["p95"]["alert"]) == (0.5, 1.0)
    assert {name: kept["keep_days"] for name, kept in system["backup_store"]["classes"].items()} == {
        "data": 30, "configuration": 90,
    }  # fmt: skip


def test_environments_differ_in_what_the_yaml_says(told):
    assert told("dev")["protect"] is False
    assert told("staging")["domain"]["role"] == "simple"
    # On the load balancer certificates come from files; the other environments' are nginx's own.
    assert [told(name)["domain"]["certificates_brought"] for name in ("aws", "prod", "dr")] == [True, False, False]
    recovery = told("dr")
    assert recovery["domain"]["role"] == "secondary"
    assert recovery["database"]["replicate_from"].endswith(":db:sanvi-prod-db")
    assert recovery["region"] != told("prod")["region"]


def test_secrets_are_named_and_never_told(told, monkeypatch):
    monkeypatch.setenv("SANVI_DB_PASSWORD", "planted-4711")
    text = json.dumps(told("prod"))
    assert '"DATABASE_PASSWORD": "DB_PASSWORD"' in text
    assert "planted-4711" not in text


def test_an_environment_without_the_part_says_what_to_add():
    system = document.parse(
        json.dumps(SANVI | {"aws": None, "environments": {"prod": {"aws": None}}}), source="s", environment="prod"
    )
    with pytest.raises(BadInput, match="has no part `aws`"):
        aws_of(Environment("prod", system, {}))


def test_every_environment_on_aws_has_a_root_and_all_roots_are_alike():
    bodies = {
        path.parent.name: path.read_text().partition("\n")[2] for path in (ROOT / "terraform/roots").glob("*/main.tf")
    }
    assert set(bodies) == {"prod", "staging", "dev", "dr", "aws"}
    assert len(set(bodies.values())) == 1


def test_what_the_deploy_changes_is_ignored_by_terraform_and_by_drift_alike():
    from handrail.model.infra_drift import OF_THE_DEPLOY  # noqa: PLC0415

    found = {}
    for path in (ROOT / "terraform/modules").rglob("*.tf"):
        for block in re.split(r"^resource ", path.read_text(), flags=re.MULTILINE)[1:]:
            ignored = re.search(r"ignore_changes\s*=\s*\[([^\]]*)\]", block)
            if ignored:
                kind, name = block.split('"')[1:4:2]
                found[kind, name] = {each.strip() for each in ignored[1].split(",")}
    for (kind, name), ignored in found.items():
        assert ignored == OF_THE_DEPLOY.get(kind, set()) | OF_THE_DEPLOY.get(f"{kind}.{name}", set()), (kind, name)
    assert set(OF_THE_DEPLOY) <= {kind for kind, _ in found} | {f"{kind}.{name}" for kind, name in found}
