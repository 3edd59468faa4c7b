"""What is done to hosts, and what to use in its place where AWS has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.errors import BadInput

if TYPE_CHECKING:
    from handrail.model.environment import Environment

SCANS = "ECR scans images: aws ecr describe-image-scan-findings; AWS updates its hosts by itself"
RENEW = (
    "ACM renews by itself what Amazon issued, and nobody but you can renew what was imported: fab certificate.status "
    "says which is which; fab certificate.deploy NAME --cert FILE --key FILE"
)
# By the task, and by the verb where that has another name.
INSTEAD = {
    "verify": "fab infra.drift compares what there is with Terraform, fab config the variables, fab check services the "
    "tasks",
    "disk": "fab check disk shows the database's; a task begins with an empty disk of its own",
    "logrotate": "CloudWatch keeps logs for aws.log_days; fab logs reads them",
    "database.vacuum": "RDS vacuums by itself; for more, VACUUM ANALYZE by psql from within the VPC",
    "backup.take": "RDS backs up by itself, and fab check backups shows it; one more by aws rds create-db-snapshot",
    "backup.list": "fab check backups; all of them: aws rds describe-db-snapshots",
    "certificate.renew": RENEW,
    "updates.report": SCANS,
    "updates.apply": SCANS,
    "updates.back": "ECS puts a new task in the place of one that is not healthy; fab check services shows them",
    "audit.verify --inventory": "fab audit.verify, with --heads FILE for heads that were kept elsewhere",
    "shutdown --with-database": "fab shutdown stops the services; then aws rds stop-db-instance",
}
TASKS = {
    "vacuum": "database.vacuum", "backup": "backup.take",
    "renew": "certificate.renew", "update": "updates.apply", "back": "updates.back",
}  # fmt: skip


def refuse_on_ecs(environment: Environment, task: str) -> None:
    """Refuse a task, or a verb, that needs hosts. Raises BadInput with what to use instead."""
    if environment.on_ecs:
        name = TASKS.get(task, task)
        where = f"{environment.system.name} on {environment.name}"
        raise BadInput(
            f"fab {name} is for hosts, and {where} runs on ECS, where AWS has them; nothing was touched",
            next_step=INSTEAD.get(name, "docs/how-to/ecs.md says what there is"),
        )
