"""A host that reboots in the middle of a run: who asks it what, and in which order."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta
from types import SimpleNamespace

import pytest

from handrail.hosts.script import Command, Reply
from handrail.model.fleet import Fleet, Outcome
from handrail.model.roles import Roles
from handrail.orchestration import reboot

HOST = SimpleNamespace(name="web1", connected=True, disconnect=lambda: None, connect=lambda **_: None)


class Line:
    """A host that is up with another boot when it is asked for the second time."""

    def __init__(self, renewal: Outcome = Outcome.OK) -> None:
        self.asked: list[str] = []
        self.renewal = renewal

    def send(self, *_: object) -> Reply:
        return Reply(Outcome.OK, "reboots", ("boot old",))

    def answer(self, _host: object, command: Command) -> Reply:
        self.asked.append(command.scripts[-1])
        if command.scripts[-1] == "lease_renew":
            return Reply(self.renewal, "", ())
        up = self.asked.count("booted") > 1
        return Reply(Outcome.OK, "up", ("boot new",)) if up else Reply(Outcome.FAILED, "still coming up", ("boot new",))


@pytest.fixture
def begun(monkeypatch):
    """Reboot over a line; nobody waits."""
    monkeypatch.setattr(reboot, "PAUSE_SECONDS", 0)

    def begin(line):
        system = SimpleNamespace(root="/opt/a", times=SimpleNamespace(lease=timedelta(seconds=30)))
        run = SimpleNamespace(
            environment=SimpleNamespace(system=system), run_directory="/run/handrail/a", holder="ann",
            fleet=Fleet(Roles(hosts=("web1",), services=(), edges=())),
            fenced=lambda scripts, arguments, **_: Command(("fenced", *scripts), tuple(arguments)),
        )  # fmt: skip
        watch = SimpleNamespace(run=run, line=line, away=lambda _: nullcontext())
        return reboot.back_again(watch, HOST, Command(("boot", "reboot"), ()))

    return begin


def test_a_host_that_comes_up_has_its_lease_again_before_it_is_up(begun):
    line = Line()
    assert begun(line).words.startswith("rebooted in ")
    assert line.asked == ["lease_renew", "booted", "lease_renew", "booted"]


def test_a_lease_that_another_run_took_meanwhile_ends_the_wait(begun):
    line = Line(Outcome.REFUSED)
    assert begun(line).outcome is Outcome.REFUSED
    assert line.asked == ["lease_renew"]
