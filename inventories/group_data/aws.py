"""Data of every host in `inventories/aws.py`."""

# The part of each system's YAML that is laid over the rest.
environment = "aws"

systems = ("sanvi.yaml",)
