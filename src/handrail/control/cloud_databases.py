"""The datastores of a system on ECS as `fab status` shows them: each database with its role, and the cache."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from handrail.ecs import stores
from handrail.ecs.reply import heard
from handrail.errors import HandrailError
from handrail.hosts.script import Reply

if TYPE_CHECKING:
    from handrail.ecs.cluster import Cluster
    from handrail.model.databases import Databases, Instance


def datastores(cluster: Cluster) -> list[dict[str, Any]]:
    """List them; a look goes on where AWS tells nothing of one."""
    mine = [store for store in cluster.environment.system.datastores.values() if store.runtime == "aws"]
    rows = []
    for store in mine:
        rows += _databases(cluster, store.name) if store.kind == "postgresql" else _cache(cluster, store.name)
    return rows


def _databases(cluster: Cluster, name: str) -> list[dict[str, Any]]:
    try:
        seen = cluster.databases()
    except HandrailError as error:
        where = next(iter(cluster.place.identifiers), name)
        return [{"host": where, "datastore": name, "state": error.message, "running": False}]
    rows = [(each, _role(each, seen)) for each in seen.instances.values()]
    return [
        {"host": each.identifier, "datastore": name, "state": f"{each.status}, {role}", "running": each.answers}
        for each, role in sorted(rows, key=lambda row: (row[0].identifier != seen.now, row[0].identifier))
    ]


def _role(instance: Instance, seen: Databases) -> str:
    if instance.identifier == seen.now:
        return "the database"
    if not instance.source:
        return "used by nobody: no copy, and not the database"
    far = f"{seen.lag.seconds:.0f} s behind" if seen.lag else "nobody measures how far behind"
    return f"replica of {instance.source}, {far}"


def _cache(cluster: Cluster, name: str) -> list[dict[str, Any]]:
    store = cluster.environment.system.datastores[name]
    told = heard(lambda: stores.cache(cluster.clients, cluster.place, store))
    if isinstance(told, Reply):
        return [{"host": name, "datastore": name, "state": told.words, "running": False}]
    return [
        {"host": told.identifier, "datastore": name, "state": told.described.status, "running": told.described.serves}
    ]
