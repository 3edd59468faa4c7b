"""Production: what customers use.

Each list is a group; `hosts:` in a system's YAML names it. `address` is where the hosts reach each other.
"""

edge = [
    ("edge1.sanvi-machinery.com", {"address": "10.20.0.11"}),
    ("edge2.sanvi-machinery.com", {"address": "10.20.0.12"}),
]

web = [
    ("web1.sanvi-machinery.com", {"address": "10.20.1.11"}),
    ("web2.sanvi-machinery.com", {"address": "10.20.1.12"}),
]

db = [
    ("db1.sanvi-machinery.com", {"address": "10.20.2.11"}),
]
