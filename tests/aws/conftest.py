"""An AWS for the whole of production: moto's server with what it lacks, a data plane, the provider, the system."""

from __future__ import annotations

from datetime import timedelta

import boto3
import pytest
from moto.cloudwatch.models import CloudWatchBackend
from moto.rds.models import RDSBackend

from tests.aws import lacking
from tests.aws.server import WHO, Server
from tests.aws.system import PASSWORDS, STATE, Sanvi
from tests.aws.table import Measured
from tests.office import make_keys
from tests.unit.ecs.aws import REGION
from tests.unit.ecs.plane import begins, percentiles, plane
from tests.unit.infra import cloud

NOT_OURS = ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN", "AWS_CA_BUNDLE")


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    """Run an AWS; gives its server."""
    cloud.needed()
    folder, patch = tmp_path_factory.mktemp("aws"), pytest.MonkeyPatch()
    for name in NOT_OURS:
        patch.delenv(name, raising=False)
    patch.setenv("MOTO_ACM_VALIDATION_WAIT", "1")
    patch.setattr(CloudWatchBackend, "get_metric_data", percentiles(CloudWatchBackend.get_metric_data))
    patch.setattr(RDSBackend, "promote_read_replica", begins("modifying", RDSBackend.promote_read_replica))
    patch.setattr(RDSBackend, "create_db_snapshot", begins("creating", RDSBackend.create_db_snapshot))
    lacking.supply(patch)
    server = Server()
    told = cloud.variables(server.port)
    with server.running(), cloud.provider(told, folder / "provider") as attached:
        told |= attached | PASSWORDS | {
            "HANDRAIL_STORE": f"sqlite:///{folder}/journal.db", "HANDRAIL_JOURNAL_KEY": str(folder / "journal.key"),
        }  # fmt: skip
        for name, value in told.items():
            patch.setenv(name, value)
        patch.setenv(WHO, "tests")
        where = {"LocationConstraint": REGION}
        boto3.client("s3", region_name=REGION).create_bucket(Bucket=STATE, CreateBucketConfiguration=where)
        yield server
    patch.undo()


@pytest.fixture(scope="module")
def measured():
    """What is measured; kept however the run ends."""
    found = Measured()
    yield found
    found.keep()


@pytest.fixture(scope="module")
def sanvi(aws, measured, tmp_path_factory):
    """The system, in a folder of its own."""
    with plane() as (here, port):
        system = Sanvi(tmp_path_factory.mktemp("sanvi"), make_keys(tmp_path_factory.mktemp("keys")), port)
        system.server, system.plane = aws, here
        yield system
        measured.calls |= {verb: number for verb, number in aws.asked.items() if verb not in {"tests", "nobody"}}


@pytest.fixture
def hasten(sanvi):
    """Put EventBridge's clock ahead: what a schedule is for is waited for once, and not every time."""

    def ahead(seconds):
        sanvi.plane.ahead = timedelta(seconds=seconds)

    yield ahead
    sanvi.plane.ahead = timedelta()
