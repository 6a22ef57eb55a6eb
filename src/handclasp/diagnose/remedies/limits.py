"""A limit's exemption tied to a verified certificate."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.reach import block_at
from handclasp.diagnose.remedies.change import RELOAD, Change
from handclasp.diagnose.remedies.config_edit import with_edits
from handclasp.model.finding import Applicability, Finding, Where
from handclasp.model.text import Text
from handclasp.nginxconf.edit import TextEdit, remove, rename, replace_argument

_SETTINGS = frozenset({"default", "hostnames", "volatile"})


def verified_exemption(case: Case, finding: Finding) -> Iterator[Change]:
    """The map asks $ssl_client_verify, and SUCCESS is what exempts. Not where the map says more than who is exempt."""
    origin = next((one.origin for one in case.stage.config.maps if Where.at(one.origin, "map") == finding.where), None)
    block = block_at(case, origin) if origin else None
    if block is None:
        return
    rows = [item for item in block.block if item.name not in _SETTINGS]
    exempt = [item for item in rows if item.args == ("",)]
    usual = [item for item in block.block if item.name == "default" and item.args != ("",)]
    if not exempt or exempt != rows or not usual:
        return
    edits: list[TextEdit] = [*replace_argument(block, 0, "$ssl_client_verify"), *rename(exempt[0], "SUCCESS")]
    edits += [edit for item in exempt[1:] for edit in remove(item)]
    yield Change(
        id="exempt-verified-only",
        title=Text(en="exempt verified certificates, and nothing else", zh="只豁免通过验证的证书"),
        applicability=Applicability.REVIEW,
        edits=with_edits(case, edits),
        commands=(RELOAD,),
        note=Text(en="whoever relied on the header needs a certificate now", zh="此前依赖该请求头的客户端现在需要证书"),
    )
