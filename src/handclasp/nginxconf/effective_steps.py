"""What a block does with a request, in nginx's order: `if`, `set`, `rewrite`, `return`, then who may enter, and error pages."""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from handclasp.model.nginx_steps import Access, Addresses, Assignment, ErrorPage, Guard, LimitExcept, Return, Rewrite, Step
from handclasp.nginxconf.scope import Scope, number
from handclasp.nginxconf.tree import Directive

_CONDITION = re.compile(r"\$\{?(\w+)\}?\s*(?:(!?~\*?|!?=)\s*(.*))?", re.DOTALL)
_FILE_TEST = re.compile(r"(!?-[fdex])\s+(.*)", re.DOTALL)
_SCRIPT = re.compile(r"_by_(?:lua|njs)(?:_|$)|^js_(?:content|access|set|preread|filter)$|^perl(?:_set)?$")


def steps(directives: Iterable[Directive]) -> tuple[Step, ...]:
    """What a block does before anything else, in the order in which it stands there, includes where they are."""
    return tuple(_READ[item.name](item) for item in directives if (item.name in _READ and item.args) or item.name == "break")


def _guard(block: Directive) -> Guard:
    condition = condition_of(block.args)
    inside = steps(block.block)
    ended = next((step for step in inside if isinstance(step, Return)), None)
    status, text = (ended.status, ended.text) if ended else (None, "")
    made = partial(Guard, condition=condition, status=status, text=text, inside=inside, origin=block.origin)
    if test := _FILE_TEST.fullmatch(condition):
        return made(variable="", operator=test[1], operand=test[2])
    found = _CONDITION.fullmatch(condition)
    variable, operator, operand = (found[1], found[2] or "", found[3] or "") if found else ("", "", "")
    return made(variable=variable, operator=operator, operand=operand)


def _assignment(item: Directive) -> Assignment:
    variable, value = (*item.args, "")[:2]
    return Assignment(variable=variable.removeprefix("$"), value=value, origin=item.origin)


def _rewrite(item: Directive) -> Rewrite:
    pattern, replacement, flag = (*item.args, "", "")[:3]
    return Rewrite(pattern=pattern, replacement=replacement, flag=flag, origin=item.origin)


def _break(item: Directive) -> Rewrite:
    return Rewrite(pattern=None, flag="break", origin=item.origin)


def condition_of(args: tuple[str, ...]) -> str:
    """What an `if` asks, without its parentheses."""
    text = " ".join(args)
    return text[1:-1].strip() if text.startswith("(") and text.endswith(")") else text


def _return(item: Directive) -> Return:
    first, text = (*item.args, "", "")[:2]
    if first.isdigit():
        return Return(status=number(first, 0), text=text, origin=item.origin)
    return Return(status=302, text=first, origin=item.origin)


def error_pages(scope: Scope) -> tuple[ErrorPage, ...]:
    """The error_page lines that hold here."""
    return scope.listed("error_page", _error_page).value


def _error_page(item: Directive) -> ErrorPage:
    *codes, target = item.args or ("",)
    response: int | None = None
    if codes and codes[-1].startswith("="):
        response = number(codes.pop()[1:], 0)
    numbers = tuple(number(code, 0) for code in codes)
    return ErrorPage(codes=numbers, target=target, response=response, origin=item.origin)


def access(scope: Scope) -> Access:
    """What else may refuse a request here; each directive is inherited by itself, allow and deny together."""
    asks, realm = scope.maybe("auth_request").value, scope.maybe("auth_basic").value
    return Access(
        addresses=_addresses(scope),
        asks=None if asks == "off" else asks,
        realm=None if realm == "off" else realm,
        any_of=scope.text("satisfy", "all").value == "any",
    )


def limit_except(scope: Scope) -> LimitExcept | None:
    """The limit_except of a location; nginx takes no second one."""
    block = next((item for item in scope.mine("limit_except") if item.children is not None), None)
    if block is None:
        return None
    methods = tuple(method.upper() for method in block.args)
    return LimitExcept(methods=methods, access=access(scope.inner(block)), origin=block.origin)


def _addresses(scope: Scope) -> Addresses:
    """Whom `allow` and `deny` let in: one list, inherited as a whole, of which the first line that fits an address counts."""
    at: Scope | None = scope
    while at is not None and not at.has("allow", "deny"):
        at = at.outer
    seen: set[str] = set()
    for item in at.directives if at is not None else ():
        if item.name in {"allow", "deny"}:
            if item.args == ("all",) and not seen - {item.name}:
                return Addresses.ALL if item.name == "allow" else Addresses.NONE
            seen.add(item.name)
            if item.args == ("all",):
                break
    return Addresses.SOME if seen else Addresses.UNSAID


def scripted(scope: Scope) -> bool:
    """Whether code that cannot be read here has a say in this very block."""
    return any(_SCRIPT.search(name) for name in scope.own)


_READ: Mapping[str, Callable[[Directive], Step]] = {
    "if": _guard, "set": _assignment, "rewrite": _rewrite, "break": _break, "return": _return,
}  # fmt: skip
