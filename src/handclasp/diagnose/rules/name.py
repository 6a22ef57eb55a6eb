"""The upstream's certificate is trusted, but the name nginx compares is not in it."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.diagnose.rules.upstream_tls import named_server_fits
from handclasp.model.finding import Finding, Where
from handclasp.model.verdict import Side
from handclasp.verdict.behind import sent_name
from handclasp.verdict.hostname import certificate_names, matches


def check(case: Case) -> Iterator[Finding]:
    """Nginx checks the name only once the chain is good; here it is told in any case."""
    upstream = case.stage.upstream if case.side is Side.UPSTREAM else None
    if upstream is None or case.party is None or "$" in upstream.name.value:
        return
    if sent_name(upstream) is None and named_server_fits(case, upstream):
        return
    leaf = case.party.leaf
    if matches(leaf, upstream.name.value):
        return
    summary = say(
        'nginx expects the name "{name}", and the upstream\'s certificate bears {names}',
        "nginx 期望的名称是“{name}”，而上游证书上的名称是 {names}",
        name=upstream.name.value, names=", ".join(certificate_names(leaf)) or "-",
    )  # fmt: skip
    evidence = say(
        "only DNS names count (the CN if there are none); IP addresses never do",
        "只比较 DNS 名称（没有时才看 CN）；IP 地址从不参与比较",
    )
    origin = upstream.name.origin or upstream.target.origin
    directive = f"{upstream.module}_ssl_name" if upstream.name.origin else f"{upstream.module}_pass"
    yield finding("upstream-name-mismatch", summary, Where.at(origin, directive), evidence)


RULES = (Rule("name", ("upstream-name-mismatch",), check, about_peer=True),)
