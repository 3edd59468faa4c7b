"""Certificates that the load balancer serves: what its listener has, and what ACM says of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from handrail.model.cloud_vitals import Served
from handrail.model.tls import covers
from handrail.model.vitals import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from handrail.ecs.clients import Clients
    from handrail.ecs.place import Place
    from handrail.model.vitals import Vital


@dataclass(frozen=True)
class Certificate:
    """One certificate of the listener: the names that it is for, and how it is."""

    names: tuple[str, ...]
    vital: Vital


def served(clients: Clients, place: Place, names: Sequence[str], now: datetime) -> Iterator[tuple[str, Vital]]:
    """Give each certificate, and each of the system's names that none of them is for."""
    pages = clients.balancer.get_paginator("describe_listener_certificates").paginate(ListenerArn=place.listener)
    arns = dict.fromkeys(each["CertificateArn"] for page in pages for each in page["Certificates"])
    found = [_certificate(clients, arn, now) for arn in arns]
    for each in found:
        yield each.names[0], each.vital
    for name in names:
        if not any(covers(pattern, name) for each in found for pattern in each.names):
            yield name, Failure("no certificate of the load balancer is for this name")


def _certificate(clients: Clients, arn: str, now: datetime) -> Certificate:
    if ":acm:" not in arn:
        return Certificate((arn.rpartition("/")[2],), Failure("it is not of ACM, which alone can be asked"))
    told = clients.certificates.describe_certificate(CertificateArn=arn)["Certificate"]
    names = tuple(dict.fromkeys((told["DomainName"], *told.get("SubjectAlternativeNames", ()))))
    return Certificate(names, _judged(told, now))


def _judged(told: Mapping[str, Any], now: datetime) -> Served:
    begin, end = told.get("NotBefore") or now, told.get("NotAfter") or now
    renewed = told.get("RenewalSummary", {}).get("RenewalStatus", "")
    by_acm = told.get("Type") == "AMAZON_ISSUED" and told.get("RenewalEligibility") == "ELIGIBLE"
    renewal = "" if renewed == "SUCCESS" else renewed
    return Served(told["Status"], end - now, max(end - begin, timedelta(seconds=1)), by_acm, renewal)
