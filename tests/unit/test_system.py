"""A system is typed, frozen and in order."""

import copy
import pickle
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from handrail.model import document
from handrail.model.secret import SecretReference
from handrail.model.slot import Slot
from handrail.model.system import System

SANVI = Path(__file__).parents[2] / "inventories" / "sanvi.yaml"


def sanvi(environment="prod"):
    return document.parse(SANVI.read_text(), source="sanvi.yaml", environment=environment)


def service(**changes):
    health = {"path": "/health"}
    ports = {"blue": 1, "green": 2}
    given = {"runtime": "systemd", "hosts": "web", "user": "u", "command": "a", "ports": ports, "health": health}
    return given | changes


def system(**services):
    return System.model_validate(
        {
            "system": "shop",
            "services": services,
            "edge": {"hosts": "edge", "server_names": ["localhost"], "paths": {"/": "a"}},
            "release": {"artifact": "shop.tar.gz", "version": {"path": "/", "header": "X-Release"}},
        }
    )


def test_each_slot_has_one_other():
    assert Slot.BLUE.other is Slot.GREEN
    assert Slot.GREEN.other is Slot.BLUE


@pytest.mark.parametrize("environment", ["prod", "staging", "dev", "lab"])
def test_sanvi_loads_in_every_environment(environment):
    assert sanvi(environment).name == "sanvi"


def test_sanvi_is_what_its_runbook_says():
    system = sanvi()
    assert system.root == "/opt/sanvi"
    assert system.services["backend"].port(Slot.BLUE) == 3000
    assert system.services["frontend"].port(Slot.BLUE) == 3001
    assert system.services["backend"].health.path == "/health"
    assert system.datastores["postgresql"].database == "sanvi"
    assert system.edge.server_names == ("app.sanvi-machinery.com",)


@pytest.mark.parametrize(
    ("name", "service", "asked"),
    [
        ("vendhub", "api", ["DATABASE", "REDIS", "JWT", "RATE_LIMIT_LIMIT"]),
        ("inventory", "api", ["DATABASE", "JWT"]),
        ("marketplace", "backend", ["DATABASE", "REDIS", "JWT"]),
    ],
)
@pytest.mark.parametrize("environment", ["prod", "staging", "dev", "lab"])
def test_services_have_the_variables_that_their_runbooks_ask_for(name, service, asked, environment):
    path = SANVI.with_name(f"{name}.yaml")
    found = document.parse(path.read_text(), source=path.name, environment=environment).services[service].environment
    assert all(any(variable.startswith(word) for variable in found) for word in asked)
    assert isinstance(found["JWT_SECRET"], SecretReference)


def test_the_lab_is_laid_over_the_rest():
    lab = sanvi("lab")
    assert lab.times.confirm == timedelta(seconds=25)
    assert lab.edge.paths == sanvi().edge.paths
    assert lab.secrets["DB_PASSWORD"].env is None
    assert lab.secrets["DB_PASSWORD"].file == "../.handrail/lab/secrets/DB_PASSWORD"


def test_services_and_datastores_know_their_names():
    system = sanvi()
    assert [service.name for service in system.services.values()] == ["backend", "frontend"]
    assert [datastore.name for datastore in system.datastores.values()] == ["postgresql", "redis"]


def test_start_order_has_what_is_needed_first():
    assert sanvi().start_order() == (("backend",), ("frontend",))


def test_services_that_need_nothing_of_each_other_start_together():
    shop = system(a=service(needs=["c"]), b=service(needs=["c"]), c=service(), d=service(needs=["a", "b"]))
    assert shop.start_order() == (("c",), ("a", "b"), ("d",))


def test_root_is_below_opt_if_left_out():
    assert system(a=service()).root == "/opt/shop"


def test_a_line_is_split_as_a_shell_would():
    assert system(a=service(command="node 'my server.js' -v")).services["a"].command == ("node", "my server.js", "-v")


def test_the_longest_prefix_names_the_service_of_a_path():
    edge = sanvi().edge
    assert edge.service_of("/api/version") == "backend"
    assert edge.service_of("/apiary") == "frontend"


def test_a_release_says_where_its_artifact_and_its_digest_are():
    release = sanvi("staging").release
    assert release.artifact_of("1.4.2") == "s3://sanvi-artifacts/staging/sanvi-1.4.2.tar.gz"
    assert release.sha256_of("1.4.2") == "s3://sanvi-artifacts/staging/sanvi-1.4.2.tar.gz.sha256"


def test_smoke_questions_are_about_the_version_that_is_asked_for():
    first, second = sanvi().release.smoke_of("1.4.2", Slot.GREEN)
    assert (first.path, first.contains) == ("/api/version", '"1.4.2"')
    assert (second.path, second.status, second.contains) == ("/", 200, None)


def test_a_whole_number_in_the_environment_becomes_text():
    assert system(a=service(environment={"WORKERS": 4})).services["a"].environment == {"WORKERS": "4"}


def test_a_secret_in_the_environment_stays_a_reference():
    environment = sanvi().services["backend"].environment
    assert environment["DATABASE_PASSWORD"] == SecretReference(secret="DB_PASSWORD")


def test_nothing_of_a_system_can_be_changed():
    shop = system(a=service())
    with pytest.raises(ValidationError, match="frozen"):
        shop.root = "/"
    with pytest.raises(TypeError):
        shop.services["b"] = shop.services["a"]


def test_a_system_can_be_hashed_copied_and_sent_to_another_process():
    shop = sanvi()
    assert pickle.loads(pickle.dumps(shop)) == shop == copy.deepcopy(shop)  # noqa: S301 - our own bytes
    assert hash(shop) == hash(sanvi())


def test_a_dump_reads_back_as_the_same_system():
    shop = sanvi()
    # What was left out is left out: no text is written for a file, a unit or a user that there is not.
    assert System.model_validate_json(shop.model_dump_json(by_alias=True, exclude_unset=True)) == shop
