"""What `fab certificate.status` asks on ECS: the load balancer by handshake, its listener, and ACM."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from handrail.control.certificates import Status, judged
from handrail.ecs.handshake import Handshake, Shown
from handrail.ecs.join import cluster_of
from handrail.infra.ask import answers
from handrail.model import acm
from handrail.model.wire import Seen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography.x509 import Certificate

    from handrail.ecs.cluster import Cluster
    from handrail.model.acm import Hung, Kept
    from handrail.model.environment import Environment

# A listener has 25 certificates at the most beside its default.
PARALLEL = 8
RIGHTS = "the rights to read the listener and ACM: elasticloadbalancing:DescribeListenerCertificates, acm:Describe*"


def status(environment: Environment, roots: tuple[Certificate, ...]) -> Status:
    """Ask for every name, and what ACM says of what it is served with."""
    cluster = cluster_of(environment)
    with answers("to show the certificates", next_step=RIGHTS):
        hung = cluster.certificates.hung()
        with ThreadPoolExecutor(max_workers=PARALLEL) as pool:
            _ = cluster.clients.acm  # made once, before threads ask for it
            kept = dict(zip(hung.arns, pool.map(cluster.certificates.kept, hung.arns), strict=True))
    seen = [*_of_listener(cluster, hung, kept), *_of_others(environment)]
    return judged(environment, seen, roots, datetime.now(UTC))


def _of_listener(cluster: Cluster, hung: Hung, kept: dict[str, Kept]) -> Iterator[Seen]:
    tls = cluster.environment.system.edge.tls
    for certificate in tls.certificates.values() if tls else ():
        for each in cluster.handshake(tls.port if tls else 0).ask(certificate.names):
            yield Seen(
                host=each.address, name=each.name, certificate=certificate.name, chain=each.chain, words=each.words,
                acm=_served(each, acm.fitting(hung, kept, each.name)),
            )  # fmt: skip


def _served(shown: Shown, fitting: tuple[Kept, ...]) -> Kept | None:
    """Tell which of those that may be served is; where none is, the first of them."""
    same = [
        each for each in fitting if each.chain and shown.chain and each.chain.fingerprint == shown.chain.fingerprint
    ]
    return next(iter((*same, *fitting)), None)


def _of_others(environment: Environment) -> Iterator[Seen]:
    for endpoint in environment.system.certificates.endpoints:
        name, _, port = endpoint.rpartition(":")
        for each in Handshake(name, int(port)).ask([name]):
            yield Seen(host=each.address, name=name, chain=each.chain, words=each.words)
