"""Which Terraform wrote a state: read from S3, for what Terraform itself gives of a state says which one reads it."""

from __future__ import annotations

import re

from handrail.infra.ask import LOGIN, answers, client

# The version stands at the beginning, and what is behind it is nobody's business.
BYTES = 500
_VERSION = re.compile(rb'"terraform_version":\s*"([0-9A-Za-z.+-]+)"')


def written_by(bucket: str, key: str, *, region: str) -> str:
    """Name the version of Terraform; nothing before the first apply."""
    import boto3  # noqa: PLC0415  # imported when AWS is used

    with answers("to give the state", next_step=LOGIN):
        s3 = client(boto3.Session(), "s3", region)
        try:
            said = s3.get_object(Bucket=bucket, Key=key, Range=f"bytes=0-{BYTES - 1}")
        except s3.exceptions.NoSuchKey:
            return ""
        found = _VERSION.search(said["Body"].read())
    return found[1].decode() if found else ""
