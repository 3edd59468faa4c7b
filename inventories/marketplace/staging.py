"""Staging: production's shape, for the last look before a release.

Each list is a group; `hosts:` in the system's YAML names it. `address` is where the hosts reach each other.
"""

app = [
    ("app1.staging.marketplace.example.com", {"address": "10.30.30.11"}),
]
