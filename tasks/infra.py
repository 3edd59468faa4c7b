"""Infrastructure: what Terraform builds on AWS, from a plan that people can read to its approved apply."""

from fabric import task

from tasks.options import CHANGE_HELP, HELP, asked

COMMON = {"inventory": HELP["inventory"], "json": HELP["json"]}
APPLY_HELP = {
    "plan": "the plan's name, as infra.plan gave it; the newest if left out",
    "destroy_data": "say that databases, buckets and keys may be lost",
} | {name: text for name, text in CHANGE_HELP.items() if name != "dry_run"}


@task(help=COMMON | {"destroy": "plan to destroy all of it"})
def plan(c, destroy=False, inventory=None, json=False):
    """Show what Terraform would add, change, replace and destroy; keep the plan for an approval."""
    from handrail.control.infra import make_plan  # noqa: PLC0415  # imports what `fab --list` need not wait for

    make_plan(inventory, destroy=destroy, as_json=json)


def _apply(verb, plan, destroy_data, inventory, said, json, yes):
    from handrail.control.infra import apply_plan  # noqa: PLC0415  # likewise

    words = {"plan": plan, "destroy_data": "yes" if destroy_data else ""}
    apply_plan(inventory, verb, words, asked(said), as_json=json, yes=yes)


@task(help=APPLY_HELP, auto_shortflags=False)
def apply(
    c, plan="", destroy_data=False, inventory=None, change="", emergency=False, reason="", json=False, yes=False
):  # fmt: skip
    """Apply exactly the plan that was approved, or refuse."""
    said = {"change": change, "emergency": emergency, "reason": reason}
    _apply("infra", plan, destroy_data, inventory, said, json, yes)


@task(help=APPLY_HELP, auto_shortflags=False)
def destroy(
    c, plan="", destroy_data=False, inventory=None, change="", emergency=False, reason="", json=False, yes=False
):  # fmt: skip
    """Destroy what `infra.plan --destroy` named, after its approval; data only with --destroy-data."""
    said = {"change": change, "emergency": emergency, "reason": reason}
    _apply("destroy", plan, destroy_data, inventory, said, json, yes)


@task(help=COMMON)
def drift(c, inventory=None, json=False):
    """Find what was changed by hand, or is described and not applied; exit 2 when there is any."""
    from handrail.control.infra import show_drift  # noqa: PLC0415  # likewise

    show_drift(inventory, as_json=json)


@task(help=COMMON)
def output(c, inventory=None, json=False):
    """Show names and addresses of what was built; nothing secret."""
    from handrail.control.infra import show_outputs  # noqa: PLC0415  # likewise

    show_outputs(inventory, as_json=json)


@task(help=COMMON)
def cost(c, inventory=None, json=False):
    """Show what AWS bills for it, by service: this month so far and the month before."""
    from handrail.control.infra import show_costs  # noqa: PLC0415  # likewise

    show_costs(inventory, as_json=json)


@task(help=COMMON | {"output": "a file to write it to; printed if left out"})
def graph(c, output="", inventory=None, json=False):
    """Write the graph of resources, in DOT."""
    from handrail.control.infra import show_graph  # noqa: PLC0415  # likewise

    show_graph(inventory, output=output, as_json=json)
