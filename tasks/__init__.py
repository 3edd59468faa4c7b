"""What `fab` runs: one file per noun, one function per verb."""

from invoke import Collection

from tasks import check, disk, logs, release, system

ns = Collection.from_module(release)
for module in (system, check, logs, disk):
    for task in Collection.from_module(module).tasks.values():
        ns.add_task(task)
