"""Instances of a service: their limits, their ports, and how many of them a host runs."""

from __future__ import annotations

import pytest

from handrail.errors import InventoryInvalid
from handrail.model.host_state import HostState
from handrail.model.inventory import check
from handrail.model.roles import Limits, Roles, roles_of, told
from handrail.model.slot import Slot
from handrail.runtimes.protocol import Instance
from tests.unit.shop import SHOP, changed, line_of, parse, problems
from tests.unit.test_environment import environment

WEB_PORTS = "    ports: {blue: 3000, green: 3010}\n"
SITE_PORTS = "    ports: {blue: 3001, green: 3011}\n"


def shop(instances, *, web="{blue: 3100, green: 3110}"):
    """Give `web` instances and ports of its own."""
    return changed(WEB_PORTS, f"    ports: {web}\n    instances: {instances}\n")


def test_the_nth_instance_listens_on_the_port_of_its_slot_and_n_minus_1():
    web = parse(shop("{min: 1, max: 4}")).services["web"]
    assert [web.port(Slot.GREEN, number) for number in web.numbers] == [3110, 3111, 3112, 3113]
    assert web.port(Slot.BLUE) == 3100


def test_a_service_has_one_instance_if_not_told():
    web = parse(SHOP).services["web"]
    assert (web.instances.min, web.instances.max, list(web.numbers)) == (1, 1, [1])


def test_names_of_instances_differ_in_everything_that_a_host_must_tell_apart():
    web = parse(shop("{max: 3}")).services["web"]
    one, two = (Instance("shop", "/opt/shop", web, Slot.BLUE, number) for number in (1, 2))
    assert (one.name, one.process, one.port) == ("web", "shop-web-blue", 3100)
    assert (two.name, two.process, two.port) == ("web.2", "shop-web.2-blue", 3101)
    assert two.environment_file == "/opt/shop/env/blue/web.2.env"
    assert one.directory == two.directory == "/opt/shop/slots/blue/web"
    assert two.place == ("web", Slot.BLUE, 2)


@pytest.mark.parametrize(("instances", "least", "most"), [("{min: 3, max: 2}", "min: 3", 2), ("{min: 2}", "min: 2", 1)])
def test_a_least_number_above_the_most_is_refused_at_its_line(instances, least, most):
    text = shop(instances)
    (problem,) = problems(text)
    assert (problem.line, problem.key) == (line_of(text, least), "services.web.instances.min")
    assert (problem.found, problem.allowed) == (least.partition(": ")[2], f"at most max, which is {most}")


@pytest.mark.parametrize("number", ["0", "11", "-1", "true", "'2'", "1.5"])
def test_a_number_of_instances_is_one_to_ten(number):
    (problem,) = problems(shop(f"{{max: {number}}}", web="{blue: 3100, green: 3200}"))
    assert (problem.key, problem.allowed) == ("services.web.instances.max", "a whole number from 1 to 10")


@pytest.mark.parametrize(
    ("ports", "key", "taken", "owner"),
    [
        ("{blue: 3009, green: 3100}", "services.site.ports.green", 3011, "services.web.ports.blue"),
        ("{blue: 3100, green: 3102}", "services.web.ports.green", 3102, "services.web.ports.blue"),
    ],
)
def test_ports_of_instances_clash_within_a_system(ports, key, taken, owner):
    text = shop("{max: 3}", web=ports)
    (problem,) = problems(text)
    assert problem.key == key
    assert problem.line == line_of(text, f"green: {taken}")
    assert problem.found == f"{taken}, which {owner} has on the hosts of web"


def test_the_last_instance_is_counted_and_the_one_after_it_is_not():
    beside = "{blue: 3008, green: 3100}"
    assert parse(shop("{max: 3}", web=beside))
    assert [problem.key for problem in problems(shop("{max: 4}", web=beside))] == ["services.site.ports.green"]


def test_ports_that_overlap_are_told_once():
    assert len(problems(shop("{max: 10}", web="{blue: 3100, green: 3105}"))) == 1


@pytest.mark.parametrize("port", [65534, 65535])
def test_a_port_too_high_for_all_instances_is_refused(port):
    (problem,) = problems(shop("{max: 3}", web=f"{{blue: 3100, green: {port}}}"))
    assert (problem.key, problem.found) == ("services.web.ports.green", str(port))
    assert problem.allowed == "at most 65533: 3 instances follow each other"
    assert parse(shop("{max: 3}", web="{blue: 3100, green: 65533}"))


def test_ports_of_instances_clash_between_systems_on_their_hosts():
    other = environment(text=second("3005"))
    with pytest.raises(InventoryInvalid) as refused:
        check([environment(), other])
    assert [line for line in refused.value.message.splitlines() if "3010" in line] == [
        f"  {host}: port 3010 is wanted by sanvi (prod) services.backend and shop (prod) services.web; "
        "allowed: a port of its own for each"
        for host in ("web1", "web2")
    ]
    check([environment(), environment(text=second("3021"))])


def second(port):
    """Make a system whose `web` listens on six ports, on the hosts of Sanvi."""
    text = SHOP.replace("blue: 3000, green: 3010", f"blue: {port}, green: 4010").replace("3001", "5001")
    return text.replace("3011", "5011").replace("port: 5432", "port: 5433").replace(
        "    health: {path: /health}\n", "    health: {path: /health}\n    instances: {max: 6}\n"
    )  # fmt: skip


ROLES = Roles(
    hosts=("web1", "web2", "edge1"),
    services=("web1", "web2"),
    edges=("edge1",),
    services_of={"web1": frozenset({"api"}), "web2": frozenset({"api"})},
    limits={"api": Limits(2, 4)},
)
LIVE = HostState(healthy=frozenset({("api", Slot.GREEN)}))


def instances(web1=None, web2=None, edge1=None, *, healthy=False, live=Slot.GREEN):
    counts = {"web1": web1, "web2": web2, "edge1": edge1}
    states = {
        host: HostState(
            instances={} if count is None else {"api": count},
            healthy=LIVE.healthy if healthy and host != "edge1" else frozenset(),
        )
        for host, count in counts.items()
    }
    return ROLES.instances(states, live)["api"]


def test_hosts_that_were_never_told_begin_with_the_least():
    assert instances() == 2


def test_hosts_run_as_many_as_they_were_told():
    assert instances(3, 3, 3) == 3


def test_where_hosts_disagree_the_highest_number_counts():
    assert instances(2, 4, 3) == 4
    assert instances(edge1=3) == 3


@pytest.mark.parametrize("number", [1, 6])
def test_other_limits_change_nothing_by_themselves(number):
    assert instances(number, number, number, healthy=True) == number


def test_a_live_service_that_no_host_was_told_of_has_one_whatever_the_least_is():
    assert instances(healthy=True) == 1
    assert instances(healthy=True, live=Slot.BLUE) == 2


def test_hosts_tell_of_a_service_only_where_they_were_told():
    states = {"a": HostState(instances={"api": 3}), "b": HostState(instances={"api": 1}), "c": HostState()}
    assert (told("api", states), told("web", states)) == ({1, 3}, frozenset())


def test_roles_know_the_limits_of_each_service():
    assert roles_of(environment()).limits == {"backend": Limits(1, 1), "frontend": Limits(1, 4)}


def test_edges_alone_know_of_no_service():
    edges = ROLES.of_edges()
    assert (edges.hosts, edges.edges, edges.services) == (("edge1",), ("edge1",), ())
    assert edges.instances({"edge1": HostState(instances={"api": 3})}, Slot.BLUE) == {}
