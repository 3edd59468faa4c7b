"""What moto's server lacks of AWS and Terraform's provider asks for: supplied here, each with its reason.

docs/explanation/aws-cycle.md lists them. None of it is about what handrail does: these are fields and requests that
AWS has and moto has not.
"""

from __future__ import annotations

import inspect
import json
import re
import uuid
from typing import ClassVar

from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.models.nat_gateways import NatGatewayBackend
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.ecs.models import EC2ContainerServiceBackend
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.elasticache.models import CacheCluster, ElastiCacheBackend
from moto.elasticache.responses import ElastiCacheResponse
from moto.elbv2.models import ELBv2Backend
from moto.rds.models import DBInstance, DBParameterGroup, RDSBackend

# What ECS keeps of a service and moto drops: its name in a request, and in moto's books.
OF_A_SERVICE = {
    "healthCheckGracePeriodSeconds": "health_check_grace_period_seconds",
    "availabilityZoneRebalancing": "availability_zone_rebalancing",
    "deploymentConfiguration": "deployment_configuration",
    "enableExecuteCommand": "enable_execute_command",
}
# The test's load balancer answers on this machine.
ADDRESS = "127.0.0.1"


def supply(patch):
    """Supply all of it, for as long as the patch lasts."""
    services(patch)
    tasks(patch)
    scaling_tags(patch)
    databases(patch)
    cache_parameters(patch)
    cache_clusters(patch)
    rules(patch)
    gateways(patch)
    address(patch)


def services(patch):
    """Keep what ECS keeps of a service."""
    for name in ("create_service", "update_service"):
        asked = getattr(EC2ContainerServiceResponse, name)

        def kept(self, asked=asked):
            reply = asked(self)
            service = reply.result["service"]
            for word, attribute in OF_A_SERVICE.items():
                if self._get_param(word) is not None:
                    setattr(service, attribute, self._get_param(word))
            return reply

        patch.setattr(EC2ContainerServiceResponse, name, kept)


def tasks(patch):
    """On Fargate the task has its memory, and its containers need none of their own."""

    def nothing(_definition):
        return {"CPU": 0, "MEMORY": 0, "PORTS": [], "PORTS_UDP": []}

    patch.setattr(EC2ContainerServiceBackend, "_calculate_task_resource_requirements", staticmethod(nothing))


def scaling_tags(patch):
    """Application Auto Scaling has tags of its targets."""
    of, tags = ApplicationAutoScalingResponse, {}
    asked = of.register_scalable_target

    def register(self):
        said = asked(self)
        tags.setdefault(json.loads(said)["ScalableTargetARN"], {}).update(self._get_param("Tags") or {})
        return said

    def tell(self):
        return json.dumps({"Tags": tags.get(self._get_param("ResourceARN"), {})})

    def tag(self):
        tags.setdefault(self._get_param("ResourceARN"), {}).update(self._get_param("Tags") or {})
        return "{}"

    patch.setattr(of, "register_scalable_target", register)
    patch.setattr(of, "list_tags_for_resource", tell, raising=False)
    patch.setattr(of, "tag_resource", tag, raising=False)


def databases(patch):
    """Each database has an id of its own, by which the provider reads it; a parameter that was set says so."""
    began, replicated, parameters = (
        DBInstance.__init__, RDSBackend.create_db_instance_read_replica, DBParameterGroup.update_parameters,
    )  # fmt: skip

    def identify(database, words):
        database.dbi_resource_id = f"db-{uuid.uuid4().hex[:26].upper()}"
        database.performance_insights_enabled = bool(words.get("enable_performance_insights"))
        database.performance_insights_kms_key_id = words.get("performance_insights_kms_key_id")

    def begin(self, *words, **more):
        began(self, *words, **more)
        identify(self, more)

    def replicate(self, words):
        made = replicated(self, words)
        identify(made, words)
        # moto copies the primary's.
        made.multi_az = bool(words.get("multi_az"))
        return made

    def update(self, *words, **more):
        reply = parameters(self, *words, **more)
        for each in self.parameters.values():
            each["Source"] = "user"
        return reply

    patch.setattr(DBInstance, "__init__", begin)
    patch.setattr(RDSBackend, "create_db_instance_read_replica", replicate)
    patch.setattr(DBParameterGroup, "update_parameters", update)


class _NoSuchGroup(ServiceException):
    code = "CacheParameterGroupNotFound"


class _CacheParameters(ElastiCacheResponse):
    """What ElastiCache answers of parameter groups, and of a subnet group that goes."""

    groups: ClassVar = {}

    def _named(self):
        return self._get_param("CacheParameterGroupName")

    def _shown(self, name):
        where = f"{self.region}:{self.current_account}:parametergroup:{name}"
        return self.groups[name]["group"] | {"CacheParameterGroupName": name, "ARN": f"arn:aws:elasticache:{where}"}

    def create_cache_parameter_group(self):
        about = {
            "CacheParameterGroupFamily": self._get_param("CacheParameterGroupFamily"),
            "Description": self._get_param("Description"), "IsGlobal": False,
        }  # fmt: skip
        self.groups[self._named()] = {"group": about, "values": {}}
        made = self._shown(self._named())
        self.elasticache_backend.add_tags_to_resource(made["ARN"], self._get_param("Tags", []) or [])
        return ActionResult({"CacheParameterGroup": made})

    def describe_cache_parameter_groups(self):
        name = self._named()
        if name and name not in self.groups:
            raise _NoSuchGroup(f"CacheParameterGroup {name} not found.")
        found = [self._shown(each) for each in ([name] if name else self.groups)]
        return ActionResult({"CacheParameterGroups": found})

    def modify_cache_parameter_group(self):
        for each in self._get_param("ParameterNameValues", []):
            self.groups[self._named()]["values"][each["ParameterName"]] = each["ParameterValue"]
        return ActionResult({"CacheParameterGroupName": self._named()})

    def describe_cache_parameters(self):
        found = [
            {"ParameterName": name, "ParameterValue": value, "Source": "user", "IsModifiable": True}
            for name, value in self.groups[self._named()]["values"].items()
        ]
        return ActionResult({"Parameters": found})

    def delete_cache_parameter_group(self):
        self.groups.pop(self._named(), None)
        return EmptyResult()

    def delete_cache_subnet_group(self):
        self.elasticache_backend.cache_subnet_groups.pop(self._get_param("CacheSubnetGroupName"), None)
        return EmptyResult()


def cache_parameters(patch):
    """ElastiCache has parameter groups, and deletes subnet groups."""
    for name, does in vars(_CacheParameters).items():
        if not name.startswith("__"):
            patch.setattr(ElastiCacheResponse, name, does, raising=False)


def cache_clusters(patch):
    """The nodes of a replication group are there to be asked about, and go with it; moto knows their names alone."""
    created, deleted, began = (
        ElastiCacheResponse.create_replication_group, ElastiCacheResponse.delete_replication_group,
        ElastiCacheBackend.__init__,
    )  # fmt: skip

    def node(self, name):
        given = dict.fromkeys(list(inspect.signature(CacheCluster.__init__).parameters)[1:]) | {
            "account_id": self.current_account, "region_name": self.region, "cache_cluster_id": name,
            "cache_node_type": self._get_param("CacheNodeType"), "num_cache_nodes": 1, "engine": "redis",
            "engine_version": f"{self._get_param('EngineVersion')}.0", "log_delivery_configurations": [],
            "replication_group_id": self._get_param("ReplicationGroupId"), "network_type": "ipv4",
            "cache_subnet_group_name": self._get_param("CacheSubnetGroupName"), "ip_discovery": "ipv4",
            "preferred_maintenance_window": "sun:18:00-sun:19:00", "auto_minor_version_upgrade": True,
            "snapshot_retention_limit": self._get_int_param("SnapshotRetentionLimit"),
            "transit_encryption_enabled": self._get_bool_param("TransitEncryptionEnabled"),
        }  # fmt: skip
        made = CacheCluster(**given)
        made.cache_parameter_group = {"CacheParameterGroupName": self._get_param("CacheParameterGroupName")}
        made.security_groups = [
            {"SecurityGroupId": each, "Status": "active"} for each in self._get_param("SecurityGroupIds") or []
        ]
        made.at_rest_encryption_enabled = self._get_bool_param("AtRestEncryptionEnabled")
        return made

    def create(self):
        reply = created(self)
        for name in reply.result["ReplicationGroup"].member_clusters:
            self.elasticache_backend.cache_clusters[name] = node(self, name)
        return reply

    def delete(self):
        reply, here = deleted(self), self.elasticache_backend
        group = self._get_param("ReplicationGroupId")
        here.replication_groups.pop(group, None)
        for name in [name for name in here.cache_clusters if name.startswith(f"{group}-")]:
            here.cache_clusters.pop(name)
        return reply

    def begin(self, *words, **more):
        began(self, *words, **more)
        # moto takes tags of clusters and of snapshots alone.
        self.arn_regex = re.compile(r"^arn:aws:elasticache:.*")

    patch.setattr(ElastiCacheResponse, "create_replication_group", create)
    patch.setattr(ElastiCacheResponse, "delete_replication_group", delete)
    patch.setattr(ElastiCacheBackend, "__init__", begin)


def rules(patch):
    """A rule of a security group that names another group has its description."""
    told = SecurityGroupRule.description

    def description(self):
        return told.fget(self) or self.source_group.get("Description")

    patch.setattr(SecurityGroupRule, "description", property(description))


def gateways(patch):
    """A NAT gateway's network interface goes with it."""
    deleted = NatGatewayBackend.delete_nat_gateway

    def delete(self, nat_gateway_id):
        gone = deleted(self, nat_gateway_id)
        self.enis = {name: each for name, each in self.enis.items() if each is not gone._eni}
        return gone

    patch.setattr(NatGatewayBackend, "delete_nat_gateway", delete)


def address(patch):
    """A load balancer has an address at which somebody answers: tests/unit/ecs/plane.py."""
    created = ELBv2Backend.create_load_balancer

    def create(self, *words, **more):
        made = created(self, *words, **more)
        made.dns_name = ADDRESS
        return made

    patch.setattr(ELBv2Backend, "create_load_balancer", create)
