"""Compose as a runtime: what is laid over a release's file, what is refused in it, and datastores as units."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from handrail.model.document import parse
from handrail.model.slot import Slot
from handrail.runtimes.compose import Compose, exports
from handrail.runtimes.protocol import Instance
from tests.unit.docker_host import NASTY, RELEASE, Host, complaints

MARKETPLACE = Path("inventories/marketplace.yaml")
TAG = "marketplace-backend:1.4.0_build.7-0123456789ab"
FILE = "docker-compose.production.yml"
RUNNING = "container\\ inspect*) echo running always ;;"
ABSENT = "image\\ inspect*) exit 1 ;;"

# What `config` printed of one file: docker-compose 1.29.2, then docker compose 2.26.1; projects named as in `prepare`.
OLD = """\
networks:
  backend: {}
services:
  backend:
    build:
      context: /opt/marketplace/backend
    environment:
      A: '1.0'
    image: registry.example.com/backend:1
    ports:
    - target: 9000
    volumes:
    - /tmp/x:/x:rw
    - named:/n:rw
    - ext:/e:rw
    - /anon
  nginx:
    image: nginx:stable
    ports:
    - 80:80/tcp
    volumes:
    - data:/data:rw
version: '3.8'
volumes:
  data: {}
  ext:
    external: true
    name: ext
  named:
    name: my-named
"""
NEW = """\
name: marketplace-backend
services:
  backend:
    build:
      context: /opt/marketplace/backend
      dockerfile: Dockerfile
    environment:
      A: "1.0"
    image: registry.example.com/backend:1
    networks:
      default: null
    ports:
      - mode: ingress
        target: 9000
        protocol: tcp
    volumes:
      - type: bind
        source: /tmp/x
        target: /x
      - type: volume
        source: named
        target: /n
        volume: {}
      - type: volume
        source: ext
        target: /e
      - type: volume
        target: /anon
  nginx:
    image: nginx:stable
    ports:
      - mode: ingress
        target: 80
        published: "80"
        protocol: tcp
    volumes:
      - type: volume
        source: data
        target: /data
networks:
  default:
    name: marketplace-backend_default
volumes:
  data:
    name: marketplace-backend_data
  ext:
    name: ext
    external: true
  named:
    name: my-named
"""
BOTH = pytest.mark.parametrize("config", [OLD, NEW], ids=["1.29", "v2"])


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


@pytest.fixture
def backend(host):
    system = parse(MARKETPLACE.read_text(), source=str(MARKETPLACE), environment="lab")
    service = system.services["backend"].model_copy(update={"memory": "256M"})
    return Instance(system.name, str(host.root), service, Slot.GREEN)


def prepared(host, backend, config, *, text="services: {}\n", more="", **environment):
    """Prepare a release whose file looks like that to Compose."""
    (host.folder / FILE).write_text(text)
    (host.folder / "config").write_text(config)
    host.command("docker", f"{ABSENT}\n{more}\ncompose*config) cat {host.folder}/config ;;")
    (argv,) = Compose().prepare(backend.service, system=backend.system, version="1.4.0+build.7")
    return host.run(argv, RELEASE=RELEASE, **environment)


def started(host, backend, cases="", *, variables=None):
    host.put(
        Compose().environment(
            backend, variables or {"DATABASE_PASSWORD": "x", "REDIS_PASSWORD": "y", "JWT_SECRET": "z"}
        )
    )
    host.command("docker", cases)
    (argv,) = Compose().start(backend)
    return host.run(argv)


@BOTH
def test_image_is_built_from_the_file_and_named_for_the_release(host, backend, config):
    assert prepared(host, backend, config).returncode == 0
    build = host.asked[-1]
    assert build.startswith(f"docker compose -p marketplace-backend -f {FILE} -f ")
    assert build.endswith("/over.json build backend")


@BOTH
def test_image_that_is_not_built_is_pulled_and_named_for_the_release(host, backend, config):
    pulled = config.replace("build:", "labels:", 1)
    assert prepared(host, backend, pulled).returncode == 0
    name = "registry.example.com/backend:1"
    assert host.asked[-3:] == [f"docker pull --quiet {name}", f"docker tag {name} {TAG}", f"docker image rm {name}"]


def test_image_that_is_here_is_named_for_the_release_and_not_pulled(host, backend):
    here = "image\\ inspect*registry*) ;;"
    host.command("docker", here)
    pulled = OLD.replace("build:", "labels:", 1)
    (host.folder / FILE).write_text("services: {}\n")
    (host.folder / "config").write_text(pulled)
    host.command("docker", f"{here}\n{ABSENT}\ncompose*config) cat {host.folder}/config ;;")
    (argv,) = Compose().prepare(backend.service, system=backend.system, version="1")
    assert host.run(argv, RELEASE=RELEASE).returncode == 0
    assert host.asked[-1] == f"docker tag registry.example.com/backend:1 {TAG}"
    assert not host.asked_for("docker pull")


def test_release_that_was_prepared_is_not_prepared_again(host, backend):
    (argv,) = Compose().prepare(backend.service, system=backend.system, version="1")
    assert host.run(argv, RELEASE=RELEASE).returncode == 0
    assert host.asked == [f"docker image inspect {TAG}"]


@pytest.mark.parametrize(
    ("config", "told"),
    [
        (OLD.replace("    - target: 9000", "    - published: 8080\n      target: 80"), "backend publishes ports"),
        (OLD.replace("    - target: 9000", "    - 127.0.0.1:8080:80/tcp"), "backend publishes ports"),
        (
            NEW.replace("        target: 9000", '        target: 80\n        published: "8080"'),
            "backend publishes ports",
        ),
        (OLD.replace("- named:/n", "- data:/n"), "each slot would have its own volume data"),
        (NEW.replace("source: named", "source: data"), "each slot would have its own volume data"),
        (OLD.replace("  backend:\n    build", "  api:\n    build"), "there is no service backend in it"),
        (NEW.replace("  backend:\n    build", "  api:\n    build"), "there is no service backend in it"),
    ],
)
def test_file_over_which_two_slots_would_clash_is_refused(host, backend, config, told):
    done = prepared(host, backend, config)
    assert (done.returncode, done.stdout[: done.stdout.index(":")]) == (1, FILE)
    assert told in done.stdout
    assert not host.asked_for(" build ")


def test_file_that_is_not_there_is_refused(host, backend):
    host.command("docker", ABSENT)
    (argv,) = Compose().prepare(backend.service, system=backend.system, version="1")
    done = host.run(argv, RELEASE=RELEASE)
    assert (done.returncode, done.stdout) == (1, f"{FILE}: there is no such file in the release\n")


def test_invalid_file_is_refused_in_one_line_without_warnings(host, backend):
    said = (
        "printf '%s\\n' Traceback 'x level=warning msg=old' File: 'The file is invalid because:' 'no key foo'; exit 15"
    )
    done = prepared(host, backend, "", more=f"compose*config) {{ {said}; }} >&2 ;;")
    assert (done.returncode, done.stdout) == (1, f"{FILE}: File: The file is invalid because: no key foo \n")


def test_what_stands_open_is_filled_but_for_what_has_a_value_already(host, backend):
    (host.folder / ".env").write_text("FROM_FILE=18\n")
    text = "${SECRET:?needed} $PLAIN ${BARE} ${DEFAULT:-x} ${OTHER-y} ${FROM_FILE} ${GIVEN} ${VERSION} $${not_one"
    seen = host.folder / "seen"
    done = prepared(host, backend, OLD, text=text, more=f"compose*build*) env >{seen} ;;", GIVEN="3")
    assert done.returncode == 0
    variables = dict(line.split("=", 1) for line in seen.read_text().splitlines() if "=" in line)
    named = ("SECRET", "PLAIN", "BARE", "DEFAULT", "OTHER", "FROM_FILE", "GIVEN", "VERSION", "handrail_image")
    assert [variables.get(name) for name in named] == ["1", "1", "1", None, None, None, "3", "1.4.0+build.7", TAG]


def test_a_variable_of_a_service_is_never_taken_for_the_image(host, backend):
    seen = host.folder / "seen"
    variables = {"DATABASE_PASSWORD": "x", "REDIS_PASSWORD": "y", "JWT_SECRET": "z", "IMAGE": "logo.png"}
    assert started(host, backend, f"compose*up*) env >{seen} ;;", variables=variables).returncode == 0
    found = dict(line.split("=", 1) for line in seen.read_text().splitlines() if "=" in line)
    (service,) = json.loads(Compose().files(backend)[0].text)["services"].values()
    assert found[service["image"][2:-1]].startswith("marketplace-backend:")


def test_old_compose_is_used_where_there_is_no_other(host, backend):
    host.command("docker-compose", "")
    assert started(host, backend, "compose*) exit 1 ;;").returncode == 0
    assert host.asked_for("docker-compose -p marketplace-green -f ")


def test_what_is_laid_over_holds_names_and_no_values(backend):
    two = Instance(backend.system, backend.root, backend.service, Slot.BLUE, 2)
    over, _ = Compose().files(two)
    assert over.path == f"{backend.root}/env/blue/backend.2.json"
    (service,) = json.loads(over.text)["services"].values()
    assert yaml.safe_load(over.text) == json.loads(over.text)
    assert service["container_name"] == "marketplace-backend.2-blue"
    assert service["ports"] == ["3001:3001"]
    assert service["environment"]["DATABASE_PASSWORD"] == "${HANDRAIL_DATABASE_PASSWORD}"
    assert service["image"] == "${handrail_image}"
    assert (service["mem_limit"], service["memswap_limit"]) == ("256M", "256M")
    assert service["deploy"] == {"replicas": 1, "resources": {"limits": {"memory": "256M"}}}
    assert service["logging"]["options"] == {"max-size": "10m", "max-file": "5"}
    assert (service["restart"], service["stop_grace_period"]) == ("always", "30s")


def test_every_value_survives_the_shell(host):
    (host.folder / "file").write_bytes(exports(prefixed(NASTY)).encode())
    done = host.run(["sh", "-c", ". ./file; env -0 >seen"])
    assert done.returncode == 0
    seen = (host.folder / "seen").read_bytes().decode().split("\0")
    assert dict(item.split("=", 1) for item in seen if item.startswith("HANDRAIL_")) == prefixed(NASTY)


def prefixed(variables):
    return {f"HANDRAIL_{name}": value for name, value in variables.items()}


def test_file_may_ask_for_secrets_by_their_names(host, backend):
    file = Compose().environment(
        backend, {"DATABASE_PASSWORD": "a", "REDIS_PASSWORD": "b", "JWT_SECRET": "d"}, {"SIGNING_KEY": "c"}
    )
    assert (file.path, file.mode) == (f"{backend.root}/env/green/backend.env", 0o600)
    named = backend.service.environment["DATABASE_PASSWORD"].secret
    for line in (f"{named}=a", "SIGNING_KEY=c", "HANDRAIL_DATABASE_PASSWORD=a", "HANDRAIL_REDIS_PASSWORD=b"):
        assert f"export {line}\n" in file.text


def test_network_of_the_datastores_is_joined_before_the_start_and_not_by_compose(host, backend):
    assert started(host, backend).returncode == 0
    steps = [line for line in host.asked if line.split()[1] in {"compose", "network", "update", "start"}]
    files = f"-f {backend.root}/slots/green/{FILE} -f {backend.root}/env/green/backend.json"
    assert steps[1:] == [
        f"docker compose -p marketplace-green {files} up --no-start --no-deps --no-build backend",
        "docker network inspect marketplace_default",
        "docker network connect marketplace_default marketplace-backend-green",
        "docker update --restart always marketplace-backend-green",
        "docker start marketplace-backend-green",
    ]


def test_service_that_needs_nothing_joins_no_network(host, backend):
    alone = backend.service.model_copy(update={"needs": ()})
    assert started(host, Instance(backend.system, backend.root, alone, Slot.GREEN)).returncode == 0
    assert not host.asked_for("docker network")


def test_service_starts_where_there_is_no_network_of_datastores(host, backend):
    assert started(host, backend, "network\\ inspect*) exit 1 ;;").returncode == 0
    assert not host.asked_for("network connect")
    assert host.asked[-1] == "docker start marketplace-backend-green"


def test_second_instance_is_a_project_of_its_own(host, backend):
    two = Instance(backend.system, backend.root, backend.service, Slot.GREEN, 2)
    assert started(host, two).returncode == 0
    assert host.asked_for("docker compose -p marketplace-green-2 ")


def test_what_runs_is_left_alone(host, backend):
    assert started(host, backend, RUNNING).returncode == 0
    assert not host.asked_for(" up ")


def test_what_a_container_printed_is_put_aside_before_it_is_made_anew(host, backend):
    cases = "container\\ inspect*) echo exited no ;;\nlogs*) echo 2026-11-21T06:52:47Z last words ;;"
    assert started(host, backend, cases).returncode == 0
    (made,) = (host.root / "container-logs").iterdir()
    assert made.name.startswith("marketplace-backend-green.2")
    assert gzip.decompress(made.read_bytes()) == b"2026-11-21T06:52:47Z last words\n"


def test_missing_image_is_never_fetched_from_elsewhere(host, backend):
    assert started(host, backend, ABSENT).returncode == 1
    assert host.asked[-1] == f"docker image inspect {TAG}"


def test_start_that_compose_refuses_says_why(host, backend):
    said = "echo 'Some networks were defined but are not used'; echo 'DB_PASSWORD is missing'; exit 1"
    done = started(host, backend, f"compose*up*) {{ {said}; }} >&2 ;;")
    assert (done.returncode, done.stdout) == (1, "DB_PASSWORD is missing \n")
    assert not host.asked_for("docker start")


def test_migration_finds_the_datastores_and_starts_nothing_else(host, backend):
    host.put(Compose().environment(backend, {"DATABASE_PASSWORD": "x", "REDIS_PASSWORD": "y", "JWT_SECRET": "z"}))
    done = host.run(Compose().run_once(backend, ("node", "migrate.js"), timedelta(minutes=1)))
    assert done.returncode == 0
    assert host.asked[-1].endswith(
        f" -f {backend.root}/env/green/backend.network.json run --rm --no-deps -T"
        " --name marketplace-backend-green.once backend node migrate.js"
    )
    _, network = Compose().files(backend)
    assert network.path == f"{backend.root}/env/green/backend.network.json"
    assert json.loads(network.text)["networks"]["standing"] == {"external": True, "name": "marketplace_default"}


def test_migration_that_takes_too_long_is_killed_in_its_container(host, backend):
    host.put(Compose().environment(backend, {"DATABASE_PASSWORD": "x", "REDIS_PASSWORD": "y", "JWT_SECRET": "z"}))
    host.command("docker", "compose*run*) sleep 60 ;;")
    done = host.run(Compose().run_once(backend, ("node", "migrate.js"), timedelta(seconds=1)))
    assert done.returncode == 124
    assert host.asked[-1] == "docker kill marketplace-backend-green.once"


def test_host_without_compose_is_not_usable(host, backend):
    host.bare()
    host.command("docker", "compose*) exit 1 ;;")
    done = host.run(Compose().usable([backend]), PATH=str(host.bin))
    assert (done.returncode, done.stdout) == (1, "neither docker compose nor docker-compose is installed\n")
    host.command("docker", "")
    assert host.run(Compose().usable([backend]), PATH=str(host.bin)).returncode == 0
    host.command("docker", "version*) echo 'Is the docker daemon running?'; exit 1 ;;")
    done = host.run(Compose().usable([backend]), PATH=str(host.bin))
    assert (done.returncode, done.stdout) == (1, "Is the docker daemon running?\n")


def test_scripts_are_shell_that_shellcheck_has_nothing_against(backend):
    runtime = Compose()
    assert not complaints(
        [
            runtime.usable([backend]),
            *runtime.prepare(backend.service, system="marketplace", version="1"),
            *runtime.start(backend),
            runtime.run_once(backend, ("true",), timedelta(seconds=1)),
        ]
    )
