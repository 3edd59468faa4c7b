"""A system on an AWS of moto: what Terraform's modules would have made, by the same names, made in a moment.

moto has no data plane: tasks run at once in its books, targets are healthy as soon as they are registered, and nobody
answers at the load balancer's address. `Tasks` lets a test say how many tasks of a slot are there and are healthy.
"""

from __future__ import annotations

import json
import os
from functools import lru_cache

import boto3

ACCOUNT, REGION = "123456789012", "ap-south-1"
SYSTEM, ENVIRONMENT = "shop", "aws"
PREFIX = f"{SYSTEM}-{ENVIRONMENT}"
STATE = "shop-state"
SERVICES = {"api": 3000, "web": 8080}
SLOTS = ("blue", "green")
RELEASES = tuple(f"1.{number}.0" for number in range(14))
YAML = f"""
system: {SYSTEM}
services:
  api:
    runtime: ecs
    hosts: cluster
    image: {{registry: "{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{PREFIX}/api:${{version}}"}}
    instances: {{min: 2, max: 6}}
    ports: {{blue: 3000, green: 3100}}
    container_port: 3000
    environment:
      PORT: "${{port}}"
      RELEASE: "${{version}}"
      SLOT: "${{slot}}"
      DB_HOST: "${{postgresql.address}}"
      DATABASE_PASSWORD: {{secret: DB_PASSWORD}}
    health: {{path: /health, deadline: 8s}}
    needs: [postgresql]
  web:
    runtime: ecs
    hosts: cluster
    image: {{registry: "{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{PREFIX}/web:${{version}}"}}
    instances: {{min: 2, max: 6}}
    ports: {{blue: 8080, green: 8180}}
    container_port: 8080
    environment: {{PORT: "${{port}}"}}
    health: {{path: /, deadline: 8s}}
    needs: [api]
datastores:
  postgresql:
    kind: postgresql
    runtime: aws
    hosts: database
    port: 5432
    database: shop
    user: shop
    password: {{secret: DB_PASSWORD}}
edge:
  hosts: cluster
  runtime: alb
  port: @PORT@
  server_names: [shop.example.com]
  paths: {{/: web, /api/: api}}
release:
  artifact: "shop-${{version}}.tar.gz"
  sha256: "{"0" * 64}"
  version: {{path: /api/version, header: X-Release}}
times: {{drain: 0s, bake: 1s, confirm: 12s, lease: 10s}}
aws:
  account: "{ACCOUNT}"
  region: {REGION}
  owner: ops
  state: {{bucket: {STATE}}}
  domain: {{zone: example.com}}
  secrets: {{DB_PASSWORD: 1}}
secrets: {{DB_PASSWORD: {{env: SHOP_DB_PASSWORD}}}}
environments: {{{ENVIRONMENT}: {{}}}}
"""


def client(name):
    return _client(name, os.environ.get("AWS_ENDPOINT_URL", ""))


@lru_cache(maxsize=64)
def _client(name, _):
    """Make a client once for each server: each takes 60 ms of a processor."""
    return boto3.client(name, region_name=REGION)


def build(address="127.0.0.1", services=SERVICES):
    """Make everything, and write the outputs into a state as Terraform does; `web` answers what no path leads to."""
    ec2, balancer, ecs = client("ec2"), client("elbv2"), client("ecs")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"{REGION}{zone}")["Subnet"][
            "SubnetId"
        ]
        for n, zone in enumerate("ab")
    ]
    inside = ec2.create_security_group(GroupName="services", Description="services", VpcId=vpc)["GroupId"]
    alb = balancer.create_load_balancer(Name=f"{PREFIX}-alb", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    groups = {
        f"{name}-{slot}": balancer.create_target_group(
            Name=f"{PREFIX}-{name}-{slot}", Protocol="HTTP", Port=port, VpcId=vpc, TargetType="ip"
        )["TargetGroups"][0]["TargetGroupArn"]
        for name, port in services.items() for slot in SLOTS
    }  # fmt: skip
    listener = balancer.create_listener(
        LoadBalancerArn=alb, Protocol="HTTP", Port=80, DefaultActions=forward(groups, "web")
    )["Listeners"][0]["ListenerArn"]
    rules = {
        name: balancer.create_rule(
            ListenerArn=listener, Priority=940 - number, Actions=forward(groups, name),
            Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": [f"/{name}/*"]}}],
        )["Rules"][0]["RuleArn"]
        for number, name in enumerate(sorted(services)) if name != "web"
    }  # fmt: skip
    ecs.create_cluster(clusterName=PREFIX)
    for name, port in services.items():
        client("ecr").create_repository(repositoryName=f"{PREFIX}/{name}")
        client("logs").create_log_group(logGroupName=f"/ecs/{PREFIX}/{name}")
        for release in RELEASES:
            push(name, release)
        for slot in SLOTS:
            family = f"{PREFIX}-{name}-{slot}"
            definition = ecs.register_task_definition(
                family=family, requiresCompatibilities=["FARGATE"], networkMode="awsvpc", cpu="512", memory="1024",
                containerDefinitions=[{
                    "name": name, "image": "none", "essential": True, "memory": 512,
                    "portMappings": [{"containerPort": port}],
                }],
            )["taskDefinition"]["taskDefinitionArn"]  # fmt: skip
            ecs.create_service(
                cluster=PREFIX, serviceName=family, taskDefinition=definition, desiredCount=0, launchType="FARGATE",
                loadBalancers=[{
                    "targetGroupArn": groups[f"{name}-{slot}"], "containerName": name, "containerPort": port,
                }],
                networkConfiguration={"awsvpcConfiguration": {"subnets": subnets, "securityGroups": [inside]}},
            )  # fmt: skip
    client("dynamodb").create_table(
        TableName=f"{PREFIX}-deploys", BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )  # fmt: skip
    secret = client("secretsmanager").create_secret(Name=f"{PREFIX}/DB_PASSWORD", SecretString="planted-4711")
    database()
    outputs = {
        "cluster": PREFIX,
        "services": {key: f"{PREFIX}-{key}" for key in groups},
        "repositories": {name: f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{PREFIX}/{name}" for name in services},
        "log_groups": {name: f"/ecs/{PREFIX}/{name}" for name in services},
        "load_balancer": {
            "dns_name": address, "listener_arn": listener, "rule_arns": rules, "target_groups": groups,
        },
        "database": {"address": "db.shop.rds.amazonaws.com", "identifiers": [f"{PREFIX}-db"]},
        "deploys": {"table": f"{PREFIX}-deploys", "role_arn": f"arn:aws:iam::{ACCOUNT}:role/{PREFIX}-revert"},
        "secret_arns": {"DB_PASSWORD": secret["ARN"]},
    }  # fmt: skip
    s3 = client("s3")
    s3.create_bucket(Bucket=STATE, CreateBucketConfiguration={"LocationConstraint": REGION})
    state = {"version": 4, "outputs": {"system": {"value": outputs}}}
    s3.put_object(Bucket=STATE, Key=f"{SYSTEM}/{ENVIRONMENT}.tfstate", Body=json.dumps(state).encode())
    return outputs


def database():
    """Make the database."""
    client("rds").create_db_instance(
        DBInstanceIdentifier=f"{PREFIX}-db", DBInstanceClass="db.t4g.medium", Engine="postgres", EngineVersion="16.4",
        AllocatedStorage=50, MaxAllocatedStorage=200, BackupRetentionPeriod=30,
        MasterUsername=SYSTEM, MasterUserPassword="planted-4711",
    )  # fmt: skip


def forward(groups, service):
    weights = [{"TargetGroupArn": groups[f"{service}-{slot}"], "Weight": 100 * (slot == "blue")} for slot in SLOTS]
    return [{"Type": "forward", "ForwardConfig": {"TargetGroups": weights}}]


def push(name, release, prefix=PREFIX):
    """Put an image into the registry; moto makes its digest of those of its layers."""
    digest = "sha256:" + f"{name}{release}".encode().hex().zfill(64)[-64:]
    layer = {"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "size": 1, "digest": digest}
    manifest = {
        "schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": layer, "layers": [layer],
    }  # fmt: skip
    client("ecr").put_image(repositoryName=f"{prefix}/{name}", imageManifest=json.dumps(manifest), imageTag=release)
