"""Development: the smallest set of hosts that has every part.

Each list is a group; `hosts:` in a system's YAML names it. `address` is where the hosts reach each other.
"""

edge = [
    ("edge1.dev.sanvi-machinery.com", {"address": "10.40.0.11"}),
]

web = [
    ("web1.dev.sanvi-machinery.com", {"address": "10.40.1.11"}),
]

db = [
    ("db1.dev.sanvi-machinery.com", {"address": "10.40.2.11"}),
]
