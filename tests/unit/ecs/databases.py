"""A database with its replica for the system of `aws.py`: RDS, a private name, a secret with its address."""

from __future__ import annotations

import json

from tests.unit.ecs import aws
from tests.unit.ecs.aws import ENVIRONMENT, PREFIX, STATE, SYSTEM, client

MAIN, REPLICA = f"{PREFIX}-db", f"{PREFIX}-db-replica"
NAME = f"db.{PREFIX}.internal"
PART = """  database:
    datastore: postgresql
    keep: 7d
    promote: {lag: 30s, catch_up: 2s, deadline: 3s}
    snapshot: true
    snapshots: 2
    record: true
    address_in: DB_URL
"""
MIGRATE = "  migrate: {service: api, command: [migrate], deadline: 5s}\n"


def yaml(port):
    """Describe the system with its database; its releases migrate."""
    changes = {
        "@PORT@": str(port),
        "secrets: {DB_PASSWORD: 1}": "secrets: {DB_PASSWORD: 1, DB_URL: 1}",
        "{DB_PASSWORD: {env: SHOP_DB_PASSWORD}}": "{DB_PASSWORD: {env: SHOP_DB_PASSWORD}, DB_URL: {env: SHOP_DB_URL}}",
        "  domain: {zone: example.com}\n": f"  domain: {{zone: example.com}}\n{PART}",
        "release:\n": f"release:\n{MIGRATE}",
    }
    text = aws.YAML
    for old, new in changes.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def build():
    """Make the replica and the names of the database, and write them into Terraform's outputs."""
    rds = client("rds")
    rds.create_db_instance_read_replica(DBInstanceIdentifier=REPLICA, SourceDBInstanceIdentifier=MAIN)
    zone = client("route53").create_hosted_zone(Name=f"{PREFIX}.internal", CallerReference="one")["HostedZone"]["Id"]
    address = instance(MAIN)["Endpoint"]["Address"]
    secret = client("secretsmanager").create_secret(
        Name=f"{PREFIX}/DB_URL", SecretString=f"postgresql://shop:planted-4711@{address}/shop"
    )["ARN"]
    key = f"{SYSTEM}/{ENVIRONMENT}.tfstate"
    state = json.loads(client("s3").get_object(Bucket=STATE, Key=key)["Body"].read())
    outputs = state["outputs"]["system"]["value"]
    outputs["database"] = {
        "address": address, "main": MAIN, "identifiers": [REPLICA, MAIN], "record": {"zone_id": zone, "name": NAME},
    }  # fmt: skip
    outputs["secret_arns"]["DB_URL"] = secret
    client("s3").put_object(Bucket=STATE, Key=key, Body=json.dumps(state).encode())
    return zone


def instance(name):
    """Look at one."""
    (found,) = client("rds").describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
    return found


def snapshots(name):
    """List the snapshots of an instance, by name."""
    found = client("rds").describe_db_snapshots(DBInstanceIdentifier=name)["DBSnapshots"]
    return sorted(each["DBSnapshotIdentifier"] for each in found if each["SnapshotType"] == "manual")


def url():
    """Read the secret."""
    return client("secretsmanager").get_secret_value(SecretId=f"{PREFIX}/DB_URL")["SecretString"]


def record(zone):
    """Read where the private name leads."""
    sets = client("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    return [each["ResourceRecords"][0]["Value"] for each in sets if each["Name"] == f"{NAME}."]
