"""Changes made by hand, behind Terraform's back: what somebody does in AWS's console and forgets."""

from __future__ import annotations

import boto3

from tests.aws.system import ANOTHER, PREFIX
from tests.unit.ecs.aws import ACCOUNT, REGION

MODULE = "module.system.module"


def client(name):
    return boto3.client(name, region_name=REGION)


def a_security_group_rule():
    ec2 = client("ec2")
    rules = ec2.describe_security_group_rules()["SecurityGroupRules"]
    (rule,) = (each for each in rules if not each["IsEgress"] and each["FromPort"] == 5432)
    wider = {"IpProtocol": "tcp", "FromPort": 0, "ToPort": 65535}
    wider |= {"ReferencedGroupId": rule["ReferencedGroupInfo"]["GroupId"], "Description": rule["Description"]}
    ec2.modify_security_group_rules(
        GroupId=rule["GroupId"],
        SecurityGroupRules=[{"SecurityGroupRuleId": rule["SecurityGroupRuleId"], "SecurityGroupRule": wider}],
    )


def the_listener():
    client("elbv2").modify_listener(ListenerArn=listener(), SslPolicy="ELBSecurityPolicy-2016-08")


def listener():
    balancer = client("elbv2")
    (arn,) = (each["LoadBalancerArn"] for each in balancer.describe_load_balancers()["LoadBalancers"])
    found = balancer.describe_listeners(LoadBalancerArn=arn)["Listeners"]
    return next(each["ListenerArn"] for each in found if each["Port"] == 443)


def the_most_tasks():
    client("application-autoscaling").register_scalable_target(
        ServiceNamespace="ecs", ResourceId=f"service/{PREFIX}/{PREFIX}-backend-blue",
        ScalableDimension="ecs:service:DesiredCount", MaxCapacity=99,
    )  # fmt: skip


def a_setting_of_rds():
    client("rds").modify_db_parameter_group(
        DBParameterGroupName=f"{PREFIX}-postgres16",
        Parameters=[{"ParameterName": "rds.force_ssl", "ParameterValue": "0", "ApplyMethod": "immediate"}],
    )


def the_life_of_backups():
    rule = {"ID": "data", "Status": "Enabled", "Filter": {"Prefix": "data/"}, "Expiration": {"Days": 1}}
    client("s3").put_bucket_lifecycle_configuration(
        Bucket=f"{PREFIX}-backups-{ACCOUNT}", LifecycleConfiguration={"Rules": [rule]}
    )


def an_alarm():
    metrics = client("cloudwatch")
    (alarm,) = metrics.describe_alarms(AlarmNames=[f"{PREFIX}-errors-alert"])["MetricAlarms"]
    words = ("AlarmName", "EvaluationPeriods", "ComparisonOperator", "TreatMissingData", "AlarmActions", "OKActions")
    metrics.put_metric_alarm(Threshold=99.0, Metrics=alarm["Metrics"], **{word: alarm[word] for word in words})


def a_record_of_dns():
    names = client("route53")
    (zone,) = names.list_hosted_zones()["HostedZones"]
    records = names.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
    (record,) = (each for each in records if each["Type"] == "A")
    record["AliasTarget"]["EvaluateTargetHealth"] = False
    names.change_resource_record_sets(
        HostedZoneId=zone["Id"], ChangeBatch={"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]}
    )


def the_rotation_of_a_key():
    keys = client("kms")
    (key,) = (each for each in keys.list_aliases()["Aliases"] if each["AliasName"] == f"alias/{PREFIX}-backups")
    keys.disable_key_rotation(KeyId=key["TargetKeyId"])


def a_policy_of_iam():
    more = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"elasticloadbalancing:*","Resource":"*"}]}'
    client("iam").put_role_policy(RoleName=f"{PREFIX}-revert", PolicyName="weights", PolicyDocument=more)


def the_value_of_a_secret():
    client("secretsmanager").put_secret_value(SecretId=f"{PREFIX}/REDIS_PASSWORD", SecretString=ANOTHER)


def a_subscription():
    topics = client("sns")
    (found,) = (each for each in topics.list_subscriptions()["Subscriptions"] if each["TopicArn"].endswith("-alert"))
    topics.unsubscribe(SubscriptionArn=found["SubscriptionArn"])


def the_age_of_logs():
    client("logs").put_retention_policy(logGroupName=f"/ecs/{PREFIX}/backend", retentionInDays=1)


def a_dashboard_that_is_gone():
    client("cloudwatch").delete_dashboards(DashboardNames=[PREFIX])


# What was done, the address that drift names, and a word that its line has.
CHANGES = {
    a_security_group_rule: (f'{MODULE}.network.aws_vpc_security_group_ingress_rule.in["database"]', "from_port: 5432"),
    the_listener: (f"{MODULE}.load_balancer.aws_lb_listener.https[0]", "ssl_policy"),
    the_most_tasks: (f'{MODULE}.compute.aws_appautoscaling_target.this["backend-blue"]', "max_capacity: 10 is now 99"),
    a_setting_of_rds: (f"{MODULE}.database[0].aws_db_parameter_group.this", "parameter"),
    the_life_of_backups: (f"{MODULE}.backup_store.aws_s3_bucket_lifecycle_configuration.this", "rule"),
    an_alarm: (f'{MODULE}.monitoring.aws_cloudwatch_metric_alarm.errors["alert"]', "threshold: 5 is now 99"),
    a_record_of_dns: (f'{MODULE}.dns.aws_route53_record.this["aws.sanvi-machinery.com"]', "alias"),
    the_rotation_of_a_key: (f"{MODULE}.backup_store.aws_kms_key.this", "enable_key_rotation: true is now false"),
    a_policy_of_iam: (f"{MODULE}.deploys.aws_iam_role_policy.revert", "policy"),
    the_value_of_a_secret: (f'{MODULE}.secrets.aws_secretsmanager_secret_version.this["REDIS_PASSWORD"]', "version"),
    a_subscription: (f'{MODULE}.monitoring.aws_sns_topic_subscription.email["alert devops-lead@sanvi.com"]', "deleted"),
    the_age_of_logs: (f'{MODULE}.compute.aws_cloudwatch_log_group.this["backend"]', "retention_in_days: 90 is now 1"),
    a_dashboard_that_is_gone: (f"{MODULE}.monitoring.aws_cloudwatch_dashboard.this", "deleted by hand"),
}  # fmt: skip
