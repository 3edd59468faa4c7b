"""Certificates on AWS: those that ACM keeps for a system, and those that its listener has."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.serialization import Encoding

from handrail.model import acm
from handrail.model.acm import Hung, Kept
from handrail.model.chain import Chain, read_chain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from handrail.ecs.clients import Clients
    from handrail.ecs.place import Place
    from handrail.model.environment import Environment
    from handrail.secrets import Secret

TAG = "handrail:certificate"
# ACM lists RSA 2048 alone unless it is told of the others.
KEYS = (
    "RSA_1024", "RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1",
)  # fmt: skip
# A listener has let go of a certificate some seconds before ACM knows of it.
LET_GO_SECONDS, LOOK_SECONDS = 30.0, 2.0


@dataclass(frozen=True)
class Certificates:
    """The certificates of one environment; `sleep` and `clock` are the machine's, but in tests."""

    clients: Clients
    place: Place
    environment: Environment
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    # -- the listener --------------------------------------------------------------------------------------------------

    def hung(self) -> Hung:
        """Ask what the listener has."""
        pages = self.clients.balancer.get_paginator("describe_listener_certificates").paginate(
            ListenerArn=self.place.listener
        )
        found = [each for page in pages for each in page["Certificates"]]
        default = next((each["CertificateArn"] for each in found if each.get("IsDefault")), "")
        return Hung(default, tuple(each["CertificateArn"] for each in found if not each.get("IsDefault")))

    def hang(self, wanted: Hung) -> list[str]:
        """Give the listener what it is to have, step by step, and tell what was done."""
        calls: Mapping[str, Any] = {
            "add": self.clients.balancer.add_listener_certificates,
            "default": self.clients.balancer.modify_listener,
            "remove": self.clients.balancer.remove_listener_certificates,
        }
        done = []
        for verb, arn in acm.changes(self.hung(), wanted):
            calls[verb](ListenerArn=self.place.listener, Certificates=[{"CertificateArn": arn}])
            done.append(f"{verb} {short(arn)}")
        return done

    # -- ACM -----------------------------------------------------------------------------------------------------------

    def kept(self, arn: str) -> Kept:
        """Ask what ACM keeps under an ARN."""
        if ":acm:" not in arn:  # one of IAM's server certificates
            return Kept(arn, "IAM")
        told = self.clients.acm.describe_certificate(CertificateArn=arn)["Certificate"]
        body = self.clients.acm.get_certificate(CertificateArn=arn)
        # ACM adds a root of its own choice to the chain; the certificate itself is all that is asked for here.
        return Kept(arn, told["Type"], self._name(arn), read_chain(body["Certificate"]), tuple(told.get("InUseBy", ())))

    def _name(self, arn: str) -> str:
        """Tell for which certificate of the description handrail imported it; nothing if it was not for this system."""
        reply = self.clients.acm.list_tags_for_certificate(CertificateArn=arn)
        tags = {each["Key"]: each.get("Value", "") for each in reply["Tags"]}
        mine = all(tags.get(each["Key"]) == each["Value"] for each in self._whose())
        return str(tags.get(TAG, "")) if mine else ""

    def _whose(self) -> list[dict[str, str]]:
        words = {"system": self.environment.system.name, "environment": self.environment.name}
        return [{"Key": key, "Value": value} for key, value in words.items()]

    def imported(self, name: str, names: Iterable[str]) -> dict[str, Kept]:
        """Find what was imported for a certificate of the description, also by a run that died before it served."""
        wanted, found = set(names), {}
        pages = self.clients.acm.get_paginator("list_certificates").paginate(Includes={"keyTypes": list(KEYS)})
        for each in (each for page in pages for each in page["CertificateSummaryList"]):
            covered = {each.get("DomainName", ""), *each.get("SubjectAlternativeNameSummaries", ())}
            if each.get("Type") == acm.IMPORTED and wanted & covered:
                kept = self.kept(each["CertificateArn"])
                if kept.name == name:
                    found[kept.arn] = kept
        return found

    def bring(self, name: str, chain: Chain, key: Secret) -> str:
        """Import a certificate with its key, always as a new one: the key of an old one could not be had again."""
        owner = {"Key": "owner", "Value": self.clients.aws.owner}
        leaf, *rest = (each.public_bytes(Encoding.PEM) for each in chain.certificates)
        more = {"CertificateChain": b"".join(rest)} if rest else {}
        reply = self.clients.acm.import_certificate(
            Certificate=leaf, PrivateKey=key.reveal().encode(), **more,
            Tags=[{"Key": TAG, "Value": name}, *self._whose(), owner],
        )  # fmt: skip
        return str(reply["CertificateArn"])

    def drop(self, arns: Iterable[str]) -> list[str]:
        """Delete what nothing uses, and tell what came of each; one that stays is no failure: the next run tries."""
        began = self.clock()
        return [f"{short(arn)} {self._dropped(arn, until=began + LET_GO_SECONDS)}" for arn in arns]

    def _dropped(self, arn: str, *, until: float) -> str:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # imported when AWS is used

        while True:
            try:
                self.clients.acm.delete_certificate(CertificateArn=arn)
            except ClientError as error:
                code = str(error.response.get("Error", {}).get("Code", ""))
                if code == "ResourceInUseException" and self.clock() < until:
                    self.sleep(LOOK_SECONDS)
                    continue
                return f"stays in ACM: {code}"
            except BotoCoreError as error:
                return f"may still be in ACM: {type(error).__name__}"
            return "is deleted"


def short(arn: str) -> str:
    """Give enough of an ARN to find it by."""
    return arn.rpartition(":")[2]
