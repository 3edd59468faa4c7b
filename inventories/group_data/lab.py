"""What is common to all hosts of the lab."""

from lab import paths
from lab.hosts import USER

environment = "lab"
systems = ("sanvi.yaml",)

ssh_user = USER
ssh_key = str(paths.OPERATOR_KEY)
# the host keys were made before the hosts, so not even the first login trusts an unknown one
ssh_known_hosts_file = str(paths.KNOWN_HOSTS)
ssh_strict_host_key_checking = "yes"
ssh_allow_agent = False
ssh_look_for_keys = False

_sudo = True
