"""Which release to go to: the one that is asked for, the live one once more, or one that proved good before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.errors import ReleaseUnknown
from handrail.model.intent import Verb
from handrail.model.live import known_good
from handrail.model.version import version_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from handrail.model.host_state import HostState
    from handrail.model.intent import Intent
    from handrail.model.roles import Roles

# The live release once more, from new programs.
SAME_AGAIN = frozenset({Verb.RESTART, Verb.PROMOTE})


def target_of(intent: Intent, current_id: str, states: Mapping[str, HostState], roles: Roles) -> tuple[str, str]:
    """Name the release to go to, with its digest where it is known."""
    if intent.release is not None:
        return intent.release.id, intent.release.digest
    if intent.verb in SAME_AGAIN:
        if not current_id:
            what = "restart" if intent.verb is Verb.RESTART else "start on another database"
            raise ReleaseUnknown(f"there is no live release to {what}", next_step="fab deploy VERSION")
        return current_id, _digest(current_id, states, roles)
    good = known = known_good(current_id, states, roles)
    if intent.version:
        good = tuple(line for line in known if version_of(line) == intent.version and line != current_id)
    elif current_id in known:
        # Only what was good before the live one: whoever went back by hand is not sent forward again.
        good = known[: known.index(current_id)]
    if not good:
        wanted = f"release {intent.version}" if intent.version else "an earlier good release"
        named = ", ".join(map(version_of, known)) or "none"
        raise ReleaseUnknown(
            f"{wanted} is not on the hosts; good releases there: {named}",
            next_step="fab history shows what was deployed; fab deploy VERSION brings any release",
        )
    return good[-1], _digest(good[-1], states, roles)


def rehearsed(intent: Intent, current_id: str, states: Mapping[str, HostState], roles: Roles) -> tuple[str, str]:
    """Name the release to try: the live one, which is where a rollback goes after the next deploy, or a good one."""
    if not current_id:
        raise ReleaseUnknown("there is no live release, hence no rollback to rehearse", next_step="fab deploy VERSION")
    if not intent.version or version_of(current_id) == intent.version:
        return current_id, _digest(current_id, states, roles)
    return target_of(intent, current_id, states, roles)


def _digest(release_id: str, states: Mapping[str, HostState], roles: Roles) -> str:
    digests: Sequence[str] = [states[host].staged.get(release_id, "") for host in roles.services]
    return next((digest for digest in digests if digest), "")
