"""What keeps a system's data on AWS: RDS and ElastiCache."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from handrail.model.disk import Days
from handrail.model.duration import Duration, SomeTime
from handrail.model.notation import Name, SecretName, Text, Whole
from handrail.model.value import Value

Arn = Annotated[str, Text(r"arn:aws:rds:[a-z0-9-]+:[0-9]{12}:db:[a-z0-9-]+", "the ARN of a database")]
Hours = Annotated[str, Text(r"[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]", "UTC, such as 20:00-21:00")]
Week = Annotated[
    str,
    Text(
        r"(?:mon|tue|wed|thu|fri|sat|sun):[0-2][0-9]:[0-5][0-9]-(?:mon|tue|wed|thu|fri|sat|sun):[0-2][0-9]:[0-5][0-9]",
        "UTC, such as sun:21:30-sun:22:30",
    ),
]


class Promote(Value):
    """What a failover to the replica waits for."""

    # RDS counts from the newest transaction: where nothing is written, a replica that has everything is said to be up
    # to five minutes behind.
    lag: Duration = Field(
        default=timedelta(minutes=5), description="How far behind the replica may be when a failover begins."
    )
    catch_up: SomeTime = Field(
        default=timedelta(minutes=10), description="How long it may take, once nothing is written, to have everything."
    )
    deadline: SomeTime = Field(
        default=timedelta(hours=1), description="How long RDS may take for a snapshot, and for the promotion."
    )


class Database(Value):
    """RDS for PostgreSQL."""

    datastore: Name = Field(description="The entry of `datastores` that it is: its database, user and password.")
    version: Annotated[str, Text(r"1[4-9]\.[0-9]{1,2}", 'a version of PostgreSQL, quoted, such as "16.4"')] = Field(
        default="16.4", description="Version of PostgreSQL."
    )
    instance: Annotated[str, Text(r"db\.[a-z0-9]+\.[a-z0-9]+", "an instance class such as db.t4g.medium")] = Field(
        default="db.t4g.medium", description="Its instance class."
    )
    storage: Annotated[int, Whole(20, 65536)] = Field(default=50, description="Its disk, in GiB.")
    max_storage: Annotated[int, Whole(20, 65536)] = Field(default=200, description="What the disk may grow to, in GiB.")
    multi_zone: bool = Field(default=True, description="Whether a second zone has a standby.")
    replica: bool = Field(default=True, description="Whether there is a replica to read from.")
    keep: Days = Field(default="30d", description="How long AWS keeps its own backups; 35d at the most.")
    backup: Hours = Field(default="19:00-20:00", description="When they are taken.")
    maintenance: Week = Field(default="sun:20:30-sun:21:30", description="When AWS may maintain it.")
    max_connections: Annotated[int, Whole(10, 10_000)] = Field(default=400, description="Connections that it takes.")
    replica_of: Arn | None = Field(
        default=None, description="The database in another region that it is a copy of, for recovery."
    )
    main: Literal["db", "db-replica"] = Field(
        default="db",
        description="Which instance is the database; the other one is its replica. A failover says when it changes.",
    )
    promote: Promote = Field(default_factory=Promote, description="A failover to the replica.")
    snapshot: bool = Field(default=False, description="Whether a deploy that migrates takes a snapshot before; on ECS.")
    snapshots: Annotated[int, Whole(1, 50)] = Field(
        default=5, description="Snapshots of handrail's own that are kept of an instance."
    )
    record: bool = Field(
        default=False, description="Whether db.SYSTEM-ENVIRONMENT.internal in the VPC's own DNS leads to it."
    )
    address_in: SecretName | None = Field(
        default=None, description="An entry of `aws.secrets` whose value holds its address, which a failover rewrites."
    )


class Cache(Value):
    """ElastiCache for Redis."""

    node: Annotated[str, Text(r"cache\.[a-z0-9]+\.[a-z0-9]+", "a node type such as cache.t4g.small")] = Field(
        default="cache.t4g.small", description="Its node type."
    )
    replicas: Annotated[int, Whole(0, 5)] = Field(default=1, description="Copies in other zones; 0 has no failover.")
    keep: Days = Field(default="7d", description="How long its snapshots are kept; 35d at the most.")


# RDS and ElastiCache keep no backup longer.
MOST_DAYS = 35
