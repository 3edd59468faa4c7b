"""What `fab` runs: one file per noun, one function per verb."""

from invoke import Collection

from tasks import audit, backup, change, check, checklist, disk, logs, metrics, release, system, windows

ns = Collection.from_module(release)
for module in (system, check, logs, disk, windows, checklist, metrics):
    for task in Collection.from_module(module).tasks.values():
        ns.add_task(task)
for module in (change, audit, backup):
    ns.add_collection(Collection.from_module(module))
