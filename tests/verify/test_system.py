"""The system is as its YAML says: units, ports, versions, modes, gate files, leases."""

from __future__ import annotations

from handrail.model.plan import live_release, live_slot
from handrail.model.slot import Slot
from handrail.model.version import version_of


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


def test_live_unit_is_running_and_enabled(service_on, on, system, seen):
    host, service = service_on
    unit = on(host).service(f"{system.name}-{service.name}@{live_slot(seen.states, seen.roles)}")
    assert unit.is_running
    assert unit.is_enabled


def test_live_port_is_listening(service_on, on, seen):
    host, service = service_on
    port = service.port(live_slot(seen.states, seen.roles))
    assert listens(on(host), port)


def test_service_runs_as_its_user(service_on, on, system, seen):
    host, service = service_on
    unit = f"{system.name}-{service.name}@{live_slot(seen.states, seen.roles)}.service"
    assert on(host).check_output("systemctl show -p User --value %s", unit) == service.user


def test_live_slot_is_healthy(service_on, seen):
    host, service = service_on
    live = live_slot(seen.states, seen.roles)
    assert (service.name, live) in seen.states[host].healthy, seen.states[host].health.get((service.name, live))


def test_one_release_is_live_everywhere_and_known_as_good(seen):
    release = live_release(live_slot(seen.states, seen.roles), seen.states, seen.roles)
    assert release
    for host in seen.roles.services:
        assert release in seen.states[host].good, f"{host} does not know {release} as good"


def test_environment_file_is_for_root_alone(service_on, on, system, seen):
    host, service = service_on
    file = on(host).file(f"{system.root}/env/{live_slot(seen.states, seen.roles)}/{service.name}.env")
    assert file.exists
    assert (file.user, file.group, file.mode) == ("root", "root", 0o600)


def test_releases_cannot_be_changed_by_the_service(service_on, on, system, seen):
    host, _ = service_on
    slot = live_slot(seen.states, seen.roles)
    folder = on(host).file(f"{system.root}/releases/{seen.states[host].slots[slot]}")
    assert folder.is_directory
    assert folder.user == "root"
    assert not folder.mode & 0o022


def test_datastore_is_running_and_enabled(datastore_on, on):
    host, store = datastore_on
    assert on(host).service(store.unit).is_running
    assert on(host).service(store.unit).is_enabled
    assert listens(on(host), store.port)


def test_edge_is_running_enabled_and_its_configuration_is_valid(edge_host, on, system):
    host = on(edge_host)
    assert host.service("nginx").is_running
    assert host.service("nginx").is_enabled
    assert host.run("nginx -t").succeeded
    assert host.file(f"/etc/nginx/conf.d/handrail-{system.name}.conf").exists
    assert listens(host, system.edge.port)


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
        "curl -s -i -H %s %s", f"Host: {system.edge.server_names[0]}", f"http://127.0.0.1:{system.edge.port}{mark.path}"
    )
    if mark.header:
        headers = dict(line.lower().split(": ", 1) for line in answer.splitlines() if ": " in line)
        assert headers[mark.header.lower()] == version.lower()
    else:
        assert mark.contains.replace("${version}", version) in answer
