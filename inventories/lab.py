"""The lab on this machine: `python -m lab up`, then `pyinfra inventories/lab.py deploys/...`."""

from lab.hosts import LOOPBACK, Host, with_role


def _host(host: Host) -> tuple[str, dict[str, str | int]]:
    return host.name, {"ssh_hostname": LOOPBACK, "ssh_port": host.ssh_port, "address": host.address}


edge = [_host(host) for host in with_role("edge")]
web = [_host(host) for host in with_role("web")]
db = [_host(host) for host in with_role("db")]
