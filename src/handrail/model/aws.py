"""A system on AWS: the sizes, limits and places that Terraform cannot find in the rest of the description."""

import ipaddress
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from handrail.model.aws_database import Cache, Database
from handrail.model.disk import Days
from handrail.model.duration import Duration, SomeTime, Span
from handrail.model.notation import FilePath, Line, Name, Network, SecretName, ServerName, Text, Whole
from handrail.model.threshold import Percent
from handrail.model.value import Rows, Table, Value, unfit

# What AWS takes for a task of Fargate: CPU in 1024ths, and memory in MiB for each.
FARGATE = {
    256: (512, 1024, 2048),
    512: tuple(range(1024, 4097, 1024)),
    1024: tuple(range(2048, 8193, 1024)),
    2048: tuple(range(4096, 16385, 1024)),
    4096: tuple(range(8192, 30721, 1024)),
}
Account = Annotated[str, Text(r"[0-9]{12}", 'the account: 12 digits, quoted, such as "123456789012"')]
Region = Annotated[str, Text(r"[a-z]{2}(?:-[a-z]+)+-[0-9]", "a region such as ap-south-1")]
Bucket = Annotated[
    str, Text(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "a bucket: 3 to 63 of a-z, 0-9, . and -, no . or - at its ends")
]
Address = Annotated[str, Text(r"[A-Za-z0-9._%+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+", "an e-mail address")]
Minutes = Annotated[Duration, Span(minimum=timedelta(minutes=1))]


def _roomy(network: str) -> str:
    """Leave room for subnets: each takes 8 bits more, and AWS has none smaller than /28."""
    read = ipaddress.ip_network(network)
    if read.version != 4 or not 16 <= read.prefixlen <= 20:
        raise unfit("an IPv4 network from /16 to /20, such as 10.40.0.0/16")
    return network


class TerraformState(Value):
    """Where Terraform keeps what it knows, with a lock file beside it."""

    bucket: Bucket = Field(description="Bucket of the state; it is there before the first plan.")
    region: Region | None = Field(default=None, description="Its region; that of the system if left out.")


class AwsNetwork(Value):
    """The VPC: public and private subnets in two zones."""

    cidr: Annotated[Network, AfterValidator(_roomy)] = Field(default="10.40.0.0/16", description="Its addresses.")
    nat_gateways: Annotated[int, Whole(1, 2)] = Field(default=2, description="One is cheaper, two outlive a zone.")


class Domain(Value):
    """The hosted zone; the names in it are `edge.server_names`."""

    zone: ServerName = Field(description="Its name.")
    create: bool = Field(default=False, description="Whether it is this environment's; the others look it up.")
    role: Literal["simple", "primary", "secondary"] = Field(
        default="simple", description="Whether it has the traffic, or has it while the primary is ill."
    )


class Queue(Value):
    """Requests that wait, as the program itself tells CloudWatch: the metric RequestQueue."""

    over: Annotated[int, Whole(1, 1_000_000)] = Field(description="More are too many.")
    lasts: Minutes = Field(default=timedelta(minutes=5), description="For how long, in whole minutes.")


class Grow(Value):
    """When one more task is started."""

    cpu: Percent = Field(default=70, description="CPU that is more than enough for the tasks there are.")
    lasts: Minutes = Field(default=timedelta(minutes=10), description="For how long, in whole minutes.")
    p95: SomeTime | None = Field(default=None, description="Time that 95 of 100 answers may take, over five minutes.")
    queue: Queue | None = Field(default=None, description="Requests that wait.")


class Tasks(Value):
    """How large a service's tasks are, and how many there are in the slot that has the traffic."""

    cpu: Literal[256, 512, 1024, 2048, 4096] = Field(default=512, description="In 1024ths of a processor.")
    memory: Annotated[int, Whole(512, 30720)] = Field(default=1024, description="In MiB; what goes with its cpu.")
    min: Annotated[int, Whole(1, 100)] = Field(default=2, description="The fewest.")
    max: Annotated[int, Whole(1, 100)] = Field(default=10, description="The most.")
    grow: Grow = Field(default_factory=Grow, description="When one more is started.")


class Kept(Value):
    """How long backups of one class are kept."""

    glacier: Days | None = Field(default=None, description="When they go to Glacier; never if left out.")
    keep: Days = Field(description="When they are deleted.")


class BackupStore(Value):
    """The bucket of backups: every version, encrypted under a key of its own, locked for some days."""

    lock: Days = Field(default="7d", description="For how long nobody can overwrite or delete a backup.")
    lock_mode: Literal["GOVERNANCE", "COMPLIANCE"] = Field(
        default="GOVERNANCE", description="Whether a few people may lift the lock, or nobody."
    )
    classes: Rows[Name, Kept] = Field(
        default_factory=lambda: Table({
            "data": Kept(glacier="7d", keep="30d"), "configuration": Kept(glacier="30d", keep="90d"),
        }),
        min_length=1, description="How long each class is kept, by the first folder of its backups.",
    )  # fmt: skip


class Lasting(Value):
    """For how long a threshold must be passed before an alarm rings; whole minutes."""

    warn: Minutes = Field(description="Before a WARN.")
    alert: Minutes = Field(description="Before an ALERT.")


def _lasting(warn: int, alert: int) -> Lasting:
    return Lasting(warn=timedelta(minutes=warn), alert=timedelta(minutes=alert))


class Alarms(Value):
    """CloudWatch's alarms; their numbers are those of `thresholds`. The defaults are the operations guide's."""

    email: tuple[Address, ...] = Field(default=(), description="Who is told; each confirms once.")
    cpu: Lasting = Field(default=_lasting(15, 5), description="Of CPU.")
    memory: Lasting = Field(default=_lasting(15, 5), description="Of memory.")
    disk: Lasting = Field(default=_lasting(5, 5), description="Of a database's disk.")
    errors: Lasting = Field(default=_lasting(5, 1), description="Of answers with a status of 500 or more.")
    p95: Lasting = Field(default=_lasting(5, 5), description="Of the time of answers.")
    connections: Lasting = Field(default=_lasting(5, 5), description="Of connections to a database.")


class Aws(Value):
    """One environment in one account and one region."""

    account: Account = Field(description="The account; asked of AWS before anything else.")
    region: Region = Field(description="The region.")
    owner: Line = Field(description="Whom to ask; a tag of everything.")
    roots: FilePath = Field(
        default="../terraform/roots",
        description="Folder with a root module for each environment; relative to this file.",
    )
    state: TerraformState = Field(description="Where Terraform's state is.")
    protect: bool = Field(
        default=True, description="Whether AWS itself refuses to delete databases, buckets and the load balancer."
    )
    log_days: Literal[30, 60, 90, 120, 180, 365, 400, 545, 731, 1096] = Field(
        default=90,
        description="Days that logs of services and of the load balancer are kept; CloudWatch has no others.",
    )
    network: AwsNetwork = Field(default_factory=AwsNetwork, description="The VPC.")
    domain: Domain = Field(description="The hosted zone.")
    services: Rows[Name, Tasks] = Field(
        default_factory=lambda: Table({}), description="Tasks of each service; the defaults for those left out."
    )
    database: Database | None = Field(default=None, description="RDS; none if left out.")
    cache: Cache | None = Field(default=None, description="ElastiCache; none if left out.")
    backup_store: BackupStore = Field(default_factory=BackupStore, description="The bucket of backups.")
    alarms: Alarms = Field(default_factory=Alarms, description="Alarms.")
    secrets: Rows[SecretName, Annotated[int, Whole(1, 1_000_000)]] = Field(
        default_factory=lambda: Table({}),
        description="Entries of `secrets` that AWS keeps; whoever raises a number has the value written again.",
    )
