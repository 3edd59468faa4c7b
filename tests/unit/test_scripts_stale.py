"""Units that run replaced files: which are started again after an update, which are left alone, and who goes first."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from handrail.model.fleet import Outcome
from handrail.orchestration.commands.updates import NEVER
from tests.unit.host_folder import Host

OLD = "7f00-7f01 r-xp 00000000 08:01 123 /usr/lib/libssl.so.3 (deleted)\n"
NEW = OLD.replace(" (deleted)", "")
SYSTEMCTL = """#!/bin/sh
echo "$*" >>{folder}/asked
case $* in
"is-active --quiet sleeping.service") exit 3 ;;
"try-restart broken"*) exit 1 ;;
esac
"""
APT = """#!/bin/sh
echo "apt $*" >>{folder}/asked
{then}
"""


class Updated(Host):
    """A host on which a library was replaced, with processes, and with other systems beside this one."""

    def __init__(self, folder, system="shop"):
        super().__init__(folder)
        self.folder, self.run_directory = folder, folder / "handrail" / system
        self.run_directory.mkdir(parents=True)
        self.process(1, "/init.scope", maps=NEW)
        self.take("run-1")
        self.program("systemctl", SYSTEMCTL.format(folder=folder))
        self.program("dpkg-query", "#!/bin/sh\n")
        self.program("apt-mark", f"#!/bin/sh\necho apt-mark $* >>{folder}/asked\n")
        self.apt()
        (folder / "asked").write_text("")

    def program(self, name, text):
        path = self.folder / "shims" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def apt(self, then=""):
        self.program("apt-get", APT.format(folder=self.folder, then=then))

    def process(self, number, cgroup, *, maps=OLD, version=2):
        path = self.folder / "proc" / str(number)
        path.mkdir(parents=True, exist_ok=True)
        (path / "maps").write_text(maps)
        (path / "cgroup").write_text(f"0::{cgroup}\n" if version == 2 else f"9:name=systemd:{cgroup}\n0::/\n")

    def neighbour(self, name, *, seconds_left=None):
        path = self.folder / "handrail" / name
        path.mkdir()
        (path / "lock").touch()
        if seconds_left is not None:
            now = float(Path("/proc/uptime").read_text().split()[0])
            (path / "lease").write_text(f"3\t{int((now + seconds_left) * 100)}\trun-9\tbob@desk (deploy)\n")

    def file(self, path, text=""):
        place = self.folder / "etc" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)

    def unit(self, name, root):
        self.file(f"systemd/system/{name}", f"[Service]\nEnvironmentFile={root}/env/blue/api.env\n")

    def upgrade(self, *packages, leave="", seconds=20):
        return self.fenced(1, "run-1", "others", "updates", "upgrade", arguments=(leave, seconds, *packages))

    def asked(self, what):
        return [line for line in (self.folder / "asked").read_text().splitlines() if line.startswith(what)]

    def restarted(self):
        return [line.split()[-1] for line in self.asked("try-restart")]


@pytest.fixture
def prepared(tmp_path, monkeypatch):
    """Make a host of a system; all of it is below one folder."""
    monkeypatch.setenv("PATH", f"{tmp_path}/shims:{os.environ['PATH']}")
    monkeypatch.setenv("PROC", f"{tmp_path}/proc")
    monkeypatch.setenv("ETC", f"{tmp_path}/etc")
    return lambda system: Updated(tmp_path, system)


@pytest.fixture
def host(prepared):
    return prepared("shop")


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("own", ["", "/docker/abc"], ids=["host", "container"])
def test_only_units_of_the_own_system_manager_are_started_again(host, version, own):
    host.process(1, f"{own}/init.scope", maps=NEW, version=version)
    for number, (cgroup, maps) in enumerate(
        [
            ("/system.slice/mine.service", OLD),
            ("/system.slice/system-mine.slice/mine@a.service", OLD),
            ("/system.slice/fresh.service", NEW),
            ("/user.slice/user-1000.slice/user@1000.service/app.slice/theirs.service", OLD),
            ("/system.slice/docker-abc.scope/system.slice/inner.service", OLD),
            ("/system.slice/lxc.service/box/system.slice/inner.service", OLD),
            ("/system.slice/vm.scope", OLD),
        ],
        start=100,
    ):
        host.process(number, f"{own}{cgroup}", maps=maps, version=version)
    host.process(200, "/lxc/box/system.slice/inner.service", version=version)
    assert host.upgrade().outcome is Outcome.OK
    assert host.restarted() == ["mine.service", "mine@a.service"]


def test_a_unit_that_is_not_active_is_not_started(host):
    host.process(100, "/system.slice/sleeping.service")
    assert "still on old files: sleeping.service" in host.upgrade().words
    assert not host.restarted()


@pytest.mark.parametrize(
    "unit",
    [
        "dbus", "systemd-logind", "getty@tty1", "networking", "NetworkManager", "networkd-dispatcher", "wpa_supplicant",
        "ifup@eth0", "openvpn-server@a", "strongswan-starter", "openswan", "bird", "bird6", "frr", "quagga", "libvirtd",
        "lxcfs", "cron-daily", "rc-local", "unattended-upgrades", "keepalived", "docker", "containerd",
    ],
)  # fmt: skip
def test_what_would_cut_the_host_off_is_never_started_again(host, unit):
    host.process(100, f"/system.slice/{unit}.service")
    host.process(101, "/system.slice/cron.service")
    host.upgrade(leave=" ".join(NEVER))
    assert host.restarted() == ["cron.service"]


def test_units_of_other_systems_on_the_host_are_left_alone(host):
    host.unit("shop-api@blue.service", host.root)
    host.process(100, "/system.slice/system-vend.slice/vend-api@blue.service")
    host.process(101, "/system.slice/nginx.service")
    host.process(102, "/system.slice/shop-api@blue.service")
    host.process(103, "/system.slice/asleep-pm2.service")
    host.process(104, "/system.slice/system-asleep.slice/asleep-api@green.service")
    host.neighbour("vend")
    host.upgrade()
    assert host.restarted() == ["shop-api@blue.service"]


def test_units_of_a_system_that_nobody_has_touched_since_the_boot_are_left_alone(host):
    """Also of one whose name begins as ours does."""
    for number, unit in enumerate(["shop-api@blue", "shop-pm2", "shop-admin-api@blue", "shop-admin-pm2"], start=100):
        host.process(number, f"/system.slice/{unit}.service")
        host.unit(f"{unit}.service", "/opt/shop-admin" if "admin" in unit else host.root)
    host.process(200, "/system.slice/shop-old@green.service")
    host.unit("shop-old@.service", host.root)
    host.upgrade()
    assert host.restarted() == ["shop-api@blue.service", "shop-old@green.service", "shop-pm2.service"]


def test_our_own_units_are_ours_though_a_neighbours_name_begins_theirs(prepared):
    host = prepared("shop-admin")
    host.unit("shop-admin-api@blue.service", host.root)
    host.process(100, "/system.slice/shop-admin-api@blue.service")
    host.neighbour("shop")
    host.upgrade()
    assert host.restarted() == ["shop-admin-api@blue.service"]


@pytest.mark.parametrize(("sites", "again"), [(["shop"], ["nginx.service"]), (["shop", "vend"], []), (["vend"], [])])
def test_an_nginx_that_another_system_has_too_is_left_alone(host, sites, again):
    host.process(100, "/system.slice/nginx.service")
    for site in sites:
        host.file(f"nginx/conf.d/handrail-{site}.conf")
    host.upgrade()
    assert host.restarted() == again


def test_a_unit_that_does_not_start_again_does_not_keep_the_others_from_it(host):
    for number, unit in enumerate(["a", "broken", "c"], start=100):
        host.process(number, f"/system.slice/{unit}.service")
    reply = host.upgrade("foo=2")
    assert host.restarted() == ["a.service", "broken.service", "c.service"]
    assert reply.outcome is Outcome.FAILED
    assert reply.words.startswith("1 updated; started again: a.service c.service; not started again")
    assert reply.words.endswith("with their new files: broken.service")


def test_without_packages_apt_is_not_asked(host):
    assert host.upgrade().words == "0 updated"
    assert not host.asked("apt")


def test_units_that_an_earlier_run_left_are_told_when_the_sources_are_asked(host):
    host.process(100, "/system.slice/mine.service")
    host.process(101, "/system.slice/dbus.service")
    reply = host.fenced(1, "run-1", "others", "updates", "updates_ask", arguments=("dbus*.service",))
    assert list(reply.values("again")) == ["mine.service"]


def test_nobody_who_must_go_back_waits_for_apt(host):
    host.apt(f"flock -x -n {host.run_directory}/lock true || echo locked >>{host.folder}/asked")
    assert host.upgrade("foo=2").outcome is Outcome.OK
    assert not host.asked("locked")


def test_a_run_whose_lease_was_taken_while_apt_was_at_work_starts_nothing_again(host):
    host.process(100, "/system.slice/mine.service")
    host.apt(f"echo 9 >{host.root}/lease/fence")
    reply = host.upgrade("foo=2")
    assert (reply.outcome, "took the lease, so no unit was started again" in reply.words) == (Outcome.REFUSED, True)
    assert not host.restarted()


def test_an_apt_that_hangs_is_ended_in_time_to_say_so(host):
    host.apt("exec sleep 30")
    reply = host.upgrade("foo=2", seconds=1)
    assert (reply.outcome, "it was not done within 1 s" in reply.words) == (Outcome.FAILED, True)


def test_a_host_on_which_an_older_run_still_installs_is_neither_checked_nor_updated(host):
    held = f"flock -n {host.run_directory}/packages sleep 5 & sleep 0.3"
    assert host.fenced(1, "run-1", "at_rest").outcome is Outcome.OK
    os.system(f"({held}) >/dev/null 2>&1")  # noqa: S605  # the test's own words
    assert "still being installed here" in host.fenced(1, "run-1", "at_rest").words
    assert "being installed here for an earlier run" in host.upgrade("foo=2").words


@pytest.mark.parametrize(("left", "outcome"), [(60, Outcome.FAILED), (-5, Outcome.OK), (None, Outcome.OK)])
def test_no_host_reboots_under_a_run_of_another_system(host, left, outcome):
    asks = host.folder / "reboot-required"
    asks.touch()
    host.program("systemd-run", "#!/bin/sh\n")
    host.neighbour("vend", seconds_left=left)
    reply = host.fenced(1, "run-1", "others", "boot", "reboot", arguments=(asks,))
    assert reply.outcome is outcome
    assert outcome is Outcome.OK or reply.words == (
        "no reboot: bob@desk (deploy) is at work on vend, which is on this host, too"
    )
