"""What an account has, by service: listed before, built and left. Asked of AWS's API, as anybody could."""

from __future__ import annotations

from tests.aws.by_hand import client

# AWS makes a key of its own for what names none, and keeps it.
OF_AWS = "alias/aws/"


def _all(service, verb, key, **words):
    there = client(service)
    if there.can_paginate(verb):
        return [each for page in there.get_paginator(verb).paginate(**words) for each in page[key]]
    return getattr(there, verb)(**words)[key]


def _keys():
    ids = [each["KeyId"] for each in _all("kms", "list_keys", "Keys")]
    told = (client("kms").describe_key(KeyId=each)["KeyMetadata"] for each in ids)
    own = {each.get("TargetKeyId") for each in _all("kms", "list_aliases", "Aliases") if OF_AWS in each["AliasName"]}
    # AWS deletes a key a week later at the earliest; until then nobody can use it.
    return [each for each in told if each["KeyId"] not in own and each["KeyState"] != "PendingDeletion"]


def _clusters():
    arns = _all("ecs", "list_clusters", "clusterArns")
    return [each for each in client("ecs").describe_clusters(clusters=arns)["clusters"] if each["status"] == "ACTIVE"]


def _services():
    found = []
    for cluster in _clusters():
        arns = _all("ecs", "list_services", "serviceArns", cluster=cluster["clusterArn"])
        found += arns
    return found


def _of_balancers(verb, key):
    found = _all("elbv2", "describe_load_balancers", "LoadBalancers")
    return [each for one in found for each in _all("elbv2", verb, key, LoadBalancerArn=one["LoadBalancerArn"])]


def _groups():
    groups = _all("scheduler", "list_schedule_groups", "ScheduleGroups")
    return [each for each in groups if each["Name"] != "default"]


def _aliases():
    return [each for each in _all("kms", "list_aliases", "Aliases") if OF_AWS not in each["AliasName"]]


def _there(verb, key):
    return [each for each in _all("ec2", verb, key) if each["State"] != "deleted"]


# Every kind of thing that the modules make or a deploy leaves: service, and how it is listed.
KINDS = {
    "ACM": [lambda: _all("acm", "list_certificates", "CertificateSummaryList")],
    "Auto Scaling": [
        lambda: _all("application-autoscaling", "describe_scalable_targets", "ScalableTargets", ServiceNamespace="ecs"),
        lambda: _all("application-autoscaling", "describe_scaling_policies", "ScalingPolicies", ServiceNamespace="ecs"),
    ],
    "CloudWatch": [
        lambda: _all("cloudwatch", "describe_alarms", "MetricAlarms"),
        lambda: _all("cloudwatch", "list_dashboards", "DashboardEntries"),
        lambda: _all("logs", "describe_log_groups", "logGroups"),
    ],
    "DynamoDB": [lambda: _all("dynamodb", "list_tables", "TableNames")],
    "ECR": [lambda: _all("ecr", "describe_repositories", "repositories")],
    "ECS": [
        _clusters, _services, lambda: _all("ecs", "list_task_definitions", "taskDefinitionArns", status="ACTIVE"),
    ],
    "ElastiCache": [
        lambda: _all("elasticache", "describe_replication_groups", "ReplicationGroups"),
        lambda: _all("elasticache", "describe_cache_clusters", "CacheClusters"),
        lambda: _all("elasticache", "describe_cache_subnet_groups", "CacheSubnetGroups"),
        lambda: _all("elasticache", "describe_cache_parameter_groups", "CacheParameterGroups"),
    ],
    "EventBridge": [_groups],
    "IAM": [lambda: _all("iam", "list_roles", "Roles")],
    "KMS": [_keys, _aliases],
    "Load balancing": [
        lambda: _all("elbv2", "describe_load_balancers", "LoadBalancers"),
        lambda: _all("elbv2", "describe_target_groups", "TargetGroups"),
        lambda: _of_balancers("describe_listeners", "Listeners"),
    ],
    "RDS": [
        lambda: _all("rds", "describe_db_instances", "DBInstances"),
        lambda: _all("rds", "describe_db_subnet_groups", "DBSubnetGroups"),
        lambda: _all("rds", "describe_db_parameter_groups", "DBParameterGroups"),
        lambda: _all("rds", "describe_db_snapshots", "DBSnapshots"),
    ],
    "Route 53": [
        lambda: _all("route53", "list_hosted_zones", "HostedZones"),
        lambda: _all("route53", "list_health_checks", "HealthChecks"),
    ],
    # The bucket of the state was there before.
    "S3": [lambda: client("s3").list_buckets()["Buckets"]],
    "SNS": [
        lambda: _all("sns", "list_topics", "Topics"), lambda: _all("sns", "list_subscriptions", "Subscriptions"),
    ],
    "Secrets Manager": [lambda: _all("secretsmanager", "list_secrets", "SecretList")],
    "VPC": [
        lambda: _all("ec2", "describe_vpcs", "Vpcs"), lambda: _all("ec2", "describe_subnets", "Subnets"),
        lambda: _all("ec2", "describe_security_groups", "SecurityGroups"),
        lambda: _all("ec2", "describe_security_group_rules", "SecurityGroupRules"),
        lambda: _all("ec2", "describe_addresses", "Addresses"),
        lambda: _there("describe_nat_gateways", "NatGateways"),
        lambda: _all("ec2", "describe_internet_gateways", "InternetGateways"),
        lambda: _all("ec2", "describe_route_tables", "RouteTables"),
        lambda: _there("describe_vpc_endpoints", "VpcEndpoints"),
        lambda: _all("ec2", "describe_network_interfaces", "NetworkInterfaces"),
    ],
}  # fmt: skip


def census():
    """List what is there, by service."""
    return {name: [each for listed in lists for each in listed()] for name, lists in KINDS.items()}


def more(there, before):
    """Tell how much more is there than before, by service."""
    return {name: len(found) - len(before[name]) for name, found in there.items()}
