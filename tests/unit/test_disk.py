"""What `fab disk` finds on a host and frees there: the real scripts, in a folder in place of the host."""

from __future__ import annotations

import getpass
import os
import shutil
import stat
import time
from typing import TYPE_CHECKING

import pytest

from handrail.hosts.disk import Usage, read_usage
from handrail.hosts.script import Reply, text_of
from handrail.model.fleet import Outcome
from tests.unit.host_folder import Host, token

if TYPE_CHECKING:
    from pathlib import Path

DAY = 86400
WEEK_MINUTES = 7 * 24 * 60
MEGABYTE = 1 << 20
BLOCK = b"x" * 5000


@pytest.fixture
def host(tmp_path):
    made = Host(tmp_path)
    (made.root / "logs").mkdir()
    return made


@pytest.fixture
def tool(tmp_path, monkeypatch):
    """Put a program before others on the PATH; `REAL` in its text is the one that it hides."""

    def make(name: str, text: str) -> None:
        folder = tmp_path / "tools"
        folder.mkdir(exist_ok=True)
        (folder / name).write_text("#!/bin/sh\n" + text.replace("REAL", shutil.which(name) or "false"))
        (folder / name).chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    return make


@pytest.fixture
def meanwhile(tmp_path, tool):
    """Have something happen between the moment when all is listed and the moment when it is freed."""

    def make(text: str) -> None:
        records = tmp_path / "records"
        tool("xargs", f'cat >"{records}"\n{text}\nexec REAL "$@" <"{records}"\n')

    return make


def old(path: Path, *, days: float = 8, content: bytes = BLOCK) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (time.time() - days * DAY,) * 2)
    return path


def fixed(*, pm2="", limit=10 * MEGABYTE, journal="", docker="", images="", rotated=WEEK_MINUTES):
    return (WEEK_MINUTES, WEEK_MINUTES, pm2, limit, journal, docker, images, rotated)


def look(host: Host, *places: object, **options: object) -> Usage:
    reply = host.run("disk", "disk_look", arguments=(*fixed(**options), *places))
    assert reply.outcome is Outcome.OK, reply
    return read_usage(reply, "web1")


def free(host: Host, *places: object, **options: object) -> Reply:
    run = token(host.take("run"))
    remove = text_of("prelude", "disk_remove")
    return host.fenced(run, "run", "disk", "disk_free", arguments=(*fixed(**options), remove, *places))


def paths(usage: Usage) -> set[str]:
    return {thing.path for thing in usage.candidates}


def tree(folder: Path) -> dict[str, tuple[int, float]]:
    return {str(path): (path.lstat().st_size, path.lstat().st_mtime) for path in folder.rglob("*")}


def test_a_look_names_what_would_be_freed_by_kind_with_sizes_and_changes_nothing(host, tmp_path):
    first, second = old(host.root / "logs/app.log.2.gz"), old(host.root / "logs/app.log-20250101")
    dump = old(tmp_path / "b/1.dump", days=9)
    for days in (6, 5):
        old(tmp_path / f"b/young-{days}.dump", days=days)
    before = tree(tmp_path)
    usage = look(host, "dump", tmp_path / "b", "*.dump")
    assert tree(tmp_path) == before
    size = {path: path.stat().st_blocks * 512 for path in (first, second, dump)}
    assert {(thing.kind, thing.bytes, thing.path) for thing in usage.candidates} == {
        ("log", size[first], str(first)), ("log", size[second], str(second)), ("dump", size[dump], str(dump))
    }  # fmt: skip
    assert {(each.kind, each.count, each.bytes) for each in usage.sums} == {
        ("log", 2, size[first] + size[second]), ("dump", 1, size[dump])
    }  # fmt: skip
    assert usage.freeable_bytes == sum(size.values())
    assert 0 < usage.free_bytes <= usage.size_bytes


def test_the_act_frees_exactly_what_the_look_names_and_tells_how_much(host, tmp_path):
    for name in ("logs/a.log", "logs/a b.log.1", ".pm2/old.log", "data/000003.log", "x/y.log.3.gz"):
        old(host.root / name)
    old(host.root / "logs/young.log", days=6)
    host.release("1-a")
    for number in range(3):
        old(tmp_path / f"b/{number}.dump", days=10 + number)
    places = ("dump", tmp_path / "b", "*.dump")
    named, files = look(host, *places), {path for path in tmp_path.rglob("*") if path.is_file()}
    reply = free(host, *places)
    gone = {str(path) for path in files if not path.exists()}
    assert {path for path in paths(named) if "releases" not in path} == {one for one in gone if "releases" not in one}
    assert not (host.root / "releases/1-a").exists()
    assert reply.outcome is Outcome.OK
    assert reply.words.startswith("freed ")
    assert "4 logs" in reply.words
    assert "2 dumps" in reply.words
    assert "1 release " in reply.words


def test_rotated_logs_stay_as_long_as_the_rotation_says(host, tmp_path):
    for name in ("a.log.8.gz", "a.log-20250101", "a.log.gz", "a.log"):
        old(host.root / "logs" / name)
        old(tmp_path / "far" / name)
    gone = old(host.root / "logs/a.log.15.gz", days=15)
    found = paths(look(host, "log", tmp_path / "far", "*.log*", rotated=2 * WEEK_MINUTES))
    assert found == {str(gone), str(host.root / "logs/a.log"), str(tmp_path / "far/a.log")}


def test_the_newest_dump_that_was_proved_stays_and_what_stands_beside_a_dump_goes_with_it(host, tmp_path):
    for number in range(3):
        old(tmp_path / f"b/{number}.dump", days=10 + number)
    for number, ending in ((1, "sha256"), (2, "sha256"), (2, "json")):
        old(tmp_path / f"b/{number}.dump.{ending}", days=10)
    assert free(host, "dump", tmp_path / "b", "*.dump").words.endswith(": 1 dump 8.0 KiB")
    assert {path.name for path in (tmp_path / "b").iterdir()} == {"0.dump", "1.dump", "1.dump.sha256"}


def test_what_stands_beside_a_dump_is_no_dump_whatever_the_pattern_finds(host, tmp_path):
    for ending, days in (("", 20), (".sha256", 20), (".json", 19), (".md5", 19), (".log", 19)):
        old(tmp_path / f"b/shop-2.dump{ending}", days=days)
    old(tmp_path / "b/shop-1.dump", days=30)
    old(tmp_path / "b/shop-1.dump.sha256", days=30)
    for again in (False, True):
        reply = free(host, "dump", tmp_path / "b", "shop-*")
        assert reply.outcome is (Outcome.UNCHANGED if again else Outcome.OK), reply
        stay = {f"shop-2.dump{ending}" for ending in ("", ".sha256", ".json", ".md5", ".log")}
        assert {path.name for path in (tmp_path / "b").iterdir()} == stay


def test_a_system_whose_own_directory_is_called_logs_keeps_what_databases_call_a_log(tmp_path):
    (tmp_path / "logs").mkdir()
    host = Host(tmp_path / "logs")
    old(host.root / "data/000012.log")
    log = old(host.root / "shop/logs/app.log")
    assert paths(look(host)) == {str(log)}


def test_a_file_that_several_patterns_find_counts_once(host):
    old(host.root / "logs/a.log")
    named = look(host, *("log", host.root / "logs", "*.log"), *("log", host.root / "logs", "a*"))
    assert [(each.kind, each.count) for each in named.sums] == [("log", 1)]


def test_freeing_twice_finds_nothing_the_second_time(host):
    old(host.root / "logs/a.log")
    assert free(host).outcome is Outcome.OK
    again = free(host)
    assert (again.outcome, again.words) == (Outcome.UNCHANGED, "nothing to free")


def test_young_logs_and_data_that_is_called_log_stay(host):
    young, data = old(host.root / "logs/a.log.1", days=6.9), old(host.root / "data/000003.log")
    other = old(host.root / "logs/notes.txt")
    inside = old(host.root / "releases/1-a/logs/a.log")
    host.link("blue", "1-a")
    free(host)
    assert all(path.exists() for path in (young, data, other, inside))


HOSTILE = [
    "a b.log",
    " .log",
    "-rf.log",
    "$(touch x).log",
    "*.log",
    "a\nb.log",
    "\nresult ok done\n.log",
    "'\".log",
    "\\.log",
]


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_a_hostile_name_frees_that_file_and_no_other(host, name):
    hostile = old(host.root / "logs" / name)
    neighbours = [old(host.root / "logs" / each, days=1) for each in ("a", "b.log", "rf.log", "log", "x.log")]
    usage = look(host)
    assert [thing.kind for thing in usage.candidates] == ["log"]
    reply = free(host)
    assert reply.outcome is Outcome.OK
    assert reply.words.startswith("freed ")
    assert not hostile.exists()
    assert all(path.exists() for path in neighbours)
    assert not (host.root / "x").exists()


def test_a_directory_whose_name_holds_a_newline_leads_nowhere_else(host, tmp_path):
    victim = old(tmp_path / "root/logs/victim.log", days=1)
    old(host.root / f"logs/x\n{tmp_path}/root/logs/victim.log")
    free(host)
    assert victim.exists()


def test_symbolic_links_are_not_followed(host, tmp_path):
    outside = old(tmp_path / "outside/app.log")
    (host.root / "logs/file.log").symlink_to(outside)
    (host.root / "logs/folder").symlink_to(outside.parent)
    (tmp_path / "backups").symlink_to(outside.parent)
    usage = look(host, "log", tmp_path / "backups", "*.log")
    assert usage.candidates == ()
    assert any(str(tmp_path / "backups") in problem for problem in usage.problems)
    assert free(host, "log", tmp_path / "backups", "*.log").outcome is Outcome.UNCHANGED
    assert outside.exists()


def test_a_file_that_a_program_has_open_stays(host):
    path = old(host.root / "logs/quiet-error.log")
    with path.open("a"):
        assert paths(look(host)) == set()
        assert free(host).outcome is Outcome.UNCHANGED
    assert paths(look(host)) == {str(path)}


def test_the_newest_dump_of_each_pattern_stays_however_old_it_is(host, tmp_path):
    ages = {"pg-1": 30, "pg-2": 20, "redis-1": 50, "redis-2": 40, "all": 9}
    for name, days in ages.items():
        old(tmp_path / f"b/{name}.dump", days=days)
    folder = tmp_path / "b"
    free(host, *("dump", folder, "*.dump"), *("dump", folder, "pg-*.dump"), *("dump", folder, "redis-*.dump"))
    assert {path.stem for path in folder.iterdir()} == {"pg-2", "redis-2", "all"}


def test_an_empty_dump_is_not_the_newest_one(host, tmp_path):
    good = old(tmp_path / "b/good.dump", days=20)
    for number in range(3):
        old(tmp_path / f"b/failed-{number}.dump", days=number, content=b"")
    assert free(host, "dump", tmp_path / "b", "*.dump").outcome is Outcome.UNCHANGED
    assert good.exists()


def test_a_dump_that_is_being_written_is_not_the_newest_one(host, tmp_path):
    good = old(tmp_path / "b/good.dump", days=20)
    with old(tmp_path / "b/now.dump", days=0).open("a"):
        assert free(host, "dump", tmp_path / "b", "*.dump").outcome is Outcome.UNCHANGED
    assert good.exists()


def test_no_dump_is_freed_where_the_directory_cannot_be_read_fully(host, tmp_path, tool):
    dumps = [old(tmp_path / f"{folder}/{number}.dump", days=10 + number) for folder in "bc" for number in range(3)]
    tool("find", f'REAL "$@"; code=$?\n[ "$1" != "{tmp_path}/b" ] || exit 1\nexit $code\n')
    places = (*("dump", tmp_path / "b", "*.dump"), *("dump", tmp_path / "c", "*.dump"))
    usage = look(host, *places)
    assert usage.problems == (f"{tmp_path}/b cannot be read fully: no dump in it is freed",)
    free(host, *places)
    assert [path.exists() for path in dumps] == [True, True, True, True, False, False]


def test_what_could_not_be_done_is_named_also_when_the_rest_is_freed(host, tool):
    log = old(host.root / "logs/app.log.2.gz")
    tool("docker", "echo 'Cannot connect to the Docker daemon'; exit 1\n")
    reply = free(host, docker="yes")
    assert (reply.outcome, log.exists()) == (Outcome.OK, False)
    assert reply.words.startswith("freed ")
    assert reply.words.endswith("; docker: Cannot connect to the Docker daemon")
    reply = free(host, docker="yes")
    assert (reply.outcome, reply.words) == (
        Outcome.UNCHANGED, "nothing to free; docker: Cannot connect to the Docker daemon",
    )  # fmt: skip


def test_a_place_that_is_not_there_is_no_problem(host, tmp_path):
    usage = look(host, *("dump", tmp_path / "no", "*.dump"), *("log", tmp_path / "no", "*.log"))
    assert (usage.candidates, usage.problems) == ((), ())


def test_releases_stay_that_proved_good_or_are_in_a_slot(host):
    for name in ("1-good", "2-slot", "3-failed", ".4-half.partial", "5 failed"):
        host.release(name)
    (host.root / "good").write_text("1-good\n")
    host.link("green", "2-slot")
    assert {thing.kind for thing in look(host).candidates} == {"release"}
    free(host)
    assert host.releases() == {"1-good", "2-slot"}


def test_no_release_is_freed_while_nobody_knows_which_are_good(host):
    host.release("1-a")
    (host.root / "good").mkdir()
    assert "no release" in look(host).problems[0]
    free(host)
    assert host.releases() == {"1-a"}


def test_uploads_of_dead_runs_are_freed_after_a_day(host, tmp_path):
    dead, running = old(tmp_path / "t/handrail-a.tar.gz", days=1.1), old(tmp_path / "t/handrail-b.tar.gz", days=0.1)
    assert paths(look(host, "upload", tmp_path / "t", "handrail-*.tar.gz")) == {str(dead)}
    free(host, "upload", tmp_path / "t", "handrail-*.tar.gz")
    assert (dead.exists(), running.exists()) == (False, True)


def test_a_log_of_pm2_is_cut_down_to_its_end_while_pm2_goes_on_writing(host):
    path = host.root / "logs/shop-api-blue-out.log"
    lines = [f"line {number:08}\n".encode() for number in range(300_000)]
    path.write_bytes(b"".join(lines))
    small = host.root / "logs/shop-api-green-out.log"
    small.write_bytes(BLOCK)
    before = path.stat().st_blocks * 512
    with path.open("ab") as writer:
        usage = look(host, pm2=getpass.getuser(), limit=2 * MEGABYTE)
        assert [(thing.kind, thing.bytes) for thing in usage.candidates] == [("pm2-log", before - MEGABYTE)]
        reply = free(host, pm2=getpass.getuser(), limit=2 * MEGABYTE)
        writer.write(b"after\n")
    kept = path.read_bytes().splitlines(keepends=True)
    assert kept == [*lines[300_000 - len(kept) + 1 :], b"after\n"]
    assert MEGABYTE * 0.9 < path.stat().st_size <= MEGABYTE + 6
    assert "1 pm2-log " in reply.words
    assert small.read_bytes() == BLOCK


def test_a_log_of_pm2_with_a_second_name_is_left_alone(host, tmp_path):
    path = host.root / "logs/out.log"
    path.write_bytes(b"x" * 3 * MEGABYTE)
    (tmp_path / "second").hardlink_to(path)
    assert paths(look(host, pm2=getpass.getuser(), limit=2 * MEGABYTE)) == set()


def test_a_log_of_pm2_that_turns_into_a_link_is_not_followed_by_root(host, tmp_path, meanwhile):
    if os.geteuid():
        pytest.skip("needs root: the service's user is another one")
    victim = old(tmp_path / "victim", content=b"x" * 3 * MEGABYTE)
    victim.chmod(stat.S_IRUSR | stat.S_IWUSR)
    for folder in (tmp_path, *tmp_path.parents[:2], host.root, host.root / "logs"):
        folder.chmod(0o755)
    path = host.root / "logs/out.log"
    path.write_bytes(b"x" * 3 * MEGABYTE)
    meanwhile(f'ln -sf "{victim}" "{path}"')
    reply = free(host, pm2="nobody", limit=2 * MEGABYTE)
    assert reply.outcome is Outcome.FAILED
    assert victim.stat().st_size == 3 * MEGABYTE


@pytest.mark.parametrize(
    ("happens", "stays"),
    [('rm "$LOG"', False), ('echo more >>"$LOG"', True), ('rm "$LOG"; ln -s "$VICTIM" "$LOG"', True)],
)
def test_what_vanishes_or_grows_or_changes_since_the_look_is_no_error(host, tmp_path, meanwhile, happens, stays):
    log, other, victim = old(host.root / "logs/a.log"), old(host.root / "logs/b.log"), old(tmp_path / "victim")
    meanwhile(f"LOG='{log}' VICTIM='{victim}'\n{happens}")
    reply = free(host)
    assert (reply.outcome, reply.words.split(": ")[1].startswith("1 log ")) == (Outcome.OK, True)
    assert (log.exists(), other.exists(), victim.exists()) == (stays, False, True)


def test_a_directory_that_is_swapped_for_a_link_since_the_look_is_left_alone(host, tmp_path, meanwhile):
    old(host.root / "logs/sub/a.log.1")
    victim = old(tmp_path / "elsewhere/a.log.1")
    sub = host.root / "logs/sub"
    meanwhile(f'mv "{sub}" "{sub}.away"; ln -s "{victim.parent}" "{sub}"')
    assert free(host).outcome is Outcome.UNCHANGED
    assert victim.exists()


def test_what_cannot_be_removed_is_named_and_the_rest_is_freed(host, tool):
    host.release("1-a")
    log = old(host.root / "logs/a.log")
    tool("rm", '[ "$1" != -rf ] || exit 1\nexec REAL "$@"\n')
    reply = free(host)
    assert reply.outcome is Outcome.FAILED
    assert f"cannot remove 1 of it, such as release {host.root}/releases/1-a" in reply.words
    assert not log.exists()


DOCKER = """
state=STATE
case "$1 $2" in
"ps --all") cat "$state/containers" ;;
"container inspect") cat "$state/used" ;;
"system df") awk '{ print $1, "4.096kB" }' "$state/images" ;;
"image ls") case "$*" in
    *dangling*) awk '$2 == "-" { print $1, $1 }' "$state/images" ;;
    *) for last; do :; done; grep " $last:" "$state/images" | cut -d' ' -f1,2 ;;
    esac ;;
"image inspect") for last; do :; done; grep "^$last " "$state/images" | cut -d' ' -f3 ;;
"image rm") grep -v "[ ]$3 \\|^$3 " "$state/images" >"$state/new"; mv "$state/new" "$state/images" ;;
esac
"""


def test_images_stay_that_a_container_has_or_a_release_needs(host, tmp_path, tool):
    images = {
        "sha256:1 shop-api:1.0_1-aaaaaaaaaaaa 2020-01-01T00:00:00Z": True,  # good; a tag has no +
        "sha256:2 shop-api:2.0-bbbbbbbbbbbb 2020-01-01T00:00:00Z": True,  # in a slot
        "sha256:3 shop-api:3.0-cccccccccccc 2020-01-01T00:00:00Z": True,  # a container has it
        "sha256:4 shop-api:4.0-dddddddddddd 2020-01-01T00:00:00Z": False,
        "sha256:5 shop-api:latest 2020-01-01T00:00:00Z": True,  # nobody's release
        "sha256:6 other-api:4.0-dddddddddddd 2020-01-01T00:00:00Z": True,  # another system's
        "sha256:7 - 2020-01-01T00:00:00Z": False,
        "sha256:8 - 2020-01-01T00:00:00Z": True,  # a container has it
        f"sha256:9 - {time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())}": True,  # a build may be at it
    }
    state = tmp_path / "docker"
    state.mkdir()
    (state / "images").write_text("".join(f"{line}\n" for line in images))
    (state / "containers").write_text("c1\nc2\n")
    (state / "used").write_text("sha256:3\nsha256:8\n")
    tool("docker", DOCKER.replace("STATE", str(state)))
    (host.root / "good").write_text("1.0+1-aaaaaaaaaaaa\n")
    host.release("2.0-bbbbbbbbbbbb")
    host.link("blue", "2.0-bbbbbbbbbbbb")
    options = {"docker": "yes", "images": "shop-api shop-web"}
    usage = look(host, **options)
    assert {(thing.kind, thing.bytes) for thing in usage.candidates} == {("image", 4096)}
    assert paths(usage) == {"shop-api:4.0-dddddddddddd", "sha256:7"}
    assert "2 images" in free(host, **options).words
    assert (state / "images").read_text().splitlines() == [line for line, stays in images.items() if stays]


def test_what_no_build_has_used_for_a_day_is_freed(host, tmp_path, tool):
    old_day, now = "2020-01-01 10:00:00.5 +0000 UTC", time.strftime("%Y-%m-%d %H:%M:%S.1 +0000 UTC", time.gmtime())
    others = ["true false regular", "false true regular", "false false internal", "false false frontend"]
    kept = [*(f"{each} 5MB {old_day}" for each in others), f"false false regular 5MB {now}", "false false regular 5MB "]
    gone = [f"false false regular 1.024kB {old_day}", f"false false source.local 2.048kB {old_day}"]
    for name, lines in (("cache", [*kept, *gone]), ("kept", kept)):
        (tmp_path / name).write_text("".join(f"{line}\n" for line in lines))
    prune = f'"builder prune") echo "$*" >>{tmp_path}/asked; cp {tmp_path}/kept {tmp_path}/cache ;;'
    tool("docker", f'case "$1 $2" in "system df") cat {tmp_path}/cache ;;\n{prune}\nesac\n')
    assert [(thing.kind, thing.bytes) for thing in look(host, docker="yes").candidates] == [("build-cache", 3072)]
    assert "1 build-cache 3.0 KiB" in free(host, docker="yes").words
    assert (tmp_path / "asked").read_text() == "builder prune --force --filter until=24h\n"
    assert look(host, docker="yes").candidates == ()


def test_docker_that_hangs_over_a_container_frees_no_image_and_stops_nothing_else(host, tool):
    log = old(host.root / "logs/a.log")
    # 124 is what timeout(1) says of it.
    tool(
        "docker",
        'case "$*" in ps*) echo c1 ;; container\\ inspect*) exit 124 ;; image*) echo "sha256:7 sha256:7" ;; esac\n',
    )
    usage = look(host, docker="yes")
    assert usage.problems == ("docker: no answer about its containers within 20 s; no image is freed",)
    assert paths(usage) == {str(log)}


def test_docker_that_does_not_answer_stops_nothing_else(host, tool):
    log = old(host.root / "logs/a.log")
    tool("docker", "echo 'Cannot connect to the Docker daemon'; exit 1\n")
    assert look(host, docker="yes").problems == ("docker: Cannot connect to the Docker daemon",)
    assert free(host, docker="yes").outcome is Outcome.OK
    assert not log.exists()


def test_the_journal_of_systemd_is_cut_down_to_its_limit_where_there_is_one(host, tmp_path, tool):
    blocks = 'case "$*" in *@*) echo 4096 ;; *) echo 20480 ;; esac'
    tool("find", f'if [ "$1" = /var/log/journal ]; then {blocks}; else exec REAL "$@"; fi\n')
    tool("journalctl", f'echo "$*" >>{tmp_path}/asked\n')
    assert (look(host).candidates, look(host).journal_bytes) == ((), 10 * MEGABYTE)
    assert [(thing.kind, thing.bytes) for thing in look(host, journal=9 * MEGABYTE).candidates] == [
        ("journal", MEGABYTE)
    ]
    # what is written to now is not archived, and stays
    assert look(host, journal=MEGABYTE).freeable_bytes == 2 * MEGABYTE
    free(host, journal=9 * MEGABYTE)
    assert f"--vacuum-size={9 * MEGABYTE}" in (tmp_path / "asked").read_text()


def test_the_largest_files_are_named_wherever_they_are_below_the_root(host):
    sizes = {"releases/1-a/big.bin": 900_000, "logs/a.log": 500_000, "journal": 100_000}
    for name, size in sizes.items():
        old(host.root / name, days=0, content=b"x" * size)
    largest = look(host).largest[:3]
    assert [thing.path for thing in largest] == [str(host.root / name) for name in sizes]
    assert [thing.bytes >= size for thing, size in zip(largest, sizes.values(), strict=True)] == [True] * 3


def test_a_host_that_has_nothing_yet_has_nothing_to_free(host, tmp_path):
    shutil.rmtree(tmp_path / "root")
    assert look(host).candidates == ()


def test_the_act_is_in_the_journal_of_the_host(host):
    old(host.root / "logs/a.log")
    free(host)
    assert '"step":"free the disk","result":"freed ' in (host.root / "journal").read_text()
