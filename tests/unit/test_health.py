"""What `fab health` says of a host that is out of traffic."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from handrail.control.health import health, left_out, secrets_of
from handrail.control.look import Look
from handrail.hosts.script import Reply
from handrail.model.fleet import Outcome
from handrail.model.host_state import Gate, HostState, LeaseState
from handrail.model.level import Level
from handrail.model.roles import roles_of
from handrail.model.secret import SecretSource
from handrail.secrets import MASK, masked
from tests.unit.test_environment import environment


def seen(*, lease=None, maintenance=False):
    described = environment()
    roles = roles_of(described)
    out = HostState(gate=Gate(out=("web1",), maintenance=maintenance))
    known = {host: out if host in roles.edges else HostState() for host in roles.hosts}
    known["web2"] = replace(known["web2"], lease=lease)
    return Look(described, roles, known, {})


@pytest.mark.parametrize("lease", [None, LeaseState(7, -1.0, "run", "ann@desk (update)")], ids=["none", "expired"])
@pytest.mark.parametrize("maintenance", [False, True], ids=["served", "held"])
def test_a_host_that_a_dead_run_left_out_of_traffic_is_an_alert_with_the_next_command(lease, maintenance):
    (found,) = left_out(seen(lease=lease, maintenance=maintenance))
    assert (found.level, found.what, found.host) == (Level.ALERT, "traffic", "web1")
    assert found.text.endswith("once it is well: fab updates.back web1")


def test_a_host_that_a_run_has_taken_out_is_no_alert_while_the_run_lives():
    assert left_out(seen(lease=LeaseState(7, 12.0, "run", "ann@desk (update)"))) == []


def test_secrets_are_masked_also_where_no_datastore_needs_one(tmp_path, monkeypatch):
    monkeypatch.setenv("STRIPE_KEY", "sk_live_4711")
    described = environment()
    system = described.system.model_copy(update={"datastores": {}, "secrets": {"KEY": SecretSource(env="STRIPE_KEY")}})
    loaded = SimpleNamespace(environment=SimpleNamespace(system=system, on_ecs=False), base=tmp_path)
    assert masked("401 for sk_live_4711", secrets_of(loaded)) == f"401 for {MASK}"


def test_an_edge_is_asked_by_a_name_that_a_client_could_use():
    look, asked = seen(), []
    system = look.environment.system
    edge = system.edge.model_copy(update={"server_names": ("*.example.com",)})
    described = replace(look.environment, system=system.model_copy(update={"edge": edge, "datastores": {}}))

    def ask(host, command):
        asked.append(command)
        return Reply(Outcome.OK, "", ())

    connections = SimpleNamespace(ask=ask, on_each=lambda hosts, question: {host: question(host) for host in hosts})
    health(replace(look, environment=described), connections, secrets={})
    names = {command.arguments[3] for command in asked if command.scripts == ("verify",)}
    assert names == {"handrail.example.com"}
