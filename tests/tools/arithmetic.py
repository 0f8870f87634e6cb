"""What a constant's expression is worth, without running it."""

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

OPERATIONS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
}


class Unknown(Exception):
    """The expression calls something, or names what is not known."""


def evaluate(node: ast.expr, names: Mapping[str, Any]) -> Any:
    """The value of literals, arithmetic, and names in `names`; a module in `names` is a mapping of its own.

    Raises:
        Unknown: anything else is in it.
    """
    match node:
        case ast.Constant(value=value) if isinstance(value, str | int | float):
            return value
        case ast.Name(id=name) if name in names:
            return names[name]
        case ast.Attribute(value=ast.Name(id=module), attr=name) if name in names.get(module, {}):
            return names[module][name]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATIONS:
            return OPERATIONS[type(op)](evaluate(left, names), evaluate(right, names))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -evaluate(operand, names)
    return _collection(node, names)


def _collection(node: ast.expr, names: Mapping[str, Any]) -> Any:
    match node:
        case ast.Tuple(elts=elements):
            return tuple(evaluate(each, names) for each in elements)
        case ast.Dict(keys=keys, values=values) if None not in keys:
            return {evaluate(k, names): evaluate(v, names) for k, v in zip(keys, values, strict=True) if k}
    raise Unknown(ast.unparse(node))
