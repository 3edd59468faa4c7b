"""Packages on real hosts: a report, updates one host after the other under load, and a stop at the first failure.

Each host gets two small repositories of its own, one of them for security, in the place of its sources.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.lab.conformance.subject import HOSTED
from tests.lab.fleet import NAMES, ROOT, RUN, WEB
from tests.lab.inventory import QUICK, inventory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.fleet import Fleet

pytestmark = pytest.mark.lab
SANVI = next(each for each in HOSTED if each.system == "sanvi")
PLACE = "/srv/updates-test"
# A request that was on its way when its host left the traffic is in the log a moment later.
MOMENT_SECONDS = 1.5
# updates-probe has a program whose file each version replaces; to install it breaks where it is told to.
PREPARE = f"""
set -e
rm -rf {PLACE}
make() {{ # NAME VERSION REPOSITORY
    tree=$(mktemp -d); mkdir -p "$tree/DEBIAN" "$tree/usr/lib/updates-test" {PLACE}/$3
    {{
        printf 'Package: %s\\nVersion: %s\\nArchitecture: all\\n' "$1" "$2"
        printf 'Maintainer: a <a@example.com>\\nDescription: for a test\\n'
    }} >"$tree/DEBIAN/control"
    cp /bin/sleep "$tree/usr/lib/updates-test/$1"
    if [ "$1" = updates-probe ]; then
        printf '#!/bin/sh\\n[ ! -f {PLACE}/break ] || exit 1\\n' >"$tree/DEBIAN/postinst"
        chmod 755 "$tree/DEBIAN/postinst"
    fi
    chmod 755 "$tree"
    dpkg-deb --root-owner-group -b "$tree" {PLACE}/$3/$1_$2.deb >/dev/null; rm -rf "$tree"
}}
index() {{ # REPOSITORY LABEL
    cd {PLACE}/$1
    for deb in *_2.0.deb; do
        dpkg-deb -f "$deb"
        printf 'Filename: ./%s\\nSize: %s\\n' "$deb" "$(stat -c %s "$deb")"
        printf 'SHA256: %s\\n\\n' "$(sha256sum <"$deb" | cut -d' ' -f1)"
    done >Packages
    printf 'Origin: Debian\\nLabel: %s\\nSuite: stable\\nDate: %s\\nSHA256:\\n %s %s Packages\\n' "$2" "$(date -Ru)" \\
        "$(sha256sum <Packages | cut -d' ' -f1)" "$(stat -c %s Packages)" >Release
}}
for version in 1.0 2.0; do make updates-probe $version security; make updates-plain $version plain; done
index security Debian-Security; index plain Debian
mkdir -p {PLACE}/aside/sources.list.d /etc/apt/sources.list.d
[ ! -f /etc/apt/sources.list ] || mv /etc/apt/sources.list {PLACE}/aside/
find /etc/apt/sources.list.d -type f -exec mv {{}} {PLACE}/aside/sources.list.d/ \\;
for one in security plain; do echo "deb [trusted=yes] file:{PLACE}/$one ./"; done >/etc/apt/sources.list
dpkg -i {PLACE}/security/updates-probe_1.0.deb {PLACE}/plain/updates-plain_1.0.deb >/dev/null
apt-mark auto updates-probe >/dev/null
apt-get -q update >/dev/null
systemctl reset-failed updates-probe 2>/dev/null || :
systemd-run --quiet --unit=updates-probe /usr/lib/updates-test/updates-probe infinity
"""
CLEAR = f"""
systemctl stop updates-probe 2>/dev/null || :
rm -f {PLACE}/break /run/reboot-required {ROOT}/gate/out/* {RUN}/.in.*
dpkg --purge --force-all updates-probe updates-plain >/dev/null 2>&1 || :
if [ -d {PLACE}/aside ]; then
    rm -f /etc/apt/sources.list
    [ ! -f {PLACE}/aside/sources.list ] || mv {PLACE}/aside/sources.list /etc/apt/
    find {PLACE}/aside/sources.list.d -type f -exec mv {{}} /etc/apt/sources.list.d/ \\;
    rm -rf {PLACE} /var/lib/apt/lists/*updates-test*
fi
"""
BREAK = """
printf '#!/bin/sh\\nsystemctl stop sanvi-backend@LIVE; mv /usr/bin/node /usr/bin/node.aside\\n' >/srv/break-node
chmod 755 /srv/break-node
echo 'DPkg::Post-Invoke {"/srv/break-node";};' >/etc/apt/apt.conf.d/99break
"""
MEND = """
[ ! -e /usr/bin/node.aside ] || mv /usr/bin/node.aside /usr/bin/node
rm -f /etc/apt/apt.conf.d/99break /srv/break-node
"""
VERSIONS = "dpkg-query -W -f='${Package} ${Version} ${db:Status-Status}\\n' updates-probe updates-plain"


@pytest.fixture
def hosts(fleet: Fleet) -> Iterator[Fleet]:
    """The hosts, each with an update for security and a plain one; every edge knows the way out of each."""
    for host in NAMES:
        fleet.sh(host, CLEAR)
        fleet.sh(host, PREPARE)
    yield fleet
    for host in NAMES:
        fleet.sh(host, CLEAR)


def installed(fleet: Fleet, host: str) -> dict[str, str]:
    lines = [line.split(" ", 1) for line in fleet.sh(host, VERSIONS).splitlines()]
    return {name.removeprefix("updates-"): rest for name, rest in lines}


def report() -> dict[str, Any]:
    done = SANVI.fab("updates.report", "--json")
    found = json.loads(done.stdout)
    assert done.returncode == found["exit_code"], done.stderr
    return dict(found)


def offered(found: dict[str, Any]) -> dict[str, dict[str, bool]]:
    """Give the test's own packages that each host could update, and whether they are for security."""
    return {
        each["host"]: {
            one["name"]: one["security"] for one in each["packages"] if one["name"].startswith("updates-")
        }
        for each in found["hosts"]
    }  # fmt: skip


OLD = {"probe": "1.0 installed", "plain": "1.0 installed"}
SAFE = {"probe": "2.0 installed", "plain": "1.0 installed"}
BOTH = {"probe": "2.0 installed", "plain": "2.0 installed"}


def test_a_report_names_what_each_host_could_update(hosts):
    hosts.sh("web1", "touch /run/reboot-required")
    found = report()
    assert (found["level"], found["exit_code"]) == ("ALERT", 2)
    assert offered(found) == {host: {"updates-probe": True, "updates-plain": False} for host in NAMES}
    assert {each["host"]: each["reboot"] for each in found["hosts"]}["web1"]
    assert all(each["lists_age_seconds"] < 600 for each in found["hosts"])
    services = [one for one in found["findings"] if one["what"] in {"backend", "frontend"}]
    assert {one["host"] for one in services} == set(WEB)
    assert all("no package-lock.json" in one["text"] for one in services)
    assert {host: installed(hosts, host) for host in NAMES} == dict.fromkeys(NAMES, OLD)


def test_hosts_are_updated_one_after_the_other_without_a_failed_request(hosts, start, load, quick, tmp_path):
    # The edge's configuration may be an older one; it is taken in by a reload, once.
    assert start("restart", inventory=quick).wait() == 0
    # A host is out for long enough to see that nobody asks it.
    slow = inventory(tmp_path / "slow", {"times": QUICK["times"] | {"drain": "8s"}})
    with load() as running:
        run = start("update", inventory=slow)
        assert run.wait() == 0, run.end
    assert run.end["text"] == "security updates on every host, one after the other: web1, web2, edge, db"
    figures = running.report()
    assert (figures.failed, figures.requests > 500) == (0, True), figures.failures
    assert {host: installed(hosts, host) for host in NAMES} == dict.fromkeys(NAMES, SAFE)
    for host in WEB:
        assert "started again: updates-probe.service" in run.steps("update the packages", host)[0]["words"]
        assert hosts.sh(host, "apt-mark showauto updates-probe").strip() == "updates-probe"
        assert not hosts.sh(
            host, "ls -l /proc/$(systemctl show -p MainPID --value updates-probe)/exe | grep deleted || :"
        )
        assert asked_while_out(hosts, run, host) == 0
    assert hosts.files("edge", f"{ROOT}/gate/out/*") == set()
    found = report()
    assert offered(found) == {host: {"updates-plain": False} for host in NAMES}
    assert found["level"] == "WARN"
    again = start("update", inventory=quick)
    assert (again.wait(), again.end["outcome"]) == (0, "unchanged")
    assert not again.steps("take out of traffic")
    rest = start("update", inventory=quick, all="yes", limit="web2")
    assert rest.wait() == 0, rest.end
    assert (installed(hosts, "web1"), installed(hosts, "web2")) == (SAFE, BOTH)


def asked_while_out(fleet: Fleet, run: Any, host: str) -> int:
    """Count the requests that the edge sent to a host between leaving the traffic and coming back."""
    turn = WEB.index(host)
    left, back = (
        datetime.fromisoformat(run.steps(step, "edge")[turn]["at"]).timestamp()
        for step in ("take out of traffic", "put back into traffic")
    )
    address = f"172.31.77.{11 + turn}:"
    between = f"$1 > {left + MOMENT_SECONDS} && $1 < {back - MOMENT_SECONDS}"
    counting = f'{between} {{ n++; if (index($5, "{address}")) bad++ }} END {{ print n + 0, bad + 0 }}'
    count, bad = fleet.sh("edge", f"awk -F'\\t' '{counting}' /var/log/nginx/handrail-sanvi.log").split()
    assert int(count) > 0
    return int(bad)


def test_an_update_that_fails_stops_at_that_host(hosts, start, load, quick):
    hosts.sh("web1", f"touch {PLACE}/break")
    assert start("restart", inventory=quick).wait() == 0
    with load() as running:
        run = start("update", inventory=quick)
        assert run.wait() == 1, run.end
    assert running.report().failed == 0, running.report().failures
    assert "update the packages failed on web1: apt ended with 100" in run.end["text"]
    assert "web1 is well and has its traffic; done: none; not begun: web2, edge, db" in run.end["text"]
    assert installed(hosts, "web1")["probe"] == "2.0 half-configured"
    assert {host: installed(hosts, host) for host in NAMES[:1] + NAMES[2:]} == dict.fromkeys(NAMES[:1] + NAMES[2:], OLD)
    assert hosts.files("edge", f"{ROOT}/gate/out/*") == set()
    assert [one["text"] for one in report()["findings"] if "half installed" in one["text"]] == [
        "half installed: updates-probe"
    ]
    again = start("update", inventory=quick)
    assert again.wait() == 1
    assert "half installed: updates-probe; mend it there" in again.end["text"]
    assert "nothing was touched" in again.end["text"]
    hosts.sh("web1", f"rm {PLACE}/break; dpkg --configure -a")
    rest = start("update", inventory=quick)
    assert rest.wait() == 0, rest.end
    # The first host has no update left, but units on the files that were replaced.
    assert rest.end["text"].endswith(": web1, web2, edge, db")


def test_a_host_that_is_not_well_stays_out_until_it_is(hosts, start, load, quick):
    assert start("restart", inventory=quick).wait() == 0
    # As a library that does not fit would have it: what is started after the update dies at once.
    live = hosts.ask().slot
    hosts.sh("web1", BREAK.replace("LIVE", live))
    try:
        with load() as running:
            run = start("update", inventory=quick)
            assert run.wait() == 5, run.end
            assert "web1 stays out of traffic; once it is well, `fab updates.back web1`" in run.end["text"]
            assert hosts.files("edge", f"{ROOT}/gate/out/*") == {"172.31.77.11"}
            assert installed(hosts, "web2") == OLD
            refused = start("update", inventory=quick, limit="web2")
            assert (refused.wait(), "web1 is out of traffic since" in refused.end["text"]) == (2, True)
            hosts.sh("web1", MEND)
            mended = start("back", inventory=quick, limit="web1")
            assert mended.wait() == 0, mended.end
        assert running.report().failed == 0, running.report().failures
        assert hosts.files("edge", f"{ROOT}/gate/out/*") == set()
    finally:
        hosts.sh("web1", MEND)


def test_a_host_reboots_where_its_update_asks_for_it_and_the_run_goes_on(hosts, start, load, quick):
    assert start("restart", inventory=quick).wait() == 0
    with load() as running:
        hosts.sh("web1", "touch /run/reboot-required")
        run = start("update", inventory=quick, reboot="yes")
        assert run.wait() == 0, run.end
    assert running.report().failed == 0, running.report().failures
    words = {event["host"]: event["words"] for event in run.steps("reboot")}
    assert words["web1"].startswith("rebooted in ")
    assert {words[host] for host in NAMES if host != "web1"} == {"no update asks for a reboot"}
    assert run.end["text"].endswith("web1, web2, edge, db")
    assert hosts.leases() == {}
