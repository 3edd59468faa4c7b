"""A certificate on the load balancer: imported, hung up, proved by handshake; else the old one is hung up again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from handrail.ecs.certificates import short
from handrail.ecs.reply import failed, nothing, ok
from handrail.journal.event import Event
from handrail.model import acm
from handrail.model.acm import Exchange, Kept
from handrail.model.fleet import Outcome

if TYPE_CHECKING:
    from handrail.ecs.handshake import Handshake, Shown
    from handrail.hosts.script import Reply
    from handrail.model.acm import Hung
    from handrail.model.chain import Chain
    from handrail.model.tls import Tls
    from handrail.orchestration.cloud.at import At

# What stands for the certificate until ACM has given it an ARN.
NEW = "new"


def put(at: At) -> Reply:
    """Import the certificate, where nothing serves it yet; before that, see that it could be proved and taken back."""
    pair, shelf = at.run.pair, at.cluster.certificates
    name, names = pair.certificate.name, pair.certificate.names
    seen = _handshake(at).ask(names)
    if mute := [each.words for each in seen if each.chain is None]:
        return failed(f"the load balancer cannot be asked what it serves: {mute[0]}; nothing was imported")
    hung = shelf.hung()
    if not hung.default:
        return failed("the listener has no certificate: it does not speak HTTPS; nothing was imported")
    kept = {arn: shelf.kept(arn) for arn in hung.arns} | shelf.imported(name, names)
    mine = [each.arn for each in kept.values() if each.kind == acm.IMPORTED and each.name == name]
    there = next((arn for arn in mine if _is(kept[arn], pair.chain)), "")
    first = name == next(iter(_tls(at).certificates))
    kept[there or NEW] = Kept(there or NEW, acm.IMPORTED, name, pair.chain)
    if reason := _reason(at, hung, acm.exchanged(hung, there or NEW, first=first, mine=mine), kept):
        return failed(f"{reason}; nothing was imported")
    arn = there or shelf.bring(name, pair.chain, pair.key)
    at.run.exchange = Exchange(
        hung, acm.exchanged(hung, arn, first=first, mine=mine), _fingerprints(seen), earlier=tuple(mine),
        imported="" if there else arn,
    )  # fmt: skip
    if there:
        return nothing(f"ACM has it already: {short(arn)}")
    old = kept[hung.default]
    stays = f"; {short(old.arn)}, {old.source}, stays in ACM" if first and not old.name else ""
    return ok(f"imported as {short(arn)}{stays}")


def _reason(at: At, before: Hung, after: Hung, kept: dict[str, Kept]) -> str:
    """Say why the listener must not be changed so: another's certificate is in the way, or a name would have none."""
    pair = at.run.pair
    mine = [each.arn for each in kept.values() if each.name == pair.certificate.name or _is(each, pair.chain)]
    for each, name in acm.in_the_way(before, kept, pair.certificate.names, mine=mine):
        way = f"deploy it as {each.name} first" if each.name else "aws elbv2 remove-listener-certificates takes it off"
        return (
            f"{each.arn} is listed for {name} too, is {each.source}, and might be served in its place: handrail leaves "
            f"it alone; {way}"
        )
    for certificate in _tls(at).certificates.values():
        if lost := acm.bare(before, after, kept, certificate.names):
            old = kept[before.default]
            return (
                f"{', '.join(lost)} would have no certificate: {old.arn}, {old.source}, is the default now and "
                f"has to go; deploy the certificate {certificate.name} first"
            )
    return ""


def _fingerprints(seen: list[Shown]) -> dict[str, frozenset[str]]:
    names = {each.name for each in seen}
    return {
        name: frozenset(each.chain.fingerprint for each in seen if each.name == name and each.chain) for name in names
    }


def swap(at: At) -> Reply:
    """Hang the certificate up, or what hung there before."""
    exchange = at.run.exchange
    if exchange is None:
        return nothing("nothing was swapped")
    done = at.cluster.certificates.hang(exchange.before if at.step.part else exchange.after)
    return ok(", ".join(done)) if done else nothing("the listener has it already")


def prove(at: At) -> Reply:
    """See by handshake what each name is served with at each address; only then is anything deleted."""
    exchange, pair = at.run.exchange, at.run.pair
    if exchange is None:
        return nothing("nothing was swapped")
    names, back = pair.certificate.names, bool(at.step.part)
    wanted = exchange.shown if back else dict.fromkeys(names, frozenset({pair.chain.fingerprint}))
    seconds = at.run.environment.system.times.confirm.total_seconds()
    what = "the old certificate" if back else f"serial {pair.chain.serial}"
    _say(at, f"waits up to {seconds:.0f} s for the load balancer to serve {what} for {', '.join(names)}")
    served, words = _handshake(at).until(names, wanted, seconds=seconds)
    if not served:
        return failed(f"waited for the load balancer to serve {what}: {words}")
    shelf = at.cluster.certificates
    # Going back may have failed half-way; what is proved needs no other question, which could fail now.
    now = shelf.hung() if back else exchange.after
    return ok("; ".join([words, *shelf.drop(exchange.over(now, back=back))]))


def _say(at: At, words: str) -> None:
    """Tell those who watch what a step waits for."""
    now, host = datetime.now(UTC).isoformat(timespec="milliseconds"), at.run.fleet.roles.edges[0]
    at.run.tell(Event(at.run.run_id, at.step.do, at.run.title(at.step), host, Outcome.RUNNING, words, now))


def _is(kept: Kept, chain: Chain) -> bool:
    return kept.chain is not None and kept.chain.fingerprint == chain.fingerprint


def _tls(at: At) -> Tls:
    tls = at.run.environment.system.edge.tls
    if tls is None:
        raise RuntimeError("a certificate was asked for where there is no TLS")
    return tls


def _handshake(at: At) -> Handshake:
    return at.cluster.handshake(_tls(at).port)
