"""Data of every host in `inventories/dr.py`."""

# The part of each system's YAML that is laid over the rest.
environment = "dr"

systems = ("sanvi.yaml",)

ssh_user = "deploy"

# The hosts' keys are known before the first connection; an unknown one is a refusal, not a question.
ssh_strict_host_key_checking = "yes"

# Unit files, gate files and the releases belong to root.
_sudo = True
