"""Datastores and the edge as services of a Compose file on the host."""

from __future__ import annotations

import json

import pytest

from handrail.runtimes.compose_unit import ComposeUnits
from handrail.runtimes.unit import Unit
from tests.unit.docker_host import Host, complaints


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


@pytest.fixture
def postgres(host):
    return Unit("marketplace", str(host.root), "postgres")


def put_unit(host, unit, **mounts):
    files = ComposeUnits().files(
        unit, text="services: {}\n", variables={"DB_PASSWORD": "it's"}, mounts=mounts.get("mounts", {})
    )
    for file in files:
        host.put(file)
    return files


def test_unit_sees_directories_of_the_host_and_writes_to_logs_alone(host, postgres):
    mounts = {
        "/opt/m/gate": "/opt/m/gate",
        "/opt/m/compose/conf.d": "/etc/nginx/conf.d",
        "/var/log/nginx": "/var/log/nginx",
    }
    text, over, variables = put_unit(host, postgres, mounts=mounts)
    assert json.loads(over.text)["services"]["postgres"]["volumes"] == [
        "/opt/m/gate:/opt/m/gate:ro",
        "/opt/m/compose/conf.d:/etc/nginx/conf.d:ro",
        "/var/log/nginx:/var/log/nginx",
    ]
    assert {file.mode for file in (text, over, variables)} == {0o600}
    assert variables.text == "export VERSION=none\nexport DB_PASSWORD='it'\"'\"'s'\n"


def test_unit_that_runs_is_not_touched(host, postgres):
    host.command("docker", "ps*status=running*) echo 4559 ;;")
    assert host.run(ComposeUnits().start(postgres)).returncode == 77
    assert not host.asked_for("docker compose")


def test_unit_that_a_stop_that_failed_left_running_comes_back_at_boot_again(host, postgres):
    host.command("docker", "ps*status=running*) echo 4559 ;;")
    assert host.run(ComposeUnits().start(postgres)).returncode == 77
    assert host.asked[-1] == "docker update --restart always 4559"
    host.command("docker", "ps*status=running*) echo 4559 ;;\nupdate*) exit 1 ;;")
    assert host.run(ComposeUnits().start(postgres)).returncode == 1


def test_unit_is_known_to_run_or_not_also_where_docker_is_down(host, postgres):
    host.command("docker", "ps*service=postgres*status=running*) echo 4559 ;;")
    assert host.run(ComposeUnits().runs(postgres)).returncode == 0
    host.command("docker", "")
    assert host.run(ComposeUnits().runs(postgres)).returncode != 0
    host.command("docker", "*) echo 'Is the docker daemon running?' >&2; exit 1 ;;")
    assert host.run(ComposeUnits().runs(postgres)).returncode != 0


def test_unit_is_started_alone_and_comes_back_at_boot(host, postgres):
    put_unit(host, postgres)
    host.command("docker", "ps*status=running*) ;;\nps*) echo 4559 ;;")
    assert host.run(ComposeUnits().start(postgres)).returncode == 0
    folder = f"{host.root}/compose"
    up = f"docker compose -p marketplace -f {folder}/postgres.yml -f {folder}/postgres.json"
    assert f"{up} up -d --no-deps --no-build postgres" in host.asked
    assert host.asked[-1] == "docker update --restart always 4559"


def test_unit_that_old_compose_cannot_change_says_what_to_do(host, postgres):
    put_unit(host, postgres)
    host.command(
        "docker",
        "ps*status=running*) ;;\nps*) echo 4559 ;;\ncompose*up*) echo \"KeyError: 'ContainerConfig'\"; exit 1 ;;",
    )
    done = host.run(ComposeUnits().start(postgres))
    assert done.returncode == 1
    assert done.stdout.endswith("docker rm 4559\n")


def test_command_runs_inside_with_passwords_that_are_no_arguments(host, postgres):
    host.command("docker", "ps*) echo 4559 ;;")
    done = host.run(["sh", "-c", ComposeUnits().inside(postgres), "x", "psql", "-c", "SELECT 1"], PGPASSWORD="p w")
    assert done.returncode == 0
    assert host.asked[-1] == "docker exec -i -e PGPASSWORD -e PGCONNECT_TIMEOUT -e REDISCLI_AUTH 4559 psql -c SELECT 1"
    assert "label=com.docker.compose.service=postgres" in host.asked[0]
    assert not host.asked_for("p w")


def test_states_of_units_are_read_by_service_whatever_their_containers_are_called(postgres):
    output = (
        "/marketplace_redis_1\tredis\t137\t0\tno\texited\n/marketplace-postgres-1\tpostgres\t0\t1\talways\trunning\n"
    )
    units = [Unit("marketplace", "/opt/m", name) for name in ("postgres", "redis", "nginx")]
    states = ComposeUnits().states(output, units)
    assert (states["postgres"].running, states["postgres"].restarts, states["postgres"].enabled) == (True, 1, True)
    assert (states["redis"].state, states["redis"].enabled) == ("exited (137)", False)
    assert (states["nginx"].state, states["nginx"].running) == ("never made", False)


def test_status_asks_for_the_whole_project_at_once(host, postgres):
    host.command("docker", "ps*) printf '4559\\n1878\\n' ;;")
    assert host.run(ComposeUnits().status([postgres, Unit("marketplace", "/opt/m", "redis")])).returncode == 0
    assert len(host.asked) == 2
    assert "label=com.docker.compose.service" not in host.asked[0]
    assert host.asked[1].endswith(" 4559 1878")


@pytest.mark.parametrize(("known", "code"), [("printf 'marketplace_postgres_1\\n4559\\n'", 0), ("exit 1", 123)])
def test_unit_is_stopped_with_time_to_write(host, postgres, known, code):
    host.command("docker", f"ps*format*) {known} ;;\nps*) echo 4559 ;;")
    assert host.run(ComposeUnits().stop(postgres)).returncode == code
    assert host.asked_for("docker stop") == (["docker stop -t 60 4559"] if code == 0 else [])


def test_unit_that_was_never_made_can_be_stopped(host, postgres):
    assert host.run(ComposeUnits().stop(postgres)).returncode == 0
    assert not host.asked_for("docker stop")


def test_log_of_a_unit_is_that_of_its_container(host, postgres):
    host.command("docker", "ps*) echo 4559 ;;\ncontainer*) echo 4559 ;;\nlogs*4559) echo 'ready to accept' ;;")
    assert host.run(ComposeUnits().log(postgres, lines=5)).stdout.startswith("ready to accept\n")
    host.run(ComposeUnits().read_log(postgres, since="2026-01-31", lines=5, follow=False))
    assert host.asked[-1] == "docker logs --timestamps --tail 5 --since 2026-01-31T00:00:00Z 4559"


def test_scripts_are_shell_that_shellcheck_has_nothing_against(postgres):
    units = ComposeUnits()
    argvs = [units.start(postgres), units.stop(postgres), units.status([postgres])]
    assert not complaints([*argvs, ("sh", "-c", units.inside(postgres))])
