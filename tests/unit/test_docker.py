"""Docker as a runtime: commands as data, shell that a stand-in for docker writes down, states of real output."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from handrail.model.document import parse
from handrail.model.image import Image
from handrail.model.slot import Slot
from handrail.runtimes.docker import Docker
from handrail.runtimes.protocol import Instance
from tests.unit.docker_host import NASTY, RELEASE, Host, complaints

INVENTORY = Path("inventories/inventory.yaml")
TAG = "inventory-api:1.4.0_build.7-0123456789ab"


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


@pytest.fixture
def api(host):
    system = parse(INVENTORY.read_text(), source=str(INVENTORY), environment="lab")
    service = system.services["api"].model_copy(update={"memory": "256M"})
    return Instance(system.name, str(host.root), service, Slot.GREEN)


def prepare(api, **image):
    service = api.service.model_copy(update={"image": Image(**image)})
    (argv,) = Docker().prepare(service, system=api.system, version="1.4.0+build.7")
    return argv


def start(api, variables=None):
    environment = Docker().environment(api, variables or {})
    Path(environment.path).parent.mkdir(parents=True, exist_ok=True)
    Path(environment.path).write_text(environment.text)
    (argv,) = Docker().start(api)
    return argv


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ({"build": "backend"}, ("build", "backend")),
        ({"archive": "image.tar"}, ("archive", "image.tar")),
        ({"registry": "registry.example.com/api:${version}"}, ("registry", "registry.example.com/api:1.4.0+build.7")),
    ],
)
def test_image_is_prepared_from_where_it_comes(api, image, words):
    assert prepare(api, **image)[3:] == ("handrail", "inventory-api", *words)


def test_image_is_named_for_the_release_and_made_once(host, api):
    host.command("docker", "image\\ inspect*) exit 1 ;;")
    assert host.run(prepare(api, build="backend"), RELEASE=RELEASE).returncode == 0
    assert host.asked[-1] == f"docker build --tag {TAG} backend"
    host.log.write_text("")
    host.command("docker", "")
    assert host.run(prepare(api, build="backend"), RELEASE=RELEASE).returncode == 0
    assert host.asked == [f"docker image inspect {TAG}"]


def test_images_of_releases_that_are_gone_are_removed(host, api):
    for name in ("1.3.0+x-aaaaaaaaaaaa", f".{RELEASE}.partial"):
        (host.root / "releases" / name).mkdir(parents=True)
    # The last two are no release's names: somebody else's, even the one that is to be used.
    gone = "inventory-api:1.2.0-bbbbbbbbbbbb"
    names = f"{TAG} inventory-api:1.3.0_x-aaaaaaaaaaaa {gone} inventory-api:1.4.0 inventory-api:latest"
    host.command("docker", f"image\\ inspect*) exit 1 ;;\nimage\\ ls*) printf '%s\\n' {names} ;;")
    host.run(prepare(api, build="."), RELEASE=RELEASE, cwd=host.root / "releases" / f".{RELEASE}.partial")
    assert host.asked_for("image rm") == [f"docker image rm {gone}"]


def test_archive_gets_the_name_of_the_release_alone(host, api):
    host.command("docker", "image\\ inspect*) exit 1 ;;\nload*) echo 'Loaded image: api:1.4' ;;")
    assert host.run(prepare(api, archive="image.tar"), RELEASE=RELEASE).returncode == 0
    assert host.asked[-2:] == [f"docker tag api:1.4 {TAG}", "docker image rm api:1.4"]


def test_name_that_an_image_had_before_is_left_to_it(host, api):
    host.command(
        "docker", "image\\ inspect*) exit 1 ;;\nimage\\ ls*) echo api:1.4 ;;\nload*) echo 'Loaded image: api:1.4' ;;"
    )
    assert host.run(prepare(api, archive="image.tar"), RELEASE=RELEASE).returncode == 0
    assert host.asked[-1] == f"docker tag api:1.4 {TAG}"


def test_archive_without_a_name_is_tagged_by_its_digest_and_kept(host, api):
    host.command("docker", "image\\ inspect*) exit 1 ;;\nload*) echo 'Loaded image ID: sha256:5016' ;;")
    assert host.run(prepare(api, archive="image.tar"), RELEASE=RELEASE).returncode == 0
    assert host.asked[-1] == f"docker tag sha256:5016 {TAG}"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("echo 'Loaded image: a:1'; echo 'Loaded image: b:1'", "image.tar holds not one image: Loaded image: a:1"),
        ("echo 'write /blob: no space left on device' >&2; exit 1", "write /blob: no space left on device"),
    ],
)
def test_archive_that_cannot_be_used_says_why(host, api, said, told):
    host.command("docker", f"image\\ inspect*) exit 1 ;;\nload*) {said} ;;")
    done = host.run(prepare(api, archive="image.tar"), RELEASE=RELEASE)
    assert done.returncode == 1
    assert done.stdout.startswith(told)
    assert not host.asked_for("docker tag")


def test_environment_file_is_for_root_alone(api):
    file = Docker().environment(api, NASTY)
    assert (file.path, file.mode) == (f"{api.root}/env/green/api.env", 0o600)


def test_every_value_arrives_as_it_is_and_none_is_an_argument(host, api):
    lines, passed = host.folder / "lines", host.folder / "passed"
    host.command("docker", f"run*) cat >{lines}; env -0 >{passed} ;;")
    assert host.run(start(api, NASTY)).returncode == 0
    (run,) = host.asked_for("docker run")
    exported = dict(item.split("=", 1) for item in passed.read_bytes().decode().split("\0") if "=" in item)
    by_name = {name: exported[name] for name in NASTY if f"--env {name} " in run}
    # docker run --env-file: a name, =, and everything to the end of the line.
    by_line = dict(line.split("=", 1) for line in lines.read_bytes().decode().split("\n") if line)
    assert {**by_line, **by_name} == NASTY
    assert {"PATH", "DOCKER_HOST", "UID", "IFS"} <= set(by_line)
    assert not [value for value in NASTY.values() if len(value) > 4 and value in run]


def test_container_is_made_of_the_release_in_its_slot(host, api):
    service = api.service.model_copy(update={"container_port": 80, "command": ("node", "server.js", "a b")})
    one = Instance(api.system, api.root, service, Slot.GREEN, 2)
    assert host.run(start(one)).returncode == 0
    (run,) = host.asked_for("docker run")
    assert run.endswith(f" {TAG} node server.js a b")
    for words in (
        "--name inventory-api.2-green", "--restart always", "--publish 8101:80", "--stop-timeout 30",
        "--memory 256M --memory-swap 256M", "--log-opt max-size=10m --log-opt max-file=5",
        "--label handrail.system=inventory --label handrail.service=api --label handrail.slot=green", "--pull never",
    ):  # fmt: skip
        assert f" {words} " in run


def test_container_without_a_limit_has_none(host, api):
    one = Instance(api.system, api.root, api.service.model_copy(update={"memory": None}), Slot.GREEN)
    host.run(start(one))
    assert "--memory" not in host.asked_for("docker run")[0]


@pytest.mark.parametrize(("state", "made"), [("running", False), ("restarting", True), ("exited", True), ("", True)])
def test_only_what_runs_is_left_alone(host, api, state, made):
    host.command("docker", f"container\\ inspect*) echo {state} ;;")
    assert host.run(start(api)).returncode == 0
    assert bool(host.asked_for("docker run")) == made
    assert bool(host.asked_for("docker rm --force --volumes inventory-api-green")) == made


@pytest.mark.parametrize(("policy", "asked"), [("no", True), ("always", False)])
def test_what_a_stop_that_failed_left_running_comes_back_at_boot_again(host, api, policy, asked):
    host.command("docker", f"container\\ inspect*) echo running {policy} ;;")
    assert host.run(start(api)).returncode == 0
    assert bool(host.asked_for("docker update --restart always inventory-api-green")) == asked
    assert not host.asked_for("docker run")


def test_docker_that_does_not_let_what_runs_come_back_is_an_error(host, api):
    host.command("docker", "container\\ inspect*) echo running no ;;\nupdate*) echo 'no space left' >&2; exit 1 ;;")
    done = host.run(start(api))
    assert (done.returncode, done.stderr) == (1, "no space left\n")


def test_docker_is_started_where_it_was_stopped(host, api):
    host.command("systemctl", "")
    host.run(start(api))
    assert not host.asked_for("systemctl")
    host.command("docker", "version*) exit 1 ;;")
    host.run(start(api))
    assert host.asked_for("systemctl") == ["systemctl start docker"]


def test_container_that_cannot_start_says_why_in_the_first_line(host, api):
    said = "echo 'WARNING: Your kernel has no swap limit'; echo 'docker: Error: port is already allocated'"
    host.command("docker", f"run*) echo 4f4ca86f12d3; {{ {said}; }} >&2; exit 125 ;;")
    done = host.run(start(api))
    assert done.returncode == 1
    assert done.stdout.splitlines()[0] == "docker: Error: port is already allocated"


def test_all_are_stopped_at_once_and_do_not_come_back_at_boot(host, api):
    host.command("docker", "ps*) printf 'inventory-api-green\\nother\\n' ;;")
    blue = Instance(api.system, api.root, api.service, Slot.BLUE)
    (argv,) = Docker().stop([blue, api])
    assert host.run(argv).returncode == 0
    assert host.asked[1:] == ["docker update --restart no inventory-api-green", "docker stop -t 30 inventory-api-green"]


def test_stop_of_unknown_containers_is_no_error_and_a_dead_daemon_is_one(host, api):
    (argv,) = Docker().stop([api])
    assert host.run(argv).returncode == 0
    assert not host.asked_for("docker stop")
    host.command("docker", "ps*) exit 1 ;;")
    assert host.run(argv).returncode == 1


@pytest.mark.parametrize(
    ("said", "before", "died"),
    [
        ("running 0", 0, False), ("running 2", 0, False), ("restarting 3", 0, True), ("running 3", 0, True),
        ("running 502", 500, False), ("restarting 503", 500, True),
        ("exited 0", 0, True), ("created 0", 0, True), ("paused 0", 0, False), ("", 0, False),
    ],
)  # fmt: skip
def test_what_will_not_come_up_is_dead(host, api, said, before, died):
    host.command("docker", f"container\\ inspect*) echo {said} ;;")
    assert (host.run(Docker().died(api), RESTARTS=str(before)).returncode == 0) == died


def test_states_are_read_by_name_and_an_unknown_one_is_left_out(api):
    output = "\n/inventory-api-blue\t\t143\t0\tno\texited\n/inventory-api.2-green\tapi\t0\t5\talways\tre" + "starting\n"
    one, two = (Instance(api.system, api.root, api.service, slot, n) for slot, n in ((Slot.BLUE, 1), (Slot.GREEN, 2)))
    states = Docker().states(output, [one, two, api])
    assert states.keys() == {("api", Slot.BLUE, 1), ("api", Slot.GREEN, 2)}
    assert (states[one.place].state, states[one.place].enabled) == ("exited (143)", False)
    assert (states[two.place].restarts, states[two.place].enabled, states[two.place].running) == (5, True, False)


@pytest.mark.parametrize(("timeout", "code"), [("exit 124", 75), ("exit 137", 75), ('shift 2; exec "$@"', 1)])
def test_a_container_that_hangs_is_told_from_one_that_is_unknown(host, api, timeout, code):
    host.command("timeout", f"*) {timeout} ;;")
    host.command("docker", "*) exit 1 ;;")
    assert host.run(Docker().status([api])).returncode == code


# docker inspect fills this in; what a state says of an end is lost at the next start.


@pytest.mark.parametrize(
    ("version", "timeout", "told"),
    [
        ("exit 1", 'shift 2; exec "$@"', "Is the docker daemon running?"),
        ("sleep 60", "exit 124", "no answer within 5 s"),
    ],
)
def test_daemon_that_does_not_answer_makes_docker_unusable(host, api, version, timeout, told):
    host.command("timeout", f"*) {timeout} ;;")
    host.command("docker", f"version*) echo 'Is the docker daemon running?' >&2; {version} ;;")
    done = host.run(Docker().usable([api]))
    assert (done.returncode, done.stdout.strip()) == (1, told)


def test_host_without_docker_is_not_usable(host, api):
    host.bare()
    done = host.run(Docker().usable([api]), PATH=str(host.bin))
    assert (done.returncode, done.stdout) == (1, "docker is not installed\n")


def test_daemon_that_answers_makes_docker_usable(host, api):
    assert host.run(Docker().usable([api])).returncode == 0


def migrate(host, api, run):
    host.put(Docker().environment(api, {"A": "1"}))
    host.command("docker", run)
    return host.run(Docker().run_once(api, ("node", "migrate.js"), timedelta(seconds=1)))


def test_migration_runs_as_the_service_would_and_publishes_nothing(host, api):
    done = migrate(host, api, "run*) cat; echo migrated; exit 3 ;;")
    assert (done.returncode, done.stdout) == (3, "A=1\nmigrated\n")
    (run,) = host.asked_for("docker run")
    assert run.endswith(f"--memory 256M --memory-swap 256M --rm --name inventory-api-green.once {TAG} node migrate.js")
    assert not host.asked_for("docker kill")


def test_migration_that_takes_too_long_is_killed_in_its_container(host, api):
    done = migrate(host, api, "run*) sleep 60 ;;")
    assert done.returncode == 124
    assert host.asked[-1] == "docker kill inventory-api-green.once"


def test_migration_that_does_not_even_let_go_of_docker_is_killed_as_well(host, api):
    host.command("timeout", "*) exit 137 ;;")
    done = migrate(host, api, "")
    assert (done.returncode, host.asked[-1]) == (124, "docker kill inventory-api-green.once")


def test_migration_that_ran_out_of_memory_did_not_take_too_long(host, api):
    done = migrate(host, api, "run*) exit 137 ;;\nkill*) exit 1 ;;")
    assert (done.returncode, done.stdout) == (137, "")


def test_migration_that_still_runs_is_neither_doubled_nor_killed(host, api):
    done = migrate(host, api, "run*) echo 'Conflict. The container name is already in use' >&2; exit 125 ;;")
    assert done.returncode == 125
    assert not host.asked_for("docker kill")


def test_scripts_are_shell_that_shellcheck_has_nothing_against(api):
    runtime = Docker()
    argvs = [
        runtime.usable([api]), *runtime.prepare(api.service, system="inventory", version="1"), *runtime.start(api),
        *runtime.stop([api]), runtime.died(api), runtime.pid(api), runtime.log(api, lines=1),
        *(runtime.read_log([api], since="", lines=1, follow=follow) for follow in (False, True)),
        runtime.run_once(api, ("true",), timedelta(seconds=1)),
    ]  # fmt: skip
    assert not complaints(argvs)
