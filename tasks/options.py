"""Options that many tasks share, and the ones of every task that changes something."""

import inspect
from functools import wraps

from fabric import Task, task
from invoke.parser import Argument

HELP = {
    "inventory": "inventory file; HANDRAIL_INVENTORY if left out",
    "json": "one JSON object on standard output, for machines",
    "yes": "do not ask",
    "dry_run": "show what would be done on which host; change nothing",
}
CHANGE_HELP = HELP | {
    "change": "the change that allows it; found by its plan if left out",
    "emergency": "go round windows, freezes, schedule and checklist; needs --reason, is announced and reviewed",
    "reason": "why, for the record",
}
KIND = inspect.Parameter.POSITIONAL_OR_KEYWORD
CHANGE_OPTIONS = {
    "inventory": None,
    "change": "",
    "emergency": False,
    "reason": "",
    "json": False,
    "yes": False,
    "dry_run": False,
}


def asked(options):
    """Give what the operator says of a change beside what it does, as data of its verb."""
    return {
        "change": options["change"],
        "emergency": "yes" if options["emergency"] else "",
        "reason": options["reason"],
    }


def how(options):
    """Give what a verb needs to know of its terminal."""
    return {"as_json": options["json"], "yes": options["yes"], "dry_run": options["dry_run"]}


def changing(auto_shortflags=True, **options):
    """Make a task of a function that gives a verb and its data; it runs the verb, and has the options of a change."""

    def made(function):
        @wraps(function)
        def run(*args, **given):
            from handrail.control.verbs import run_change  # noqa: PLC0415  # imports what `fab --list` need not wait for

            bound = run.__signature__.bind(*args, **given)
            bound.apply_defaults()
            common = {name: bound.arguments.pop(name) for name in CHANGE_OPTIONS}
            verb, data = function(**bound.arguments)
            run_change(verb, common["inventory"], data | asked(common), **how(common))

        own = inspect.signature(function).parameters.values()
        common = (inspect.Parameter(name, KIND, default=default) for name, default in CHANGE_OPTIONS.items())
        run.__signature__ = inspect.Signature([*own, *common])
        return task(help=CHANGE_HELP | options, auto_shortflags=auto_shortflags)(run)

    return made


class Word(Argument):
    """A bare word that is left out where a flag is given in its place: a name, or --due."""

    flag = None

    @Argument.value.getter
    def value(self):
        """Give the word; none at all is an error of the parser, unless the flag is there."""
        if self._value is None and self.flag is not None and self.flag.value:
            return ""
        return self._value


class NameOrDue(Task):
    """A task with a name as its bare word, or --due."""

    def get_arguments(self, ignore_unknown_help=None):
        """Give the arguments, the name among them as a word that --due replaces."""
        arguments = {each.name: each for each in super().get_arguments(ignore_unknown_help)}
        name = Word(name="name", help=arguments["name"].help, positional=True)
        name.flag = arguments["due"]
        return [*(arguments | {"name": name}).values()]
