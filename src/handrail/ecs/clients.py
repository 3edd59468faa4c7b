"""Clients of boto3, made when they are first used, with deadlines; what they ask is counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from handrail.infra.ask import client

if TYPE_CHECKING:
    from handrail.model.aws import Aws


@dataclass
class Clients:
    """What AWS is asked through; `asked` counts questions by service and verb, which costs and throttling go by."""

    session: Any
    aws: Aws
    asked: Counter[str] = field(default_factory=Counter)

    def _of(self, service: str, region: str = "") -> Any:
        made = client(self.session, service, region or self.aws.region)
        made.meta.events.register("before-call.*.*", self._count)
        return made

    def _count(self, model: Any, **_: Any) -> None:
        self.asked[f"{model.service_model.service_name}.{model.name}"] += 1

    @cached_property
    def state(self) -> Any:
        """S3, where Terraform's state is."""
        return self._of("s3", self.aws.state.region or self.aws.region)

    @cached_property
    def ecs(self) -> Any:
        """ECS."""
        return self._of("ecs")

    @cached_property
    def scaling(self) -> Any:
        """Application Auto Scaling."""
        return self._of("application-autoscaling")

    @cached_property
    def balancer(self) -> Any:
        """Elastic Load Balancing."""
        return self._of("elbv2")

    @cached_property
    def acm(self) -> Any:
        """Certificate Manager."""
        return self._of("acm")

    @cached_property
    def images(self) -> Any:
        """ECR."""
        return self._of("ecr")

    @cached_property
    def schedules(self) -> Any:
        """EventBridge Scheduler."""
        return self._of("scheduler")

    @cached_property
    def metrics(self) -> Any:
        """CloudWatch."""
        return self._of("cloudwatch")

    @cached_property
    def logs(self) -> Any:
        """CloudWatch Logs."""
        return self._of("logs")

    @cached_property
    def databases(self) -> Any:
        """RDS."""
        return self._of("rds")

    @cached_property
    def records(self) -> Any:
        """Route 53."""
        return self._of("route53")

    @cached_property
    def vault(self) -> Any:
        """Secrets Manager."""
        return self._of("secretsmanager")

    @cached_property
    def table(self) -> Any:
        """DynamoDB."""
        return self._of("dynamodb")

    @cached_property
    def caches(self) -> Any:
        """ElastiCache."""
        return self._of("elasticache")

    @cached_property
    def certificates(self) -> Any:
        """ACM."""
        return self._of("acm")

    @cached_property
    def secrets(self) -> Any:
        """Secrets Manager; no value is ever asked for."""
        return self._of("secretsmanager")
