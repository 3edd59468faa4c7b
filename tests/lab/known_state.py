"""Bring the lab to the state that most tests begin with: 1.0.0 live and healthy, the other slot empty, nothing held.

Past handrail, because a test must not depend on what another one has left, and faster than a deploy. What only a deploy
can put there (units, environment files, the edge's configuration) is left as it is; where it is missing, one is run.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from lab import ready
from lab.docker import docker
from lab.hosts import HOSTS, named
from tests.lab.controller import Controller
from tests.lab.fleet import NAMES, ROOT, RUN, WEB

if TYPE_CHECKING:
    from tests.lab.fleet import Fleet

FIRST = "1.0.0"
# A command of a run that was killed may still be at work, and would be taken for another run's.
EVERYWHERE = f"""
systemctl stop 'handrail-*' 2>/dev/null || :
iptables -F
rm -rf {RUN}/lease* {RUN}/blue* {RUN}/green* {RUN}/incoming* {ROOT}/gate/maintenance {ROOT}/gate/out
systemctl is-active -q ssh || systemctl start ssh
[ ! -d {RUN} ] || flock -x -w 60 {RUN}/lock true
"""
# A web host that was an edge in some test is none any more.
ON_WEB = f"""
umount {ROOT}/releases 2>/dev/null || :
if [ -f /etc/nginx/conf.d/handrail-sanvi.conf ]; then
    systemctl stop nginx
    rm -rf /etc/nginx/conf.d/handrail-sanvi.conf {ROOT}/gate
fi
"""
ON_EDGE = "systemctl is-active -q nginx || systemctl start nginx\n"
ON_DB = """
rm -f /etc/postgresql/15/main/conf.d/broken.conf
systemctl reset-failed 'postgresql*'
systemctl start postgresql 'postgresql@15-main' redis-server
"""
CONFIRM = f"""
rm -f {ROOT}/gate/green {ROOT}/gate/decisions/*
[ LIVE = blue ] || : >{ROOT}/gate/green
echo "$(cat {ROOT}/lease/fence) LIVE" >{ROOT}/gate/record
"""
HEALTHY = f"""
for slot in blue green; do
    case $(readlink {ROOT}/slots/$slot) in */{FIRST}-*) ;; *) continue ;; esac
    case $slot in blue) ports='3000/health 3001/health' ;; green) ports='3010/health 3011/health' ;; esac
    good=yes
    for port in $ports; do curl -fso /dev/null --max-time 2 http://127.0.0.1:$port || good=no; done
    [ $good = no ] || echo $slot
done
[ ! -s {ROOT}/env/green/frontend.env ] || echo made green
[ ! -s {ROOT}/env/blue/frontend.env ] || echo made blue
"""
MAKE_LIVE = f"""
release=$(basename {ROOT}/releases/{FIRST}-*)
systemctl stop sanvi-backend@OTHER sanvi-frontend@OTHER || [ $? = 5 ] # a slot that nobody has made yet
for unit in sanvi-backend@OTHER sanvi-frontend@OTHER; do # each disable has systemd read all of its units again
    ! systemctl is-enabled -q $unit || systemctl disable -q $unit
done
if [ RESTART = yes ]; then
    systemctl stop sanvi-backend@LIVE sanvi-frontend@LIVE
    ln -sfnT ../releases/$release {ROOT}/slots/LIVE
    systemctl enable -q sanvi-backend@LIVE sanvi-frontend@LIVE
    systemctl start sanvi-backend@LIVE sanvi-frontend@LIVE
fi
rm -f {ROOT}/slots/OTHER
find {ROOT}/releases -mindepth 1 -maxdepth 1 ! -name "$release" -exec rm -rf {{}} +
echo $release >{ROOT}/good
case LIVE in blue) ports='3000/health 3001/health' ;; green) ports='3010/health 3011/health' ;; esac
for port in $ports; do
    timeout 40 sh -c 'until curl -fso /dev/null --max-time 2 http://127.0.0.1:$0; do sleep 0.2; done' $port
done
"""


def reset(fleet: Fleet) -> None:
    """Make it so."""
    _each(_revive, NAMES)
    extra = {"edge": ON_EDGE, "db": ON_DB, **dict.fromkeys(WEB, ON_WEB)}
    _each(lambda host: fleet.sh(host, EVERYWHERE + extra[host]), NAMES)
    looked = _each(lambda host: fleet.sh(host, HEALTHY).splitlines(), WEB)
    staged = all(FIRST in fleet.releases(host) for host in WEB) and fleet.files("edge", "/etc/nginx/conf.d/handrail-*")
    made = [slot for slot in ("blue", "green") if all(f"made {slot}" in lines for lines in looked)]
    if not staged or not made:
        deploy = Controller("deploy", release=FIRST)
        assert deploy.wait() == 0, deploy.output()
        reset(fleet)
        return
    healthy = [slot for slot in made if all(slot in lines for lines in looked)]
    live = (healthy or made)[0]
    other = "green" if live == "blue" else "blue"
    script = MAKE_LIVE.replace("LIVE", live).replace("OTHER", other).replace("RESTART", "no" if healthy else "yes")
    _each(lambda host: fleet.sh(host, script), WEB)
    fleet.sh("edge", CONFIRM.replace("LIVE", live))
    # nginx may still remember that a host was away
    fleet.eventually("1.0.0 is served", lambda: fleet.served() == FIRST)


def wipe(fleet: Fleet) -> None:
    """Take everything of the system off the hosts, its tables included, as if nobody had ever deployed."""
    reset_data = "DROP SCHEMA public CASCADE; CREATE SCHEMA public AUTHORIZATION sanvi"
    script = f"""
    systemctl stop 'sanvi-*' 'handrail-*' 2>/dev/null || :
    rm -f /etc/systemd/system/multi-user.target.wants/sanvi-*
    rm -rf {ROOT} {RUN} /etc/systemd/system/sanvi-* /etc/nginx/conf.d/handrail-*
    systemctl daemon-reload
    """
    _each(lambda host: fleet.sh(host, script), NAMES)
    fleet.sh("db", f"runuser -u postgres -- psql -qX -d sanvi -c '{reset_data}'")
    fleet.sh("edge", "systemctl stop nginx")


def _revive(name: str) -> None:
    host = named(name)
    state = docker("inspect", "--format", "{{.State.Status}}", host.container)
    if state == "paused":
        docker("unpause", host.container)
    elif state != "running":
        docker("start", host.container)
    if state != "running":
        ready.wait_for_ssh(host)


def _each(work, hosts):
    with ThreadPoolExecutor(max_workers=len(HOSTS)) as pool:
        return list(pool.map(work, hosts))
