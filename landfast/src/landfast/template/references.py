"""Which resources need which, and whether they can be created in any order at all."""

from collections.abc import Callable, Collection, Iterator, Mapping
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import Any, TypeAlias

from landfast.template.errors import Mistake, Where, dotted
from landfast.template.intrinsics import function_of, variables

Choice: TypeAlias = Callable[[list[Any], Where], list[Any]]
"""Which of an ``Fn::If``'s two values to look at, given its arguments."""


def both(arguments: list[Any], _: Where) -> list[Any]:
    """Look at both values."""
    return arguments[1:]


def references(value: object, where: Where, choice: Choice = both) -> Iterator[tuple[str, Where]]:
    """Every name that a value asks for, parameters included, and where it does."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from references(item, (*where, index), choice)
    elif isinstance(value, dict):
        function = function_of(value)
        if function is None:
            for key, member in value.items():
                yield from references(member, (*where, str(key)), choice)
        else:
            yield from _called(function, value[function], where, choice)


def _called(function: str, arguments: object, where: Where, choice: Choice) -> Iterator[tuple[str, Where]]:
    if function == "Ref":
        yield str(arguments), where
    elif function == "Fn::GetAtt":
        logical_id, *rest = arguments.split(".") if isinstance(arguments, str) else _listed(arguments)
        yield str(logical_id), where
        yield from references(rest, where, choice)
    elif function == "Fn::Sub":
        text, given, *_ = (*_listed(arguments), {})
        names = variables(text) if isinstance(text, str) else ()
        own = given if isinstance(given, dict) else {}
        yield from ((name.split(".")[0], where) for name in names if name not in own)
        yield from references(given, where, choice)
    elif function == "Fn::If" and isinstance(arguments, list):
        yield from references(choice(arguments, where), where, choice)
    else:
        yield from references(arguments, (*where, function), choice)


def _listed(arguments: object) -> list[Any]:
    return arguments if isinstance(arguments, list) and arguments else [arguments]


def check_names(section: object, where: Where, known: Collection[str]) -> None:
    """Raises a `Mistake` at the first name in a section at `where` that is not known."""
    for reference, place in references(section, where):
        if reference not in known:
            close = get_close_matches(reference, sorted(known), n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise Mistake(place, f"no resource or parameter is called {reference}{hint}")


def circles(needs: Mapping[str, Mapping[str, Where]]) -> Iterator[str]:
    """One line for each group of resources that wait for each other ("Circular dependency").

    Args:
        needs: For each logical id what it needs, and where it says so; what is not among them needs nothing.
    """
    waiting = dict(needs)
    while True:
        try:
            TopologicalSorter({one: [other for other in waiting[one] if other in waiting] for one in waiting}).prepare()
        except CycleError as error:
            circle: list[str] = error.args[1][::-1]
            places = ", ".join(dotted(needs[one][other]) for one, other in pairwise(circle))
            yield f"{places}: circular dependency {' -> '.join(circle)}"
            waiting = {one: needed for one, needed in waiting.items() if one not in circle}
        else:
            return
