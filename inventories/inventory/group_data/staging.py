"""Data of every host in `inventories/inventory/staging.py`."""

# The part of the system's YAML that is laid over the rest.
environment = "staging"
