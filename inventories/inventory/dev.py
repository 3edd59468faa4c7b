"""Development: the smallest set of hosts that has every part.

Each list is a group; `hosts:` in the system's YAML names it. `address` is where the hosts reach each other.
"""

# nginx runs on the first of the hosts that run the containers.
edge = [
    ("app1.dev.internal", {"address": "10.40.20.11"}),
]

app = [
    ("app1.dev.internal", {"address": "10.40.20.11"}),
]

db = [
    ("db.dev.internal", {"address": "10.40.22.11"}),
]
