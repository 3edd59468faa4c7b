"""From the words of a command to what is asked for: the gate, previews and requests of changes all read them here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail import artifacts
from handrail.errors import BadInput
from handrail.hosts.pair_intent import certificate_intent
from handrail.infra.intent import infra_intent
from handrail.model import backup
from handrail.model.finding import near
from handrail.model.hosts_only import refuse_on_ecs
from handrail.model.intent import OF_TERRAFORM, ON_ECS, ONLY_ON_ECS, Intent, Verb, checked_message, checked_share
from handrail.model.scale import scale_intent
from handrail.model.switch import checked_loss
from handrail.model.version import Release, checked_digest, checked_version

if TYPE_CHECKING:
    from collections.abc import Mapping

    from handrail.hosts.inventory import Loaded
    from handrail.model.environment import Environment
    from handrail.model.system import System

YES = frozenset({"1", "true", "yes"})


def intent_of(verb: str, data: Mapping[str, str], loaded: Loaded) -> Intent:
    """Read what is asked for. The digest of a release is looked up where it is not given.

    Raises BadInput for a word that is not allowed, ReleaseUnknown when a release has no digest.
    """
    if verb not in set(Verb):
        raise BadInput(f"the verb {verb or 'none'!r}; allowed: {', '.join(Verb)}", next_step="fab --list")
    asked, version, system = Verb(verb), data.get("release", ""), loaded.environment.system
    if asked in OF_TERRAFORM:
        return infra_intent(asked, data, loaded.environment, base=loaded.base)
    _check_ecs(asked, data, loaded)
    if asked is Verb.SCALE:
        return scale_intent(data.get("service", ""), data.get("count", ""), system)
    if asked is Verb.BACKUP:
        _check_backups(system)
    if asked in {Verb.CERTIFICATE, Verb.RENEW}:
        return certificate_intent(asked, data, loaded)
    if asked in {Verb.UPDATE, Verb.BACK}:
        return _of_turns(asked, data, loaded)
    if asked is Verb.PROMOTE:
        return Intent(asked, lag_accepted=checked_loss(data.get("lag_accepted", "")))
    if asked is not Verb.DEPLOY:
        return Intent(
            asked,
            version=checked_version(version) if version else "",
            with_database=_yes(data, "with_database"),
            message=checked_message(data.get("message", "")),
            force=_yes(data, "force"),
            keep_page=_yes(data, "keep_page"),
        )
    if not version:
        raise BadInput("which release?", next_step="name one: --release VERSION, with pyinfra --data release=VERSION")
    place = system.release.sha256_of(checked_version(version))
    told = data.get("sha256", "")
    digest = checked_digest(told) if told else artifacts.digest_at(place, base=loaded.base)
    return Intent(asked, release=Release(version, digest), share=checked_share(data.get("share", "")))


def _of_turns(verb: Verb, data: Mapping[str, str], loaded: Loaded) -> Intent:
    if verb is Verb.BACK:
        return Intent(verb, limit=_named(data.get("limit", ""), loaded))
    limit = _known(data.get("limit", ""), loaded)
    return Intent(verb, every=_yes(data, "all"), reboot=_yes(data, "reboot"), limit=limit)


def _check_ecs(verb: Verb, data: Mapping[str, str], loaded: Loaded) -> None:
    """Refuse what is done to hosts where AWS has them, and what AWS does where there are hosts."""
    if verb not in ON_ECS:
        refuse_on_ecs(loaded.environment, verb)
    if _yes(data, "with_database"):
        refuse_on_ecs(loaded.environment, "shutdown --with-database")
    if verb in ONLY_ON_ECS:
        _check_replica(verb, loaded.environment)


def _check_replica(verb: Verb, environment: Environment) -> None:
    if not environment.on_ecs:
        raise BadInput(
            f"there is nothing to {verb} here: a replica is promoted on RDS, for services on ECS; nothing was touched",
            next_step="on hosts a DBA does it by PostgreSQL's own means: docs/how-to/fail-over.md",
        )
    database = environment.system.aws.database if environment.system.aws else None
    if database is None or not (database.replica or database.replica_of):
        raise BadInput(
            f"{environment.system.name} on {environment.name} has no replica to {verb}; nothing was touched",
            next_step="aws.database with replica: true in the YAML, fab infra.plan, and apply it",
        )


def _known(host: str, loaded: Loaded) -> str:
    """See that there is such a host; raises BadInput with those that there are."""
    names = [each.name for each in loaded.environment.all_hosts]
    if host and host not in names:
        close = near(host, names)
        hint = f"; did you mean {close}?" if close else ""
        raise BadInput(f"there is no host {host!r}; there are {', '.join(names)}{hint}; nothing was touched")
    return host


def _named(host: str, loaded: Loaded) -> str:
    """See that a host is named, and that there is such a one."""
    if not host:
        raise BadInput("which host? nothing was touched", next_step="fab updates.back HOST; fab health names it")
    return _known(host, loaded)


def _check_backups(system: System) -> None:
    """See that a dump is taken of every database: one that was forgotten would be missed on the day it is needed.

    Raises BadInput with the lines to add.
    """
    lacking = backup.without(system.datastores, system.backups)
    if lacking:
        path = f"/var/backups/{system.name}/*.dump"
        lines = [
            f"  {name}: {{hosts: {system.datastores[name].hosts}, path: {path}, datastore: {name}}}" for name in lacking
        ]
        raise BadInput(
            f"no entry under backups takes a dump of {', '.join(lacking)}; nothing was touched",
            next_step="\n".join(
                ["add to the system's YAML, or datastore: NAME to an entry there:", "backups:", *lines]
            ),
        )
    if not any(each.datastore for each in system.backups.values()):
        raise BadInput(f"{system.name} has no PostgreSQL database to dump; nothing was touched")


def _yes(data: Mapping[str, str], key: str) -> bool:
    return data.get(key, "").lower() in YES
