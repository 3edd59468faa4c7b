"""What the steps of a scale and of the hold page ask of each host."""

from __future__ import annotations

import base64
import io
import tarfile
from pathlib import Path

import pytest

from handrail.control import preview
from handrail.control.look import Look
from handrail.errors import HostUnreachable, SecretMissing
from handrail.hosts.inventory import Loaded
from handrail.model.clearance import Clearance, Kind
from handrail.model.decide import decide
from handrail.model.fleet import Do
from handrail.model.host_state import Gate, HostState
from handrail.model.intent import Intent, Verb
from handrail.model.roles import roles_of
from handrail.model.rollout import TABLES
from handrail.model.slot import Slot
from handrail.orchestration.commands import commands
from handrail.orchestration.run import Run
from tests.unit.test_environment import environment

RELEASE = "1.1.0-000000000000"
SLOTS = {Slot.BLUE: "1.0.0-000000000000", Slot.GREEN: RELEASE}
HEALTHY = frozenset((name, slot) for name in ("backend", "frontend") for slot in Slot)
GATE = Gate(confirmed=Slot.GREEN, record_token=3)


@pytest.fixture(autouse=True)
def _secrets(monkeypatch):
    for name in ("SANVI_DB_PASSWORD", "SANVI_REDIS_PASSWORD"):
        monkeypatch.setenv(name, "hunter2")


def states(told=None, **odd):
    counts = {} if told is None else {"frontend": told}
    web = HostState(slots=SLOTS, healthy=HEALTHY, instances=counts, good=tuple(SLOTS.values()))
    known = {"web1": web, "web2": web, "edge1": HostState(gate=GATE, instances=counts), "db1": HostState()}
    known["edge2"] = known["edge1"]
    return known | {host: HostState(gate=GATE, instances={"frontend": count}) for host, count in odd.items()}


def run(intent, seen, *, text=None):
    described = environment(text=text) if text else environment()
    going = Run(described, intent, base=Path("inventories"), cache=Path(), clearance=Clearance(Kind.FREE, {}, ""))
    going.fleet.states.update(seen)
    going.fleet.tokens["web1"] = 7
    going.fleet.plan = decide(intent, seen, going.fleet.roles)
    return going


def scale(count, seen):
    return run(Intent(Verb.SCALE, service="frontend", count=count), seen)


def asked(going, do, host, *, part=0, title=""):
    table = TABLES[going.intent.verb]
    step = next(step for step in table if step.do is do and title in step.title and part in {0, step.part})
    generation = 1 if do in {Do.START, Do.STOP} else step.part
    return commands(going, type(step)(step.do, step.title, step.on, step.when, generation), host)


def named(sent):
    """Name the instances that commands are about."""
    words = " ".join(word for command in sent for word in command.arguments)
    return [name for name in ("backend", *(f"frontend{n}" for n in ("", ".2", ".3", ".4"))) if f"-{name}@" in words]


def files(command):
    with tarfile.open(fileobj=io.BytesIO(base64.b64decode(command.stdin))) as archive:
        return sorted(archive.getnames())


def told(command):
    """Give what a host that is new is told."""
    words = command.arguments
    return dict(zip(words[-2::-2], words[::-2], strict=False)) if "frontend" in words else {}


def test_more_instances_get_files_on_service_hosts_and_the_edge_its_configuration():
    going = scale(3, states(1))
    (web,) = asked(going, Do.READY, "web1")
    assert files(web) == sorted(
        f"etc/systemd/system/sanvi-frontend.{n}@green.service" if unit else f"opt/sanvi/env/green/frontend.{n}.env"
        for n in (2, 3)
        for unit in (True, False)
    )
    edge, _ = asked(going, Do.READY, "edge1")
    assert files(edge) == ["etc/nginx/conf.d/handrail-sanvi.conf"]


def test_fewer_instances_get_no_files():
    assert asked(scale(1, states(3)), Do.READY, "web1") == []


@pytest.mark.parametrize(("seen", "number"), [(states(), "1"), (states(2), "2"), (states(3, edge2=1), "1")])
def test_an_edge_that_is_new_learns_of_no_instance_that_may_not_run_yet(seen, number):
    edge, _ = asked(scale(4, seen), Do.READY, "edge1")
    assert told(edge)["frontend"] == number


def test_a_service_of_one_instance_is_told_to_nobody():
    edge, _ = asked(scale(4, states(1)), Do.READY, "edge1")
    assert "backend" not in told(edge)


def test_all_instances_are_started_for_hosts_may_disagree_about_which_run():
    assert named(asked(scale(3, states(1)), Do.START, "web1")) == ["frontend", "frontend.2", "frontend.3"]
    assert named(asked(scale(2, states(3)), Do.START, "web2")) == ["frontend", "frontend.2"]
    assert asked(scale(3, states(1)), Do.START, "edge1") == []


@pytest.mark.parametrize(
    ("intent", "counts"),
    [
        (Intent(Verb.STARTUP), True),
        (Intent(Verb.SCALE, service="frontend", count=1), True),
        (Intent(Verb.RESTART), False),
        (Intent(Verb.REHEARSE), False),
    ],
)
def test_restarts_count_from_what_there_was_unless_the_slot_was_emptied(intent, counts):
    first, *_ = asked(run(intent, states(1)), Do.START, "web1")
    slot, name, begin, count, died, *_ = first.arguments[4:]
    assert (slot in {"blue", "green"}, name, "systemctl start" in begin) == (True, "frontend", True)
    assert ("NRestarts" in count, count != "") == (counts, counts)
    assert "RESTARTS" in died


def test_only_new_instances_are_asked_whether_they_were_started_again():
    (web,) = asked(scale(3, states(1)), Do.STEADY, "web1")
    assert web.arguments[2::7] == ("frontend.2", "frontend.3")
    assert web.arguments[5::7] == ("3012", "3013")


def test_traffic_is_spread_over_the_new_number_and_back_over_the_old_one():
    going = scale(3, states(1))
    for host in ("web1", "edge1"):
        assert asked(going, Do.SPREAD, host)[0].arguments[-3:] == ("on", "frontend", "3")
        assert asked(going, Do.SPREAD, host, part=1)[0].arguments[-3:] == ("back", "frontend", "1")


def test_instances_that_go_are_drained_and_stopped_and_no_other():
    going = scale(1, states(3))
    assert named(asked(going, Do.DRAIN, "web1")) == ["frontend.2", "frontend.3", "frontend.4"]
    (drain,) = asked(going, Do.DRAIN, "web1")
    assert drain.arguments[4::2] == ("3012", "3013", "3014")
    assert named(asked(going, Do.STOP, "web1", title="that go")) == ["frontend.2", "frontend.3", "frontend.4"]


def test_new_instances_are_stopped_and_none_that_ran_before():
    going = scale(4, states(2))
    assert named(asked(going, Do.STOP, "web1", title="new")) == ["frontend.3", "frontend.4"]


def test_an_idle_slot_gets_the_files_of_all_instances_that_it_is_to_have():
    (slot,) = asked(run(Intent(Verb.RESTART), states(2)), Do.READY, "web1")
    assert [name for name in files(slot) if name.startswith("opt")] == [
        f"opt/sanvi/env/blue/{name}.env" for name in ("backend", "frontend.2", "frontend")
    ]


def lower(text="{min: 1, max: 4}", most=2):
    sanvi = Path("inventories/sanvi.yaml").read_text()
    assert text in sanvi
    return sanvi.replace(text, f"{{min: 1, max: {most}}}")


def test_instances_beyond_the_limits_of_today_are_still_started_used_and_stopped():
    seen = states(4)
    restart = run(Intent(Verb.RESTART), seen, text=lower())
    assert len(named(asked(restart, Do.START, "web1"))) == 4
    slot, edge = asked(restart, Do.READY, "web1")[0], asked(restart, Do.READY, "edge1")[0]
    assert "sanvi-frontend.4@blue" in slot.arguments[6]
    with tarfile.open(fileobj=io.BytesIO(base64.b64decode(edge.stdin))) as archive:
        site = archive.extractfile("etc/nginx/conf.d/handrail-sanvi.conf").read().decode()
    assert "upstream sanvi_frontend_blue_4 {" in site
    assert "gate/instances/frontend.4) { set $sanvi_frontend_instances 4; }" in site
    shrinks = run(Intent(Verb.SCALE, service="frontend", count=2), seen, text=lower())
    assert named(asked(shrinks, Do.STOP, "web1", title="that go")) == ["frontend.3", "frontend.4"]


def test_a_raised_least_starts_nothing_that_edges_do_not_know_of():
    raised = Path("inventories/sanvi.yaml").read_text().replace("{min: 1, max: 4}", "{min: 3, max: 4}")
    restart = run(Intent(Verb.RESTART), states(1), text=raised)
    assert named(asked(restart, Do.START, "web1")) == ["frontend"]


def test_the_idle_slot_is_emptied_of_every_instance_that_it_may_have():
    slot = asked(run(Intent(Verb.RESTART), states(1)), Do.READY, "web1")[0]
    stop = slot.arguments[6]
    assert stop.index("sanvi-frontend@blue") < stop.index("sanvi-backend@blue")
    assert all(f"sanvi-frontend.{number}@blue" in stop for number in (2, 3, 4))
    assert "@green" not in stop


def test_the_message_of_a_hold_page_goes_by_standard_input():
    message = 'Back at 14:00; $(id) "now"'
    start, held = asked(run(Intent(Verb.HOLD, message=message), states()), Do.HOLD, "edge1")
    assert start.scripts[-1] == "start_edge", "from an nginx that is down nobody gets a page"
    assert held.stdin == message
    assert message not in " ".join(held.argv)
    _, usual = asked(run(Intent(Verb.HOLD), states()), Do.HOLD, "edge2")
    assert usual.stdin.startswith("Sanvi Machinery is being maintained")


def test_a_shutdown_leaves_the_message_of_a_page_that_is_up():
    up = HostState(gate=Gate(Slot.GREEN, 3, maintenance=True))
    going = run(Intent(Verb.SHUTDOWN), states() | {"edge1": up})
    assert asked(going, Do.HOLD, "edge1") == []
    (put,) = asked(going, Do.HOLD, "edge2")
    assert put.stdin.startswith("Sanvi Machinery is being maintained")


def test_resuming_starts_nginx_first_where_it_is_down():
    held = states() | {"edge1": HostState(gate=Gate(Slot.GREEN, 3, maintenance=True))}
    start, resume = asked(run(Intent(Verb.RESUME), held), Do.RESUME, "edge1")
    assert (start.scripts[-1], resume.scripts[-1]) == ("start_edge", "gate_do")
    assert resume.stdin == ""


def look_without(*lost, intent="hold", monkeypatch):
    here = environment()
    seen = {host: state for host, state in states(1).items() if host not in lost}
    look = Look(here, roles_of(here), seen, dict.fromkeys(lost, "no answer"))
    monkeypatch.setattr(preview, "look", lambda *_: look)
    inventory = type("Inventory", (), {"load": lambda _: Loaded(here, Path("inventories"))})()
    return preview.preview(inventory, None, intent, {})


@pytest.mark.parametrize("verb", ["hold", "resume"])
def test_a_hold_page_can_be_previewed_when_a_service_host_is_lost(monkeypatch, verb):
    shown = look_without("web1", "db1", intent=verb, monkeypatch=monkeypatch)
    assert {host for step in shown["steps"] for host in step["hosts"]} == {"edge1", "edge2"}


def test_nothing_else_is_previewed_without_every_host_and_no_hold_page_without_every_edge(monkeypatch):
    with pytest.raises(HostUnreachable, match="web1: no answer; nothing was touched"):
        look_without("web1", intent="restart", monkeypatch=monkeypatch)
    with pytest.raises(HostUnreachable, match="edge2: no answer"):
        look_without("edge2", intent="hold", monkeypatch=monkeypatch)


def test_the_page_needs_no_secret_and_a_rollback_does(monkeypatch):
    for name in ("SANVI_DB_PASSWORD", "SANVI_REDIS_PASSWORD"):
        monkeypatch.delenv(name)
    for verb in (Verb.HOLD, Verb.RESUME):
        assert run(Intent(verb), states()).secrets == {}
    with pytest.raises(SecretMissing):
        _ = run(Intent(Verb.ROLLBACK), states()).secrets
