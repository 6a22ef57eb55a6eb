"""Limits from which somebody is exempt: what exempts must be a verified certificate, and nothing that can be said."""

import re
from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.reach import roots
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.model.finding import Finding, Where
from handclasp.model.nginx import EffectiveConfig, MapBlock, VerifyClient
from handclasp.model.verdict import Side
from handclasp.nginxconf.tree import Directive, walk
from handclasp.verdict.variables import expand, variables

ZONES = frozenset({"limit_req_zone", "limit_conn_zone"})
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")
_SAID = re.compile(
    r"(?:http_|cookie_|arg_|sent_http_).+|args|query_string|uri|request_uri|document_uri|request|host|remote_user|is_args"
    r"|request_method|content_type|content_length|request_body|request_filename"
)
_OF_CERTIFICATE = re.compile(r"ssl_client_(?:[si]_dn(?:_legacy)?|serial|fingerprint|(?:raw_|escaped_)?cert)")


def check(case: Case) -> Iterator[Finding]:
    """Every map behind the key of a limit that a visitor without certificate can bring to an empty value."""
    if case.side is not Side.CLIENT:
        return
    config = case.stage.config
    if not any(server.verify_client.value is not VerifyClient.OFF for server in config.servers):
        return
    for zone, _ in walk(case.stage.tree.directives):
        if zone.name not in ZONES or not zone.args:
            continue
        block = exempting(config, zone)
        if block is not None and (how := forged_by(config, block)):
            summary = say(
                "nobody needs a certificate to be exempt from {limit}: {how} is enough, which anybody can say",
                "不需要证书就能绕过 {limit}：只要 {how} 即可，而任何人都能这样声称", limit=_zone_name(zone), how=how,
            )  # fmt: skip
            shown = say("a request whose key is empty is not counted", "键为空的请求不计数")
            yield finding("header-spoofable", summary, Where.at(block.origin, "map"), shown)


def exempting(config: EffectiveConfig, zone: Directive) -> MapBlock | None:
    """The map that gives the key of a limit, if some of its values are empty: such requests are not counted."""
    found = _VARIABLE.fullmatch(zone.args[0])
    blocks = config.maps_of(found[1]) if found else ()
    block = blocks[0] if blocks else None
    return block if block and any(not entry.value for entry in block.entries) else None


def forged_by(config: EffectiveConfig, block: MapBlock) -> str | None:
    """What a visitor without a good certificate has to say for an empty value; None: there is no such thing."""
    names = roots(config, block.source)
    if "ssl_client_verify" in names and all("SUCCESS" in entry.pattern for entry in block.entries if not entry.value):
        return None
    said = sorted(f"${name}" for name in names if _SAID.fullmatch(name))
    if said:
        return ", ".join(said)
    loose = any(server.verify_client.value is VerifyClient.OPTIONAL_NO_CA for server in config.servers)
    shown = sorted(f"${name}" for name in names if _OF_CERTIFICATE.fullmatch(name))
    if loose and shown:
        return ", ".join(shown)
    counted = set().union(*(roots(config, entry.value) for entry in block.entries))
    if counted and all(_OF_CERTIFICATE.fullmatch(name) for name in counted):
        return None  # a limit for each certificate: who shows none is another limit's business
    known = variables(None, "NONE", host="", sni="")
    return "$ssl_client_verify NONE" if expand(f"${block.variable}", known, config) == "" else None


def _zone_name(zone: Directive) -> str:
    return next((word.removeprefix("zone=").partition(":")[0] for word in zone.args if word.startswith("zone=")), zone.name)


RULES = (Rule("limit-exemption", ("header-spoofable",), check),)
"""For `rules.ALL`."""
