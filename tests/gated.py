"""An office whose changes go to the gate, without pyinfra and without hosts."""

from __future__ import annotations

from handrail.hosts.script import Reply
from handrail.journal import recorder
from handrail.model.fleet import Outcome
from handrail.model.request import Request
from handrail.orchestration import gate
from handrail.orchestration.attempt import Attempt
from tests.office import DEPLOY, Office


def nobody(_host, _command):
    return Reply(Outcome.UNKNOWN, "no host here", ())


class Gated(Office):
    """An office whose changes go to the gate."""

    def attempt(self, intent=DEPLOY, **said):
        return Attempt(self.loaded, intent, Request(**said), recorder.start(), ask=nobody)

    def check(self, intent=DEPLOY, **said):
        return gate.check(self.attempt(intent, **said))
