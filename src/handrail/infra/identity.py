"""Whose credentials these are: the account and the region are checked before anything else is asked or done."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handrail.errors import BadInput
from handrail.infra.ask import LOGIN, answers, client

if TYPE_CHECKING:
    from handrail.model.aws import Aws


@dataclass(frozen=True)
class Identity:
    """Who AWS says that we are."""

    account: str
    arn: str


def identity(aws: Aws) -> Identity:
    """Ask AWS whose credentials these are.

    Raises BadInput when there are none, when they are of another account, or when another region is meant.
    """
    session = session_of(aws)
    with answers("the credentials", next_step=LOGIN):
        said: dict[str, Any] = client(session, "sts", aws.region).get_caller_identity()
    found = Identity(str(said["Account"]), str(said["Arn"]))
    if found.account != aws.account:
        raise BadInput(
            f"these are credentials of the account {found.account} ({found.arn}); aws.account of the system is "
            f"{aws.account}; nothing was touched",
            next_step="export AWS_PROFILE=… of that account, or name another inventory",
        )
    return found


def session_of(aws: Aws) -> Any:
    """Give a session that has credentials, and means no other region."""
    import boto3  # noqa: PLC0415  # 0.2 s, which only AWS waits for
    from botocore.exceptions import BotoCoreError, ProfileNotFound  # noqa: PLC0415  # likewise

    try:
        session = boto3.Session()
        # Terraform's provider reads AWS_REGION; boto3 may read AWS_DEFAULT_REGION alone.
        meant = os.environ.get("AWS_REGION") or session.region_name
        there = session.get_credentials() is not None
    except ProfileNotFound as error:
        raise BadInput(f"{error}; nothing was touched", next_step="aws configure list-profiles") from None
    except BotoCoreError as error:
        raise BadInput(f"no credentials: {error}; nothing was touched", next_step=LOGIN) from None
    if not there:
        raise BadInput("there are no credentials for AWS; nothing was touched", next_step=LOGIN)
    if meant and meant != aws.region:
        raise BadInput(
            f"the credentials are set up for the region {meant}; aws.region of the system is {aws.region}; "
            "nothing was touched",
            next_step=f"export AWS_REGION={aws.region}, or name another inventory",
        )
    return session
