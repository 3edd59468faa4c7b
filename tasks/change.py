"""Changes: what is to be done, who approved it, what came of it."""

from fabric import task

from tasks.options import HELP

KEY = "the key that signs: a private key, or a .pub file of one in the agent; HANDRAIL_SIGNING_KEY if left out"
COMMON = {"name": "the id of the change", "inventory": HELP["inventory"], "json": HELP["json"], "key": KEY}
ROLE = {"role": "the role that you speak for"}
TEXT = {"text": "what there is to say"}


def _say(kind, name, inventory, key, json, **said):
    from handrail.control.changes import say  # noqa: PLC0415  # imports what `fab --list` need not wait for
    from handrail.model.signed import Kind  # noqa: PLC0415  # likewise

    words = dict.fromkeys(("role", "text", "valid", "at", "item", "risk", "impact"), "") | said
    say(inventory, Kind(kind), name, words | {"key": key}, as_json=json)


@task(
    help={name: text for name, text in COMMON.items() if name != "name"}
    | {
        "verb": "what is to be done: deploy, rollback, restart, scale …",
        "release": "the version, for a deploy or a rollback",
        "sha256": "its digest, if no file holds it",
        "share": "canary: 1, 5, 10, 25 or 50 percent first",
        "service": "which service, for scale",
        "count": "how many of it",
        "message": "the hold page's text, for hold",
        "with_database": "the datastores, too, for shutdown",
        "force": "rotate now, for logrotate",
        "certificate": "which one, for certificate and renew",
        "cert": "its file, for certificate",
        "cert_key": "the file with its key; the request holds neither",
        "chain": "the file with its chain",
        "all": "all updates, for update; those for security if left out",
        "reboot": "reboot hosts whose updates ask for that, for update",
        "limit": "one host alone, for update",
        "plan": "the plan's name, for infra and destroy; the newest if left out",
        "destroy_data": "data may be lost, for infra and destroy",
        "keep_page": "leave a maintenance page up, for startup",
        "lag_accepted": "how much may be lost, for promote, such as 90s",
        "type": "standard, normal or emergency; found by the verb if left out",
        "reason": "why",
        "risk": "low, medium or high",
        "impact": "who will notice what",
        "at": "not before this time, in the zone of the windows, such as '2026-11-24 22:00'",
    },
    auto_shortflags=False,
)
def request(
    c, verb="deploy", release="", sha256="", share="", service="", count="", message="", with_database=False,
    force=False, certificate="", cert="", cert_key="", chain="", all=False, reboot=False, limit="",  # noqa: A002 - likewise
    plan="", destroy_data=False, keep_page=False, lag_accepted="",
    type="", reason="", risk="low", impact="", at="", key="", inventory=None, json=False,  # noqa: A002 - the option's name
):  # fmt: skip
    """Request a change: its plan is written down, signed by you, and filed."""
    from handrail.control.changes import request_change  # noqa: PLC0415  # likewise

    words = {
        "release": release, "sha256": sha256, "share": share, "service": service, "count": str(count),
        "message": message, "with_database": "yes" if with_database else "", "force": "yes" if force else "",
        "certificate": certificate, "cert": cert, "key": cert_key, "chain": chain,
        "all": "yes" if all else "", "reboot": "yes" if reboot else "", "limit": limit,
        "plan": plan, "destroy_data": "yes" if destroy_data else "",
        "keep_page": "yes" if keep_page else "", "lag_accepted": lag_accepted,
    }  # fmt: skip
    said = {"type": type, "reason": reason, "risk": risk, "impact": impact, "at": at, "key": key}
    request_change(inventory, verb, words, said, as_json=json)


@task(help={name: COMMON[name] for name in ("name", "inventory", "json")})
def show(c, name, inventory=None, json=False):
    """Show a change: its state, what is missing, who could approve, its plan, and what to type next."""
    from handrail.control.change_looks import show_change  # noqa: PLC0415  # likewise

    show_change(inventory, name, as_json=json)


@task(
    name="list",
    help={
        "inventory": HELP["inventory"],
        "json": HELP["json"],
        "due": "emergencies without a review; exit 1 when one is overdue",
    },
)
def list_(c, inventory=None, due=False, json=False):
    """List the changes that are filed."""
    from handrail.control.change_looks import list_changes  # noqa: PLC0415  # likewise

    list_changes(inventory, due=due, as_json=json)


@task(help=COMMON | TEXT | {"risk": "as the request says if left out", "impact": "likewise"}, auto_shortflags=False)
def assess(c, name, risk="", impact="", text="", key="", inventory=None, json=False):
    """Say that you have looked at impact, risk and resources."""
    _say("assess", name, inventory, key, json, risk=risk, impact=impact, text=text)


@task(
    help=COMMON | ROLE | TEXT | {"valid": "for how long, such as 48h; as long as the rules allow if left out"},
    auto_shortflags=False,
)
def approve(c, name, role="", valid="", text="", key="", inventory=None, json=False):
    """Approve a change, for exactly the plan that it has."""
    _say("approve", name, inventory, key, json, role=role, valid=valid, text=text)


@task(help=COMMON | ROLE | TEXT, auto_shortflags=False)
def reject(c, name, role="", text="", key="", inventory=None, json=False):
    """Reject a change; nobody can run it until you take that back."""
    _say("reject", name, inventory, key, json, role=role, text=text)


@task(help=COMMON | ROLE | TEXT, auto_shortflags=False)
def revoke(c, name, role="", text="", key="", inventory=None, json=False):
    """Take back what you approved or rejected in a role."""
    _say("revoke", name, inventory, key, json, role=role, text=text)


@task(help=COMMON | TEXT | {"at": "not before this time, in the zone of the windows"}, auto_shortflags=False)
def schedule(c, name, at="", text="", key="", inventory=None, json=False):
    """Say when an approved change is to be made."""
    _say("schedule", name, inventory, key, json, at=at, text=text)


@task(
    help=COMMON | ROLE | TEXT | {"item": "the item of the checklist", "valid": "for how long, such as 72h"},
    auto_shortflags=False,
)
def state(c, name, item="", role="", text="", valid="", key="", inventory=None, json=False):
    """State that an item of the checklist is true."""
    _say("statement", name, inventory, key, json, item=item, role=role, text=text, valid=valid)


@task(help=COMMON | TEXT, auto_shortflags=False)
def close(c, name, text="", key="", inventory=None, json=False):
    """Close a change that was made and verified."""
    _say("close", name, inventory, key, json, text=text)


@task(help=COMMON | TEXT, auto_shortflags=False)
def review(c, name, text="", key="", inventory=None, json=False):
    """Review an emergency after it was made."""
    _say("review", name, inventory, key, json, text=text)


@task(help={"file": "a document that somebody sent", "inventory": HELP["inventory"], "json": HELP["json"]})
def add(c, file, inventory=None, json=False):
    """Verify a document that came by chat or mail, and file it."""
    from handrail.control.changes import add_document  # noqa: PLC0415  # likewise

    add_document(inventory, file, as_json=json)


@task(
    help={
        "name": COMMON["name"],
        "inventory": HELP["inventory"],
        "folder": "the folder of changes; the environment's if left out",
        "approvers": "the approvers file; the environment's if left out",
        "json": HELP["json"],
    },
    auto_shortflags=False,
)
def verify(c, name, inventory=None, folder="", approvers="", json=False):
    """Verify every signature of a change, offline; exit 1 when a file of it does not hold."""
    from handrail.control.change_looks import verify_change  # noqa: PLC0415  # likewise

    verify_change(name, inventory, folder, approvers, as_json=json)
