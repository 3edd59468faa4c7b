"""A simulator of runs: the real tables against simulated hosts, with seeded faults, thousands of schedules at a time.

`python -m tests.simulation --schedules 20000` plays them until an invariant breaks; `--seed N --story` tells one.

world.py        time, chance, the list of what is due
hosts.py        a host: lease, fence, lock, reboots; services.py: what the scripts in hosts/scripts do there
scale.py        instances: how many run, and over how many an edge spreads the traffic
gate.py         the traffic of an edge; timers.py: how an edge goes back by itself
controller.py   a run: executes a table of model/rollout.py step by step, as orchestration/ does
schedule.py     what happens in a schedule, drawn from its seed; faults.py: what may go wrong
invariants.py   what must hold, and what cannot be promised
"""
