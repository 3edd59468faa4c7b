"""Staging: production's shape, for the last look before a release.

Each list is a group; `hosts:` in a system's YAML names it. `address` is where the hosts reach each other.
"""

edge = [
    ("edge1.staging.sanvi-machinery.com", {"address": "10.30.0.11"}),
]

web = [
    ("web1.staging.sanvi-machinery.com", {"address": "10.30.1.11"}),
    ("web2.staging.sanvi-machinery.com", {"address": "10.30.1.12"}),
]

db = [
    ("db1.staging.sanvi-machinery.com", {"address": "10.30.2.11"}),
]
