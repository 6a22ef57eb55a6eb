"""A check that believes its visitor: it looks at the connection instead, or a certificate is asked for as well."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.claims import Claim, asks_loosely, claims
from handclasp.diagnose.reach import behind_tls, block_at
from handclasp.diagnose.remedies.change import RELOAD, Change
from handclasp.diagnose.remedies.config_edit import with_edits
from handclasp.model.finding import Applicability, Finding, Where
from handclasp.model.nginx import TlsServer
from handclasp.model.text import Text
from handclasp.nginxconf.edit import TextEdit, insert_ahead, remove, replace_argument
from handclasp.nginxconf.select import select_location
from handclasp.nginxconf.tree import walk

_GUARD = ("if ($ssl_client_verify != SUCCESS) {", "    return 403;", "}")
_EVERYBODY = frozenset({"0.0.0.0/0", "::/0", "0/0"})


def changes(case: Case, finding: Finding) -> Iterator[Change]:
    """For an address, that of the connection; for anything else, a verified certificate."""
    for socket, server in behind_tls(case):
        for claim in claims(case, socket, server) if asks_loosely(server) else ():
            if Where.at(claim.asked or server.origin, "if") == finding.where:
                yield _cure(case, server, claim)
                return


def _cure(case: Case, server: TlsServer, claim: Claim) -> Change:
    asked = block_at(case, claim.asked) if claim.asked is not None else None
    if claim.variable == "remote_addr":
        believed = [
            item
            for item, _ in walk(case.stage.tree.directives)
            if item.name == "set_real_ip_from" and item.args[0] in _EVERYBODY
        ]
        title = Text(en="believe nobody's header about addresses", zh="不再相信任何人关于地址的请求头")
        note = Text(
            en="where a proxy stands in front, name its own address in set_real_ip_from",
            zh="若前面有代理，请在 set_real_ip_from 中写它自己的地址",
        )
        return _change(case, "believe-nobody", title, tuple(edit for item in believed for edit in remove(item)), note)
    if asked is not None and asked.name == "geo" and len(asked.args) == 2:
        title = Text(en="look at the address of the connection", zh="改看连接本身的地址")
        note = Text(
            en="where a proxy stands in front, name its address in set_real_ip_from and set real_ip_header",
            zh="若前面有代理，请用 set_real_ip_from 写明其地址，并设置 real_ip_header",
        )
        return _change(case, "address-of-the-connection", title, replace_argument(asked, 0, "$remote_addr"), note)
    location = select_location(server, claim.uri)
    checked = location.origin if location is not None and location.guards else None
    block = block_at(case, checked or server.origin)
    title = Text(en="refuse requests without a verified certificate there", zh="在那里拒绝没有经过验证证书的请求")
    return _change(case, "guard-requests", title, insert_ahead(block, _GUARD) if block is not None else (), None)


def _change(case: Case, identity: str, title: Text, edits: tuple[TextEdit, ...], note: Text | None) -> Change:
    return Change(
        id=identity,
        title=title,
        applicability=Applicability.REVIEW,
        edits=with_edits(case, edits),
        commands=(RELOAD,),
        note=note,
    )
