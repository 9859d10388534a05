"""The parameters cell of a notebook: what it declares, and whether the values given fit it."""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from evalkit.errors import SpecError

TYPE_WORDS = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "a table of names and values",
    type(None): "nothing (None)",
}
TYPES_BY_NAME = {kind.__name__: kind for kind in TYPE_WORDS} | {"None": type(None)}


@dataclass(frozen=True)
class Declared:
    """One line of a parameters cell: its default, and the types a value may have (none named: any)."""

    name: str
    default: Any
    types: frozenset[type]


def declared_parameters(notebook: Mapping[str, Any], place: str) -> dict[str, Declared]:
    """What the cell tagged `parameters` declares, by name, in its order.

    notebook : the .ipynb as read from JSON
    place    : the notebook's file name, for messages

    Raises SpecError where the cell is missing or holds anything but `name: type = literal`.
    """
    sources = [cell["source"] for cell in notebook["cells"] if "parameters" in cell["metadata"].get("tags", [])]
    if len(sources) != 1:
        raise SpecError(f"{place}: {len(sources)} cells are tagged 'parameters'; a report needs exactly one")
    try:
        statements = ast.parse("".join(sources[0])).body
    except SyntaxError as error:
        raise SpecError(f"{place}, parameters cell, line {error.lineno}: {error.msg}") from error
    declarations = [_declaration(statement, place) for statement in statements]
    return {declared.name: declared for declared in declarations}


def _declaration(statement: ast.stmt, place: str) -> Declared:
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    value = getattr(statement, "value", None)
    written = ast.unparse(statement)
    rule = f"{place}, parameters cell: {written!r} is not of the form name: type = literal"
    if not isinstance(statement, ast.Assign | ast.AnnAssign) or not isinstance(targets[0], ast.Name) or value is None:
        raise SpecError(rule)
    try:
        default = ast.literal_eval(value)
    except ValueError as error:
        raise SpecError(f"{rule} (the value must be spelt out, because nothing is worked out again)") from error
    annotation = statement.annotation if isinstance(statement, ast.AnnAssign) else None
    return Declared(targets[0].id, default, _types(annotation, default))


def _types(annotation: ast.expr | None, default: object) -> frozenset[type]:
    words = set() if annotation is None else set(ast.unparse(annotation).replace("[", " ").replace("|", " ").split())
    named = {TYPES_BY_NAME[word] for word in words if word in TYPES_BY_NAME}
    return frozenset(named | ({type(default)} if default is not None or named else set()))


def check_parameters(values: Mapping[str, Any], declared: Mapping[str, Declared], place: str) -> None:
    """Refuse values the notebook does not declare, that are not JSON, or that differ in type from the declaration.

    Raises SpecError, naming the parameter, the value and the rule.
    """
    for name, value in values.items():
        if name not in declared:
            raise SpecError(f"{place} has no parameter {name!r}{_suggestion(name, declared)}")
        if not _is_json(value):
            kind = type(value).__name__
            raise SpecError(
                f"{place}, parameter {name}: {value!r} ({kind}) cannot be handed to a notebook; "
                "use text, numbers, true or false, lists or tables of these (a date as '2022-03-31')"
            )
        if not _fits(value, declared[name].types):
            wanted = " or ".join(sorted(TYPE_WORDS[kind] for kind in declared[name].types))
            raise SpecError(f"{place}, parameter {name}: {value!r} is {TYPE_WORDS[type(value)]}, expected {wanted}")


def _suggestion(name: str, declared: Mapping[str, Declared]) -> str:
    nearest = get_close_matches(name, list(declared), n=1)
    question = f" (did you mean {nearest[0]!r}?)" if nearest else ""
    return f"{question}; it has {', '.join(declared) or 'none'}"


def _is_json(value: object) -> bool:
    if type(value) is list:
        return all(_is_json(item) for item in value)
    if type(value) is dict:
        return all(type(key) is str and _is_json(item) for key, item in value.items())
    if type(value) is float:
        return math.isfinite(value)
    return value is None or type(value) in (str, bool, int)


def _fits(value: object, types: frozenset[type]) -> bool:
    return not types or type(value) in types or (type(value) is int and float in types)
