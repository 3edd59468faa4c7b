"""Development: the smallest set of hosts that has every part.

Each list is a group; `hosts:` in the system's YAML names it. `address` is where the hosts reach each other.
"""

app = [
    ("app1.dev.marketplace.example.com", {"address": "10.40.30.11"}),
]
