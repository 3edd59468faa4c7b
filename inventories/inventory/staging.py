"""Staging: production's shape, for the last look before a release.

Each list is a group; `hosts:` in the system's YAML names it. `address` is where the hosts reach each other.
"""

# nginx runs on the first of the hosts that run the containers.
edge = [
    ("app1.staging.internal", {"address": "10.30.20.11"}),
]

app = [
    ("app1.staging.internal", {"address": "10.30.20.11"}),
    ("app2.staging.internal", {"address": "10.30.20.12"}),
]

db = [
    ("db.staging.internal", {"address": "10.30.22.11"}),
]
