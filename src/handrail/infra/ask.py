"""Asking AWS: clients with deadlines, and its complaints as the errors that they are for us."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from handrail.errors import BadInput, HostUnreachable

if TYPE_CHECKING:
    from collections.abc import Iterator

# AWS answers in well under a second, or its network is not there.
SECONDS = 5
# What AWS says to whom asks too often, or when it is ill itself; boto3 has tried three times by then.
BUSY = re.compile(r"Throttl|TooManyRequests|LimitExceeded|SlowDown|ServiceUnavailable|InternalFailure|InternalError")
LOGIN = "export AWS_PROFILE=… or AWS_ACCESS_KEY_ID=… and AWS_SECRET_ACCESS_KEY=…; aws sts get-caller-identity"


def client(session: Any, service: str, region: str) -> Any:
    """Give a client of boto3 that gives up in time."""
    from botocore.config import Config  # noqa: PLC0415  # imported when AWS is used

    config = Config(connect_timeout=SECONDS, read_timeout=SECONDS, retries={"total_max_attempts": 3})
    return session.client(service, region_name=region, config=config)


@contextmanager
def answers(refused: str, *, next_step: str) -> Iterator[None]:
    """Turn what boto3 raises into our errors; `refused` says what AWS refuses where it does.

    Raises HostUnreachable where AWS does not answer or is too busy to, and BadInput where it refuses.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # likewise

    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if BUSY.search(code):
            raise HostUnreachable(
                f"AWS is too busy to answer: {code}; nothing was touched", next_step="wait a minute, then again"
            ) from None
        raise BadInput(f"AWS refuses {refused}: {code}; nothing was touched", next_step=next_step) from None
    except BotoCoreError as error:
        raise HostUnreachable(
            f"AWS cannot be asked: {type(error).__name__}; nothing was touched",
            next_step="look at the network, then again",
        ) from None
