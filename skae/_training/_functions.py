"""What a function of the user's depends on, so that equal ones may share a program."""

import builtins
import dis
import types

_PLAIN = bool, int, float, complex, str, bytes, type(None)
_FIXED_MODULES = "keras", "tensorflow", "jax", "math"
_FIXED_BUILTINS = {
    *("abs", "bool", "complex", "dict", "divmod", "enumerate", "float", "int"),
    *("isinstance", "len", "list", "map", "max", "min", "pow", "range", "reversed"),
    *("round", "set", "sorted", "str", "sum", "tuple", "zip"),
}
_UNREADABLE = {  # steps that read by name, or that leave something behind
    *("DELETE_GLOBAL", "IMPORT_STAR", "LOAD_BUILD_CLASS", "LOAD_CLASSDEREF", "LOAD_NAME"),
    *("STORE_ATTR", "STORE_DEREF", "STORE_GLOBAL", "STORE_SUBSCR"),
}


def function_key(function, *settings):
    """Return a key that functions which do the same share, or None if none is sure.

    It holds the code and the values of all that the code reads from outside: globals,
    closures and defaults. Only numbers, text, and functions and modules of which the
    same is known are values that nobody can change meanwhile.

    Parameters
    ----------
    function : callable
    settings : objects
        Values that belong to it.
    """
    try:
        return _key((function, *settings), set())
    except (_UnsureError, TypeError):
        return None


class _UnsureError(Exception):
    """Something may change that no key can show."""


def _key(value, seen):
    if isinstance(value, _PLAIN):
        return type(value).__name__, repr(value)
    if isinstance(value, tuple | frozenset):
        parts = [_key(part, seen) for part in value]
        return type(value).__name__, tuple(parts if type(value) is tuple else sorted(parts))
    if isinstance(value, types.ModuleType) and _is_fixed(value.__name__):
        return "module", value.__name__
    if isinstance(value, type | types.BuiltinFunctionType) and _is_fixed(value.__module__):
        return "name", value.__module__, value.__qualname__
    if not isinstance(value, types.FunctionType):
        raise _UnsureError
    if _is_fixed(value.__globals__.get("__name__")):
        made_by = _held(value, seen) if "<locals>" in value.__qualname__ else ()
        return "function", value.__module__, value.__qualname__, made_by
    if value in seen:
        return "itself", value.__qualname__
    if vars(value):  # attributes that it may read
        raise _UnsureError
    seen.add(value)
    return "code", value.__code__, *_held(value, seen), _read(value, value.__code__, seen)


def _held(function, seen):
    """Return the keys of what a function was made with."""
    held = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    try:
        held += [cell.cell_contents for cell in function.__closure__ or ()]
    except ValueError:  # a cell that is empty as yet
        raise _UnsureError from None
    return tuple(_key(value, seen) for value in held)


def _read(function, code, seen):
    """Return names and keys of the globals that code, and the code in it, reads."""
    found = []
    for step in dis.get_instructions(code):
        if step.opname in _UNREADABLE:
            raise _UnsureError
        if step.opname == "IMPORT_NAME" and not _is_fixed(step.argval):
            raise _UnsureError
        if step.opname == "LOAD_GLOBAL":
            found.append((step.argval, _key_of_global(function, step.argval, seen)))
    for part in code.co_consts:
        if isinstance(part, types.CodeType):
            found += _read(function, part, seen)
    return tuple(found)


def _key_of_global(function, name, seen):
    if name in function.__globals__:
        return _key(function.__globals__[name], seen)
    if name in _FIXED_BUILTINS and hasattr(builtins, name):
        return "builtin"
    raise _UnsureError


def _is_fixed(module):
    return isinstance(module, str) and module.partition(".")[0] in _FIXED_MODULES
