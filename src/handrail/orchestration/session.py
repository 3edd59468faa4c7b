"""From pyinfra's inventory to a run: once for all hosts, when the deploy file is loaded and nothing is touched."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyinfra import logger, state
from pyinfra.api.exceptions import DeployError

from handrail import artifacts
from handrail.errors import BadInput, HandrailError, HostUnreachable, InventoryInvalid
from handrail.hosts.inventory import load_environment
from handrail.model.plan import Intent, Verb
from handrail.model.version import Release, checked_version
from handrail.orchestration import gate, report
from handrail.orchestration.run import Run
from handrail.orchestration.watch import Watch

if TYPE_CHECKING:
    from pyinfra.api.host import Host

_lock = threading.Lock()
_made: dict[str, Watch] = {}
CACHE = Path(".handrail/artifacts")


def session(verb: Verb) -> Watch:
    """Give the run of this process, made by the first host that asks.

    Raises pyinfra's DeployError, which stops the whole run before any host is touched.
    """
    with _lock:
        if verb not in _made:
            try:
                _made[verb] = _make(verb)
            except HandrailError as error:
                report.refused(error)
                raise DeployError(str(error)) from error
        return _made[verb]


def _make(verb: Verb) -> Watch:
    hosts = list(state.inventory)
    _all_reachable(hosts)
    data = hosts[0].data
    environment = load_environment(
        {name: [(host.name, _address(host)) for host in members] for name, members in state.inventory.groups.items()},
        name=_wanted(data.get("environment"), "environment"),
        systems=tuple(_wanted(data.get("systems"), "systems")),
        folder=Path(_wanted(data.get("inventory_folder") or "inventories", "inventory_folder")),
    )
    base = environment.base
    intent = _intent(verb, data, environment)
    gate.check(environment.environment, intent)
    run = Run(environment.environment, intent, base=base, cache=CACHE)
    _ = run.secrets
    if intent.release is not None:
        _ = run.artifact
    watch = Watch(run)
    run.listeners.append(report.event)
    watch.on_end = report.ended
    if not report.quiet():
        logger.debug("run %s", run.run_id)
    watch.listen()
    return watch


def _all_reachable(hosts: list[Host]) -> None:
    missing = sorted(host.name for host in hosts if host not in state.activated_hosts)
    if missing:
        raise HostUnreachable(
            f"{', '.join(missing)} cannot be reached; nothing was touched on any host",
            next_step="mend the host or the network, or take the host out of the inventory",
        )


def _address(host: Host) -> str:
    return str(host.data.get("address") or host.data.get("ssh_hostname") or host.name)


def _wanted(value: Any, key: str) -> Any:
    if not value:
        raise InventoryInvalid(f"the inventory has no {key!r}", next_step=f"set {key} in group_data/<environment>.py")
    return value


def _intent(verb: Verb, data: Any, loaded: Any) -> Intent:
    version = str(data.get("release") or "")
    share = int(data.get("share") or 0)
    with_database = str(data.get("with_database") or "").lower() in {"1", "true", "yes"}
    if verb is not Verb.DEPLOY:
        return Intent(verb, version=checked_version(version) if version else "", with_database=with_database)
    if not version:
        raise BadInput("which release?", next_step="add --data release=VERSION")
    version = checked_version(version)
    release = loaded.environment.system.release
    digest = str(data.get("sha256") or "") or artifacts.digest_at(release.sha256_of(version), base=loaded.base)
    return Intent(verb, release=Release(version, digest), share=share)
