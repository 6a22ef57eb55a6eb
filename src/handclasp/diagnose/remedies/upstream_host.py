"""The Host that an upstream is told: the name of the handshake."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.reach import block_at
from handclasp.diagnose.remedies.change import RELOAD, Change
from handclasp.diagnose.remedies.config_edit import with_edits
from handclasp.diagnose.rule import say
from handclasp.model.finding import Applicability, Finding
from handclasp.nginxconf.edit import insert_into, line_of, set_arguments
from handclasp.verdict.behind import sent_name


def same_name(case: Case, finding: Finding) -> Iterator[Change]:
    """One proxy_set_header, changed where it stands in this location, else added with those that it would end."""
    del finding
    found, upstream = case.stage.upstream_location, case.stage.upstream
    name = sent_name(upstream) if upstream else None
    block = block_at(case, found[1].origin) if found and found[1].origin else None
    if found is None or name is None or block is None:
        return
    own = [child for child in block.block if child.name == "proxy_set_header" and len(child.args) > 1]
    hosts = [child for child in own if child.args[0].lower() == "host"]
    if hosts:
        edits = set_arguments(hosts[0], ("Host", name))
    else:
        inherited = [] if own else [header for header in found[1].headers.value if header.name.lower() != "host"]
        lines = [line_of("proxy_set_header", (header.name, header.value)) for header in inherited]
        edits = insert_into(block, [*lines, line_of("proxy_set_header", ("Host", name))])
    yield Change(
        id="same-host-and-sni",
        title=say("ask the upstream for {name}, the name of the handshake", "向上游请求 {name}，与握手时的名称一致", name=name),
        applicability=Applicability.REVIEW,
        edits=with_edits(case, edits),
        commands=(RELOAD,),
    )
