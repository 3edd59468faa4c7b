"""An environment knows its hosts in one order, and an inventory that does not fit is refused at once."""

import importlib.util
from pathlib import Path

import pytest

from handrail.errors import InventoryInvalid
from handrail.model import document
from handrail.model.environment import Environment, Host
from handrail.model.inventory import check
from handrail.model.secret import SecretReference
from handrail.model.slot import Slot

INVENTORIES = Path(__file__).parents[2] / "inventories"
SANVI = (INVENTORIES / "sanvi.yaml").read_text()

WEB = (Host("web2", "10.20.1.12"), Host("web1", "10.20.1.11"))
EDGE = (Host("edge2", "10.20.0.12"), Host("edge1", "10.20.0.11"))
DB = (Host("db1", "10.20.2.11"),)
GROUPS = {"web": WEB, "edge": EDGE, "db": DB}


def environment(groups=GROUPS, text=SANVI, name="prod"):
    return Environment(name, document.parse(text, source="sanvi.yaml", environment=name), groups)


def other(**changes):
    """Make a second system that shares no port and no name with the first."""
    text = SANVI.replace("system: sanvi\n", "system: shop\n").replace("root: /opt/sanvi\n", "")
    for old, new in {"3000": "4000", "3010": "4010", "3001": "4001", "3011": "4011", "app.": "shop."}.items():
        text = text.replace(old, changes.get(old, new))
    return environment(text=text)


def refusal(*environments):
    with pytest.raises(InventoryInvalid) as caught:
        check(environments)
    assert caught.value.next_step
    return caught.value.message.splitlines()


def test_hosts_are_in_the_order_of_their_names():
    prod = environment()
    assert [host.name for host in prod.all_hosts] == ["db1", "edge1", "edge2", "web1", "web2"]
    assert [host.name for host in prod.service_hosts("backend")] == ["web1", "web2"]
    assert [host.name for host in prod.edge_hosts] == ["edge1", "edge2"]
    assert prod.hosts_of(prod.system.datastores["redis"]) == DB


def test_hosts_that_the_system_does_not_name_are_none_of_its_business():
    assert "other1" not in [host.name for host in environment(GROUPS | {"other": (Host("other1", "1"),)}).all_hosts]


def test_a_host_in_two_groups_is_one_host():
    one = Host("one", "10.0.0.1")
    assert environment({"web": (one,), "edge": (one,), "db": (one,)}).all_hosts == (one,)


def test_variables_are_filled_for_the_slot():
    prod = environment()
    variables = prod.variables(prod.system.services["backend"], Slot.GREEN, "1.4.2")
    assert variables["PORT"] == "3010"
    assert variables["SLOT"] == "green"
    assert variables["DATABASE_HOST"] == "10.20.2.11"
    assert variables["DATABASE_PORT"] == "5432"
    assert variables["DATABASE_PASSWORD"] == SecretReference(secret="DB_PASSWORD")


def test_each_instance_is_told_its_own_port_and_host():
    prod = environment()
    frontend = prod.system.services["frontend"]
    values = [prod.values(frontend, Slot.GREEN, "1.4.2", number, "web2") for number in (1, 3)]
    assert [(each["port"], each["host"], each["frontend.port"]) for each in values] == [
        ("3011", "web2", "3011"),
        ("3013", "web2", "3011"),
    ]


def test_inside_a_container_every_instance_listens_on_the_same_port():
    prod = environment()
    boxed = prod.system.services["frontend"].model_copy(update={"container_port": 8080})
    assert {prod.values(boxed, slot, "1.4.2", number)["port"] for slot in Slot for number in (1, 2)} == {"8080"}


@pytest.mark.parametrize(("slot", "port"), [(Slot.BLUE, "3000"), (Slot.GREEN, "3010")])
def test_a_service_finds_its_neighbour_in_the_same_slot(slot, port):
    prod = environment()
    variables = prod.variables(prod.system.services["frontend"], slot, "1.4.2")
    assert variables["BACKEND_URL"] == f"http://127.0.0.1:{port}"


def test_an_address_is_that_of_the_first_host_by_name():
    prod = environment()
    values = prod.values(prod.system.services["frontend"], Slot.BLUE, "1.4.2")
    assert values["backend.address"] == "10.20.1.11"
    assert values["version"] == "1.4.2"


def test_every_placeholder_that_a_document_may_have_has_a_value():
    parts = [
        f"{name}.{what}" for name in ("backend", "frontend", "postgresql", "redis") for what in ("address", "port")
    ]
    prod = environment()
    values = prod.values(prod.system.services["backend"], Slot.BLUE, "1.4.2")
    assert set(values) == {"port", "slot", "version", "host", *parts}


def test_an_environment_cannot_be_changed_through_what_it_was_made_of():
    groups = dict(GROUPS)
    prod = environment(groups)
    groups["web"] = ()
    assert len(prod.service_hosts("backend")) == 2
    assert hash(prod) == hash(environment())


def test_an_inventory_that_fits_is_accepted():
    check([environment()])
    check([environment(), other()])


def test_a_group_that_the_inventory_lacks_is_refused_with_the_nearest():
    heading, *rest = refusal(environment({"wbe": WEB, "edge": EDGE, "db": DB}))
    assert heading == "the inventory does not fit sanvi (prod): 2 problems"
    assert rest[0] == (
        "  sanvi (prod): services.backend.hosts: found group 'web', which the inventory lacks; "
        "allowed: db, edge, wbe; did you mean 'wbe'?"
    )


def test_an_empty_group_is_refused():
    _, problem = refusal(environment(GROUPS | {"edge": ()}))
    assert "edge.hosts: found group 'edge', which has no hosts" in problem


def test_two_systems_that_want_one_port_are_refused_with_their_host():
    # The fourth instance of the shop's frontend listens on 3010.
    _, *rest = refusal(environment(), other(**{"3001": "3007"}))
    assert rest == [
        f"  {host}: port 3010 is wanted by sanvi (prod) services.backend and shop (prod) services.frontend; "
        "allowed: a port of its own for each"
        for host in ("web1", "web2")
    ]


def test_parts_of_one_system_that_meet_on_one_host_are_compared_too():
    one = (Host("one", "10.0.0.1"),)
    text = SANVI.replace("port: 80\n", "port: 3000\n")
    _, problem = refusal(environment({"web": one, "edge": one, "db": one}, text=text))
    assert "one: port 3000 is wanted by sanvi (prod) services.backend and sanvi (prod) edge" in problem


def test_two_systems_may_share_an_edge_but_not_a_server_name():
    check([environment(), other()])
    _, *rest = refusal(environment(), other(**{"app.": "app."}))
    assert rest[0].startswith("  edge1: port 80 is wanted by sanvi (prod) edge and shop (prod) edge")


def test_two_systems_of_one_name_are_refused():
    assert any("2 systems are called sanvi" in line for line in refusal(environment(), environment()))


def test_two_services_that_hosts_would_call_by_one_name_are_refused():
    text = SANVI.replace("  backend:\n", "  admin-api:\n").replace("backend", "admin-api")
    shop = environment(text=text.replace("system: sanvi\n", "system: shop\n").replace("root: /opt/sanvi\n", ""))
    admin = other().system.model_copy(update={"name": "shop-admin"})
    admin = admin.model_copy(update={"services": {"api": admin.services["backend"]}})
    lines = refusal(shop, Environment("prod", admin, GROUPS))
    assert (
        "  shop (prod) services.admin-api and shop-admin (prod) services.api are both shop-admin-api on hosts; "
        "allowed: names that differ when they are put together"
    ) in lines


def test_two_hosts_of_one_address_are_refused():
    _, problem = refusal(environment(GROUPS | {"db": (Host("db1", "10.20.1.11"),)}))
    assert problem == "  db1 and web1 share the address 10.20.1.11; allowed: one address each"


def test_an_address_that_is_none_is_refused():
    _, problem = refusal(environment(GROUPS | {"db": (Host("db1", "10.0.0.1; reboot"),)}))
    assert problem.startswith("  db1 has the address '10.0.0.1; reboot'; allowed: a host name, IPv4")


def test_edges_that_tell_each_other_apart_by_a_name_are_refused():
    two = (Host("edge1", "10.20.0.11"), Host("edge2", "edge2.example.com"))
    _, problem = refusal(environment(GROUPS | {"edge": two}))
    assert problem.endswith("found address 'edge2.example.com'; allowed: an IP address, as the other edges see it")


def test_a_host_of_two_addresses_is_refused():
    _, problem = refusal(environment(GROUPS | {"db": (Host("web1", "10.20.2.11"),)}))
    assert problem == "  web1 has two addresses, 10.20.1.11 and 10.20.2.11; allowed: one"


def test_every_problem_of_an_inventory_is_told_at_once():
    assert len(refusal(environment({"web": WEB, "edge": (), "db": (Host("db1", "10.20.1.11"),)}))) == 3


def module(path):
    specification = importlib.util.spec_from_file_location(path.stem, path)
    loaded = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(loaded)
    return loaded


@pytest.mark.parametrize("name", ["prod", "staging", "dev"])
def test_the_inventories_fit_sanvi(name):
    hosts = module(INVENTORIES / f"{name}.py")
    data = module(INVENTORIES / "group_data" / f"{name}.py")
    groups = {
        group: tuple(Host(host, values["address"]) for host, values in getattr(hosts, group))
        for group in ("web", "edge", "db")
    }
    assert (data.environment, data.systems) == (name, ("sanvi.yaml",))
    check([environment(groups, name=data.environment)])
