"""Data of every host in `inventories/marketplace/prod.py`."""

# The part of the system's YAML that is laid over the rest.
environment = "prod"
