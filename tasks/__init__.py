"""What `fab` runs: one file per noun, one function per verb."""

from invoke import Collection

from tasks import (
    audit,
    backup,
    capacity,
    certificate,
    change,
    check,
    checklist,
    database,
    disk,
    infra,
    logs,
    maintenance,
    metrics,
    notify,
    release,
    schedule,
    system,
    updates,
    windows,
    worker,
)

ns = Collection.from_module(release)
for module in (system, check, logs, disk, windows, checklist, metrics, capacity, worker):
    for task in Collection.from_module(module).tasks.values():
        ns.add_task(task)
for module in (change, audit, backup, certificate, database, infra, maintenance, notify, schedule, updates):
    ns.add_collection(Collection.from_module(module))
