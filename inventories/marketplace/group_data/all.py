"""Data of every host of Equipment Marketplace, in every inventory."""

# The system's YAML file, and where it is: in this folder's parent.
systems = ("marketplace.yaml",)
inventory_folder = ".."

ssh_user = "deploy"

# The hosts' keys are known before the first connection; an unknown one is a refusal, not a question.
ssh_strict_host_key_checking = "yes"

# Unit files, gate files and the releases belong to root.
_sudo = True
