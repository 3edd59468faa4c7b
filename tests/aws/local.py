"""`python -m tests.aws.local`: an AWS on this machine, to try everything on: moto's server, and a data plane beside it.

It forgets all of it when it ends. `python -m tests.aws.local push REPOSITORY VERSION` stands for `docker push`.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

import boto3
import pytest
from moto.cloudwatch.models import CloudWatchBackend

from tests.aws import lacking
from tests.aws.server import Server
from tests.unit.ecs.aws import REGION, push
from tests.unit.ecs.plane import percentiles, plane
from tests.unit.infra import cloud

# AWS's API; and its load balancer, in plain HTTP.
PORT, BALANCER = 4577, 4578
STATE = "shop-terraform-state"


def main(words):
    """Run it until somebody ends it, or push an image into it."""
    # Whoever is asked here takes every key.
    os.environ |= cloud.variables(PORT)
    if words[:1] == ["push"]:
        prefix, _, name = words[1].rpartition("/")
        push(name, words[2], prefix)
        return
    over, patch = threading.Event(), pytest.MonkeyPatch()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    os.environ["MOTO_ACM_VALIDATION_WAIT"] = "1"
    patch.setattr(CloudWatchBackend, "get_metric_data", percentiles(CloudWatchBackend.get_metric_data))
    lacking.supply(patch)
    with Server(PORT).running(), plane(BALANCER):
        where = {"LocationConstraint": REGION}
        boto3.client("s3", region_name=REGION).create_bucket(Bucket=STATE, CreateBucketConfiguration=where)
        print("ready", flush=True)  # noqa: T201  # whoever started it waits for this
        over.wait()


if __name__ == "__main__":
    main(sys.argv[1:])
