"""From pyinfra's inventory to a run: once for all hosts, when the deploy file is loaded and nothing is touched."""

from __future__ import annotations

import gc
import os
import threading
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyinfra import logger, state
from pyinfra.api.exceptions import DeployError

from handrail.errors import BadInput, HandrailError, HostUnreachable, InventoryInvalid, Refused
from handrail.hosts.intent import YES, intent_of
from handrail.hosts.inventory import folder_of, host_of, load_environment
from handrail.hosts.script import Command, Reply
from handrail.hosts.variable import SYSTEM_VARIABLE
from handrail.journal import recorder
from handrail.model.fleet import Outcome
from handrail.model.request import Request
from handrail.orchestration import gate, report
from handrail.orchestration.attempt import Attempt
from handrail.orchestration.evidence import Evidence, asked
from handrail.orchestration.leaving import leave_with
from handrail.orchestration.notices import Notices
from handrail.orchestration.run import Run
from handrail.orchestration.send import Line
from handrail.orchestration.typed import elsewhere, inventory_file, named, own_folder
from handrail.orchestration.watch import Watch
from handrail.secrets import masked, secrets_that_are_there

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyinfra.api.host import Host

    from handrail.hosts.inventory import Loaded
    from handrail.model.clearance import Clearance
    from handrail.model.intent import Intent, Verb

_lock = threading.Lock()
_made: dict[Verb, Watch | HandrailError] = {}
# What a verb may be given as `--data`.
WORDS = (
    "release", "sha256", "share", "service", "count", "message", "with_database", "force", "keep_page",
    "certificate", "cert", "key", "chain", "all", "reboot", "limit", "lag_accepted",
)  # fmt: skip
# Of these, numbers are numbers.
NUMBERS = frozenset({"share", "count"})
# What an inventory says of its hosts, and a command line does not.
FIXED = frozenset({"environment", "systems"})
# All that a command line says where there are rules.
SAID = frozenset({*WORDS, "change", "emergency", "reason", "system", "inventory_folder"})
# The gate is asked again when more time has passed before the run begins.
PATIENCE_SECONDS = 10
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
                leave_with(error.exit_code)
                _made[verb] = error
        made = _made[verb]
        if isinstance(made, HandrailError):
            raise DeployError(str(made)) from made
        return made


def _make(verb: Verb) -> Watch:
    report.listened()
    first = next(iter(state.inventory))
    data, file = first.data, inventory_file()
    _refuse(FIXED & set(state.inventory.override_data))
    loaded = load_environment(
        {name: [host_of(host.name, host.data) for host in members] for name, members in state.inventory.groups.items()},
        name=_wanted(data.get("environment"), "environment"),
        systems=tuple(_wanted(data.get("systems"), "systems")),
        folder=own_folder(
            folder_of(file, _told_folder(first)), given=_text(state.inventory.override_data, "inventory_folder")
        ),
        only=_text(data, "system") or os.environ.get(SYSTEM_VARIABLE, ""),
    )
    if loaded.environment.system.changes is not None:
        _refuse(frozenset(state.inventory.override_data) - SAID)
    intent = intent_of(verb, {key: _text(data, key) for key in WORDS}, loaded)
    emergency = _text(data, "emergency").lower() in YES
    request = Request(
        _text(data, "change"), emergency=emergency, reason=_text(data, "reason").strip(),
        inventory=named(file), with_digest=bool(_text(data, "sha256")),
    )  # fmt: skip
    clearance = _cleared(loaded, intent, request)
    run = Run(loaded.environment, intent, base=loaded.base, cache=CACHE, clearance=clearance)
    if loaded.environment.on_ecs:
        from handrail.ecs.join import cluster_of  # noqa: PLC0415  # 0.03 s that hosts need not wait for

        run.cluster = cluster_of(loaded.environment)
    # What cannot be read is found out now, before anything is touched.
    began = time.monotonic()
    _ = run.secrets
    if intent.release is not None and run.cluster is None:  # on ECS a release is its images
        _ = run.artifact
    if intent.certificate:
        _ = run.pair
    _all_here(run.fleet.roles.hosts)
    if time.monotonic() - began > PATIENCE_SECONDS:  # a large artifact: the rules may say something else by now
        run.clearance = _cleared(loaded, intent, request)
    run.started = datetime.now(UTC)
    notices = Notices(run)
    asked_again = partial(_cleared, loaded, intent, request)
    watch = Watch(run, Evidence(run, recorder.start(), notices, ask=asked_again))
    run.listeners += [report.event, watch.evidence.event]
    if not report.quiet():
        logger.debug("run %s", run.run_id)
    watch.listen()
    # What is loaded by now stays to the end, when the interpreter would look through all of it once more: 0.05 s.
    gc.freeze()
    return watch


def _refuse(overridden: frozenset[str]) -> None:
    """Refuse what a command line says in the place of the inventory, which was reviewed."""
    if overridden:
        raise elsewhere(f"--data {min(overridden)}")


def _cleared(loaded: Loaded, intent: Intent, request: Request) -> Clearance:
    """Pass the gate; whom it refuses is in the journal, too."""
    journal = recorder.start()
    try:
        return gate.check(Attempt(loaded, intent, request, journal, ask=_ask))
    except Refused as refused:
        # Without a reason nobody is asked for a secret: a password manager may want to be touched.
        sources = loaded.environment.system.secrets if request.reason else {}
        known = secrets_that_are_there(sources, base=loaded.base)
        said = {"reason": masked(request.reason, known), "text": masked(refused.message, known)}
        journal.refused({**asked(loaded.environment, intent), **said})
        raise


def _ask(name: str, command: Command) -> Reply:
    """Ask a host before the run begins; nothing is changed."""
    host = state.inventory.get_host(name)
    return Line().send(host, command) if host in state.activated_hosts else Reply(Outcome.UNKNOWN, "no connection", ())


def _all_here(wanted: Sequence[str]) -> None:
    active = {host.name for host in state.activated_hosts}
    missing = [host for host in wanted if host not in active]
    if missing:
        raise HostUnreachable(
            f"{', '.join(missing)} cannot be reached, or is left out by --limit; nothing was touched on any host",
            next_step="mend the host or the network, or take the host out of the inventory",
        )


def _told_folder(host: Host) -> str:
    """Read where the inventory says that its YAML is, whatever the command line says."""
    inventory = state.inventory
    own = [
        inventory.host_data.get(host.name, {}),
        *(inventory.group_data.get(group, {}) for group in host.groups[::-1]),
    ]
    return next((_text(data, "inventory_folder") for data in (*own, inventory.data) if "inventory_folder" in data), "")


def _wanted(value: Any, key: str) -> Any:
    if not value:
        raise InventoryInvalid(f"the inventory has no {key!r}", next_step=f"set {key} in group_data/<environment>.py")
    return value


def _text(data: Any, key: str) -> str:
    """Read a value that must be text: pyinfra turns 1.10 into the number 1.1 and 007 into 7."""
    value = data.get(key) or ""
    if isinstance(value, bool) or (key in NUMBERS and isinstance(value, int)):
        return str(value)
    if not isinstance(value, str):
        raise BadInput(
            # The number is not what was typed: repeating it in the advice would lead to another release.
            f"pyinfra reads the value of {key} as the number {value}",
            next_step=f"quote it as JSON does: --data '{key}=\"1.10\"'",
        )
    return value
