"""What is common to all hosts of Equipment Marketplace in the lab."""

from lab import paths

environment = "lab"

ssh_key = str(paths.OPERATOR_KEY)
# the host keys were made before the hosts, so not even the first login trusts an unknown one
ssh_known_hosts_file = str(paths.KNOWN_HOSTS)
ssh_allow_agent = False
ssh_look_for_keys = False
