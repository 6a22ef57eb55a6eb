"""Names of an upstream against proxy_ssl_name: alternative names, common names, wildcards, addresses, odd spellings."""

from collections.abc import Callable

from handclasp.lab import extensions as ext
from handclasp.lab.draft import Draft
from handclasp.lab.mint import IA5, PRINTABLE, UTF8, name

_NAMES = (
    "lab.test", "LAB.test", "a.lab.test", "b.a.lab.test", "*.lab.test", "*.test", "*", "a*.lab.test", "*a.lab.test",
    "a*b.lab.test", "*.a.lab.test", "a.*.test", "*.*.test", "lab.test.", ".lab.test", "lab", "*.lab", "_x.lab.test",
    "a_b.lab.test", "xn--bcher-kva.test", "*.xn--bcher-kva.test", "xn--*.test", "127.0.0.1", "*.0.0.1", "-a.lab.test",
    "a-.lab.test", "a..test", "1.lab.test", "lab-test", "", "*lab.test", "aa.lab.test", "*.lab.test.", "ab.lab.test",
    "axb.lab.test", "xn--ab.test",
)  # fmt: skip
_HOSTS = (
    "lab.test", "a.lab.test", "b.a.lab.test", "LAB.TEST", "lab.test.", "lab", "127.0.0.1", "_x.lab.test", "a_b.lab.test",
    "xn--bcher-kva.test", "a.xn--bcher-kva.test", "test", "aa.lab.test", "axb.lab.test", "xa.lab.test", "ab.lab.test",
    "a..test", "x.test", "xn--ab.test", "xn--ab.lab.test", "*.lab.test", ".lab.test", "1.lab.test", "::1", "a.lab.test.",
    "-a.lab.test",
)  # fmt: skip


def _host(draft: Draft) -> None:
    draft.host = draft.random.choice(_HOSTS)


def alternative_names(draft: Draft) -> None:
    """Random dNSNames, sometimes beside others, and a random name to expect."""
    _host(draft)
    names: list[tuple[str, str | bytes]] = [("dns", draft.random.choice(_NAMES)) for _ in range(draft.random.randint(1, 3))]
    extra: list[tuple[str, str | bytes]] = [("ip", "127.0.0.1"), ("email", "a@lab.test"), ("uri", "https://lab.test/")]
    names += draft.random.sample(extra, draft.random.choice([0, 0, 0, 1, 2]))
    draft.leaf.put("subjectAltName", ext.general_names(*names))


def no_dns_name(draft: Draft) -> None:
    """Alternative names without a dNSName, or none: common names count."""
    _host(draft)
    others: list[tuple[str, str | bytes]] = [("ip", "127.0.0.1"), ("email", "a@lab.test"), ("uri", "https://lab.test/")]
    chosen = draft.random.sample(others, draft.random.choice([0, 0, 1, 2]))
    if chosen:
        draft.leaf.put("subjectAltName", ext.general_names(*chosen))
    else:
        draft.leaf.drop("subjectAltName")
    pairs = [("CN", draft.random.choice(_NAMES) or "x") for _ in range(draft.random.choice([1, 1, 2]))]
    draft.leaf.subject = name(("O", "Lab"), *pairs, string=draft.random.choice([UTF8, UTF8, PRINTABLE, IA5]))


DEFECTS: dict[Callable[[Draft], None], int] = {alternative_names: 3, no_dns_name: 2}
