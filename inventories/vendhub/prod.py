"""Production: what customers use.

Each list is a group; `hosts:` in the system's YAML names it. `address` is where the hosts reach each other.
"""

app = [
    ("app1.vendhub.com", {"address": "10.20.10.11"}),
]
