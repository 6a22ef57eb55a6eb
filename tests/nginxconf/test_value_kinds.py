"""Values of any directive whose kind was measured: what `nginx -t` says of them, word for word, and nothing of good ones."""

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handclasp.catalogue.stock_directives import group_of, table, values
from handclasp.nginxconf.effective import effective
from handclasp.nginxconf.gathered import tree_from_files
from handclasp.nginxconf.start_faults import start_faults
from handclasp.nginxconf.value_kinds import refusal
from tests.nginx_rig import Rig
from tests.nginxconf.test_directives import _CONTEXTS
from tests.nginxconf.test_stock_directives import HTTP

_OF_A_VALUE = re.compile(
    r'"\w+" directive (?:invalid (?:value|number)|is duplicate|value must be)|invalid value "|value must be|invalid number "'
)
_SEEDS = range(8)
_EACH = 25


def any_value(chance: random.Random) -> str:
    number = chance.choice(("", "-", "0", "1", "4", "9", "30", "128", "4096", "70000", "18446744073709551616", "1.5"))
    ending = chance.choice(("", "", "k", "K", "m", "M", "g", "s", "ms", "h", "d", "w", "y", "q", "x", "h30m", "m1h", " 5s"))
    return chance.choice(
        (f"{number}{ending}", chance.choice(("on", "off", "ON", "auto", "always", "any", "none", "maybe", "$host")))
    )


def complaint(text: str) -> str | None:
    return text if _OF_A_VALUE.search(text) else None


def _places(name: str, group: str) -> list[str]:
    """Where a directive of http{} may stand; [] for those of stream{} and mail{}."""
    return sorted(place for place in table()[name] if group_of(place) == group and place in HTTP)


@pytest.mark.parametrize("seed", _SEEDS)
def test_what_nginx_says_of_a_value_is_foreseen(bench: Rig, seed: int) -> None:
    chance, build, said = random.Random(seed), bench.nginx.build(), set()
    known = {name: _places(name, group) for (name, group), one in values().items() if one.kind and _places(name, group)}
    for _ in range(_EACH):
        name = chance.choice(sorted(known))
        value, context = any_value(chance), chance.choice(known[name])
        line = f'{name} "{value}";' * (2 if chance.random() < 0.2 else 1)
        text = "pid run/x.pid; error_log logs/e;\n" + _CONTEXTS[context].format(line)
        bench.write("nginx.conf", text)
        output = bench.nginx.test(prefix=bench.prefix, config=bench.config).output
        real = re.search(r"\[emerg\] \d+#\d+: (.*)$", output, re.MULTILINE)
        tree = tree_from_files(bench.config, {bench.config: text.encode()}, bench.prefix)
        faults = start_faults(tree, effective(tree, build.version), {}, {}, build.version, build.series)
        foreseen = next((fault.message for fault in faults), "")
        assert complaint(foreseen) == complaint(real[1] if real else ""), (context, line)
        said.add(bool(complaint(foreseen)))
    assert said == {True, False}


@given(
    st.sampled_from(["flag", "number", "number:1..9", "count", "size", "offset", "seconds", "milliseconds", "choice:a,b"]),
    st.text(),
)
def test_any_text_is_taken_or_refused(kind: str, value: str) -> None:
    words = refusal(kind, "some_directive", value)
    assert words is None or "some_directive" in words or value in words or "between" in words


def test_most_directives_have_a_kind() -> None:
    kinds = [one.kind.partition(":")[0].removesuffix("$") for one in values().values() if one.kind]
    assert len(kinds) > 300
    assert {"flag", "number", "count", "size", "offset", "seconds", "milliseconds", "choice"} <= set(kinds)
