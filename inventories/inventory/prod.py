"""Production: what customers use.

Each list is a group; `hosts:` in the system's YAML names it. `address` is where the hosts reach each other.
"""

# nginx runs on the first of the hosts that run the containers.
edge = [
    ("app1.prod.internal", {"address": "10.20.20.11"}),
]

app = [
    ("app1.prod.internal", {"address": "10.20.20.11"}),
    ("app2.prod.internal", {"address": "10.20.20.12"}),
]

db = [
    ("db.prod.internal", {"address": "10.20.22.11"}),
]
