"""Staging: production's shape, for the last look before a release.

Each list is a group; `hosts:` in the system's YAML names it. `address` is where the hosts reach each other.
"""

app = [
    ("app1.staging.vendhub.com", {"address": "10.30.10.11"}),
]
