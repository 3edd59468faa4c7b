"""The system is as its YAML says: units, ports, versions, modes, gate files, leases."""

from __future__ import annotations

from handrail.hosts.script import shell_line
from handrail.hosts.survey import edge_unit, instances_on
from handrail.model.live import live_release, live_slot
from handrail.model.slot import Slot
from handrail.model.version import version_of
from handrail.runtimes import RUNTIMES, UNITS
from handrail.traffic import nginx


def listens(host, port):
    """Tell whether anything listens on a TCP port, whatever the address: `socket("tcp://80")` wants IPv4 and IPv6."""
    sockets = host.socket.get_listening_sockets()
    return any(name.startswith("tcp://") and name.rpartition(":")[2].strip("/") == str(port) for name in sockets)


def test_host_answers(any_host, seen):
    assert any_host not in seen.lost, seen.lost.get(any_host)


def test_lease_is_free(any_host, seen):
    lease = seen.states[any_host].lease
    assert lease is None or lease.seconds_left <= 0, f"{lease.holder} holds it"


def test_tools_that_handrail_needs_are_there(any_host, seen):
    assert seen.states[any_host].missing_tools == ()


def live_instances(seen, service):
    """List the instances of a service that the live slot is to have."""
    slot, system = live_slot(seen.states, seen.roles), seen.environment.system
    count = seen.roles.instances(seen.states, slot)[service.name]
    return [one for one in instances_on(system, [service]) if one.slot is slot and one.number <= count]


def test_runtimes_that_handrail_needs_can_be_used(any_host, seen):
    assert seen.states[any_host].unusable == ()


def test_live_instances_run_and_come_back_at_boot(service_on, seen):
    host, service = service_on
    for one in live_instances(seen, service):
        unit = seen.states[host].units[one.place]
        assert unit.running, f"{one.process}: {unit.state}"
        assert unit.enabled, f"{one.process} would not come back"


def test_live_ports_are_listening(service_on, on, seen):
    host, service = service_on
    for one in live_instances(seen, service):
        assert listens(on(host), one.port)


def test_program_runs_as_its_user(service_on, on, seen):
    host, service = service_on
    for one in live_instances(seen, service):
        pid = on(host).check_output(shell_line([RUNTIMES[service.runtime].pid(one)])).split()[-1]
        assert service.user in {"", on(host).check_output("stat -c %%U /proc/%s", pid)}


def test_live_slot_is_healthy(service_on, seen):
    host, service = service_on
    live = live_slot(seen.states, seen.roles)
    assert (service.name, live) in seen.states[host].healthy, seen.states[host].health.get((service.name, live))


def test_one_release_is_live_everywhere_and_known_as_good(seen):
    release = live_release(live_slot(seen.states, seen.roles), seen.states, seen.roles)
    assert release
    for host in seen.roles.services:
        assert release in seen.states[host].good, f"{host} does not know {release} as good"


def test_environment_file_is_for_its_owner_alone(service_on, on, seen):
    host, service = service_on
    for one in live_instances(seen, service):
        wanted = RUNTIMES[service.runtime].environment(one, dict.fromkeys(service.environment, ""))
        file = on(host).file(wanted.path)
        assert file.exists
        assert (file.user, file.mode) == (wanted.owner, 0o600)


def test_releases_cannot_be_changed_by_the_service(service_on, on, system, seen):
    host, _ = service_on
    slot = live_slot(seen.states, seen.roles)
    folder = on(host).file(f"{system.root}/releases/{seen.states[host].slots[slot]}")
    assert folder.is_directory
    assert folder.user == "root"
    assert not folder.mode & 0o022


def test_datastore_is_running_and_comes_back_at_boot(datastore_on, on, seen):
    host, store = datastore_on
    state = seen.states[host].datastores[store.name]
    assert state.running, state.state
    assert state.enabled, f"{store.name} would not come back"
    if store.runtime == "systemd":
        assert listens(on(host), store.port)


def test_edge_is_running_and_its_configuration_is_valid(edge_host, on, system):
    host, units, unit = on(edge_host), UNITS[system.edge.runtime], edge_unit(system)
    state = units.states(host.check_output(shell_line([units.status([unit])])), [unit])[unit.name]
    assert state.running, state.state
    assert state.enabled, "nginx would not come back"
    assert host.run(f"set -- nginx -t; {units.inside(unit)}").succeeded
    assert host.file(f"{nginx.folder(system)}/handrail-{system.name}.conf").exists
    assert listens(host, system.edge.port)
    if system.edge.tls:
        assert listens(host, system.edge.tls.port)


def test_gate_is_settled_and_open(edge_host, on, system, seen):
    assert seen.states[edge_host].gate.settled, "a cutover is not confirmed"
    host = on(edge_host)
    assert not host.file(f"{system.root}/gate/maintenance").exists, "traffic is held"
    assert host.file(f"{system.root}/gate/green").exists == (live_slot(seen.states, seen.roles) is Slot.GREEN)


def test_no_revert_timer_is_armed(edge_host, on, system):
    timers = on(edge_host).check_output(
        "systemctl list-timers --all --no-legend %s", f"handrail-{system.name}-revert-*"
    )
    assert timers == ""


def test_release_is_served_through_the_edge(edge_host, on, system, seen):
    version = version_of(live_release(live_slot(seen.states, seen.roles), seen.states, seen.roles))
    mark = system.release.version
    answer = on(edge_host).check_output(
        "curl -s -i -k --connect-to ::127.0.0.1: -H %s %s",
        f"Host: {system.edge.server_names[0]}",
        f"{system.edge.origin}{mark.path}",
    )
    if mark.header:
        headers = dict(line.lower().split(": ", 1) for line in answer.splitlines() if ": " in line)
        assert headers[mark.header.lower()] == version.lower()
    else:
        assert mark.contains.replace("${version}", version) in answer
