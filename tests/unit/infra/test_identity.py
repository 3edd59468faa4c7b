"""Whose credentials these are: another account, another region, none at all."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from handrail.errors import BadInput, HostUnreachable
from handrail.infra.ask import answers
from handrail.infra.identity import identity


def asked(account="123456789012", region="ap-south-1"):
    return identity(SimpleNamespace(account=account, region=region))


def test_credentials_of_the_account_pass(keys):
    with mock_aws():
        assert asked().account == "123456789012"


def test_another_account_is_refused(keys):
    with mock_aws(), pytest.raises(BadInput, match=r"of the account 123456789012 .*aws.account of the system is 9999"):
        asked(account="999999999999")


def test_another_region_is_refused(keys):
    keys.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with mock_aws(), pytest.raises(BadInput, match=r"the region eu-west-1; aws.region of the system is ap-south-1"):
        asked()


def test_the_region_that_terraform_would_take_is_refused_as_well(keys):
    keys.setenv("AWS_REGION", "eu-west-1")
    with mock_aws(), pytest.raises(BadInput, match="the region eu-west-1"):
        asked()


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        ("ThrottlingException", HostUnreachable, "too busy to answer: ThrottlingException"),
        ("RequestLimitExceeded", HostUnreachable, "too busy"),
        ("ExpiredToken", BadInput, "refuses the credentials: ExpiredToken"),
        ("AccessDenied", BadInput, "refuses the credentials: AccessDenied"),
    ],
)
def test_throttling_is_no_refusal(code, kind, words):
    with pytest.raises(kind, match=words), answers("the credentials", next_step="again"):
        raise ClientError({"Error": {"Code": code}}, "GetCallerIdentity")


def test_no_credentials_are_told(keys):
    keys.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(BadInput, match="no credentials"):
        asked()


def test_an_unknown_profile_is_told(keys):
    keys.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(BadInput, match="nobody"):
        asked()


def test_a_network_that_is_not_there_is_told(keys):
    keys.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(HostUnreachable, match="AWS cannot be asked"):
        asked()
