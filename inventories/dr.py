"""Disaster recovery: another region, which has the traffic while production is ill.

Each list is a group; `hosts:` in a system's YAML names it. `address` is where the hosts reach each other.
"""

edge = [
    ("edge1.dr.sanvi-machinery.com", {"address": "10.23.0.11"}),
    ("edge2.dr.sanvi-machinery.com", {"address": "10.23.0.12"}),
]

web = [
    ("web1.dr.sanvi-machinery.com", {"address": "10.23.1.11"}),
    ("web2.dr.sanvi-machinery.com", {"address": "10.23.1.12"}),
]

db = [
    ("db1.dr.sanvi-machinery.com", {"address": "10.23.2.11"}),
]
