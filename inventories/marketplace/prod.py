"""Production: what customers use.

Each list is a group; `hosts:` in the system's YAML names it. `address` is where the hosts reach each other.
"""

app = [
    ("app1.marketplace.example.com", {"address": "10.20.30.11"}),
]
