"""Settings and patterns put right: sessions, headers, names, CRL files, upstream TLS."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.reach import behind_tls, block_at
from handclasp.diagnose.read_behind import read_behind
from handclasp.diagnose.remedies.change import RELOAD, Change
from handclasp.diagnose.remedies.config_edit import set_in, with_edits
from handclasp.diagnose.remedies.pem_edit import put_lists
from handclasp.diagnose.rule import say
from handclasp.diagnose.rules.authorization import Expected, expectations, fingerprint, serial
from handclasp.diagnose.rules.crl_unread import holding
from handclasp.diagnose.rules.headers import outer_headers, passing
from handclasp.diagnose.rules.headers_alike import LETTING
from handclasp.diagnose.rules.trust_wide import asking, crl_roots, roots_in
from handclasp.model.finding import Applicability, Finding, Where
from handclasp.model.nginx import Location, NginxVersion
from handclasp.model.origin import Origin
from handclasp.model.text import Text
from handclasp.nginxconf.edit import TextEdit, insert_into, line_of, remove, replace_argument, set_arguments
from handclasp.nginxconf.tree import Directive, walk
from handclasp.verdict.trust import certificates_in, crls_in

ESCAPED_SINCE = NginxVersion(1, 13, 5)


def sessions(case: Case, finding: Finding) -> Iterator[Change]:
    """No sessions on these servers: every connection is verified anew."""
    for socket, _ in behind_tls(case):
        server = socket.default
        origins = [server.session_cache.origin, server.session_ticket_key.origin, server.origin]
        if any(_at(finding, origin) for origin in origins) or finding.cause == "tls13-cross-server-session-resumption":
            yield Change(
                id="no-sessions",
                title=Text(en="make no sessions that could be resumed", zh="不再产生可恢复的会话"),
                applicability=Applicability.REVIEW,
                edits=set_in(case, server.origin, ("ssl_session_cache", ("off",)), ("ssl_session_tickets", ("off",))),
                commands=(RELOAD,),
                note=Text(
                    en="every connection then costs a full handshake; for revocation alone, rename the shared zone in the"
                    " same reload",
                    zh="此后每个连接都要完整握手；若只为吊销，可在同一次重新加载时给共享区改名",
                ),
            )
            return


def repeat_headers(case: Case, finding: Finding) -> Iterator[Change]:
    """The headers that a location lost, written there again; those that it lets through, overwritten."""
    for _, server in behind_tls(case):
        for location in passing(server):
            if not _at(finding, location.origin) or location.origin is None:
                continue
            block = block_at(case, location.origin)
            lines = _header_lines(
                case, location, {header.name: header.value for header in outer_headers(case, server, location).values()}
            )
            if block is not None and lines:
                yield Change(
                    id="set-headers-here",
                    title=say("set {names} in location {path}", "在 location {path} 中设置 {names}",
                              names=", ".join(line.split()[1] for line in lines), path=location.path),
                    applicability=Applicability.REVIEW,
                    edits=with_edits(case, insert_into(block, lines)),
                    commands=(RELOAD,),
                )  # fmt: skip
            return


def _header_lines(case: Case, location: Location, lost: dict[str, str]) -> list[str]:
    directive = "grpc_set_header" if location.module == "grpc" else "proxy_set_header"
    set_here = {header.name.lower() for header in location.headers.value}
    wanted = lost or read_behind(case, location)
    if not wanted:
        for server in case.stage.config.servers:
            for other in passing(server):
                if (other.module, other.target.value) == (location.module, location.target.value):
                    wanted.update(
                        {header.name: header.value for header in other.headers.value if "$ssl_client" in header.value}
                    )
    return [line_of(directive, (name, value)) for name, value in wanted.items() if name.lower() not in set_here]


def header_form(case: Case, finding: Finding) -> Iterator[Change]:
    """The escaped certificate; hyphens for underscores."""
    directive = _directive(case, finding)
    if directive is None or len(directive.args) < 2:
        return
    name, value = directive.args[:2]
    if finding.cause == "header-raw-cert-newlines":
        if case.stage.version < ESCAPED_SINCE:
            return
        for plain in ("$ssl_client_raw_cert", "$ssl_client_cert", "${ssl_client_raw_cert}", "${ssl_client_cert}"):
            value = value.replace(plain, "$ssl_client_escaped_cert")
        edits = replace_argument(directive, 1, value)
        title = Text(en="send $ssl_client_escaped_cert, which has no line ends", zh="改用不含换行的 $ssl_client_escaped_cert")
    else:
        edits = replace_argument(directive, 0, name.replace("_", "-"))
        title = Text(en="write the name with hyphens", zh="名称改用连字符")
    yield Change(
        id="correct-header", title=title, applicability=Applicability.REVIEW, edits=with_edits(case, edits), commands=(RELOAD,),
        note=Text(en="the backend must read the new form", zh="后端必须能读取新的写法"),
    )  # fmt: skip


def failed_compare(case: Case, finding: Finding) -> Iterator[Change]:
    """`!= SUCCESS`."""
    directive = _directive(case, finding)
    if directive is not None:
        yield Change(
            id="compare-with-success",
            title=Text(en="test for anything but SUCCESS", zh="改为判断不等于 SUCCESS"),
            applicability=Applicability.SAFE,
            edits=with_edits(case, set_arguments(directive, ("($ssl_client_verify", "!=", "SUCCESS)"))),
            commands=(RELOAD,),
        )


def expected_value(case: Case, finding: Finding) -> Iterator[Change]:
    """The value as nginx has it, when the client that is meant is at hand."""
    leaf = case.presented[0] if case.presented else None
    expected = next((item for item in expectations(case) if _at(finding, item.origin)), None)
    directive = _directive(case, finding)
    if leaf is None or expected is None or directive is None or expected.regex:
        return
    values = {
        "authz-dn-format": leaf.subject_text, "authz-fingerprint-format": fingerprint(leaf), "authz-serial-format": serial(leaf)
    }  # fmt: skip
    yield Change(
        id="expect-what-nginx-gives",
        title=say("expect {value}", "改为期望 {value}", value=values[finding.cause]),
        applicability=Applicability.REVIEW,
        edits=with_edits(case, _expecting(directive, expected, values[finding.cause])),
        commands=(RELOAD,),
        note=Text(en="make sure that this is the client you mean to let in", zh="请确认这正是您要放行的客户端"),
    )


def _expecting(directive: Directive, expected: Expected, value: str) -> tuple[TextEdit, ...]:
    if directive.name != "if":
        word = directive.words[0]
        spelled = line_of("x", (value,)).removeprefix("x ").removesuffix(";")
        return (TextEdit(directive.source, word.start, word.end, spelled),)
    return tuple(
        edit
        for at, argument in enumerate(directive.args)
        if expected.value in argument
        for edit in replace_argument(directive, at, argument.replace(expected.value, value))
    )


def crl_file(case: Case, finding: Finding) -> Iterator[Change]:
    """The CRLs of the file without the certificates."""
    if finding.where.directive != "ssl_crl":
        return
    for server in asking(case):
        if server.crl.value and crl_roots(case, server) and _at(finding, server.crl.origin):
            yield Change(
                id="crls-only",
                title=say("keep nothing but CRLs in {file}", "{file} 中只保留吊销列表", file=server.crl.value),
                applicability=Applicability.SAFE,
                edits=put_lists(case, server.crl.value, ()),
                commands=(RELOAD,),
            )
            return


def read_crls(case: Case, finding: Finding) -> Iterator[Change]:
    """The CRLs of a CA file are read, where there is one of every root: without, everybody would be refused."""
    for server in asking(case):
        place = holding(case, server)
        if place is None or place[1] != finding.where:
            continue
        file = place[0]
        listed = {crl.issuer for crl in crls_in(case.evidence.files, file)}
        if all(root.subject in listed for root in roots_in(case, file)):
            yield Change(
                id="read-crls",
                title=say("read them: ssl_crl {file}", "读取它们：ssl_crl {file}", file=file),
                applicability=Applicability.REVIEW,
                edits=set_in(case, server.origin, ("ssl_crl", (file,))),
                commands=(RELOAD,),
                note=Text(
                    en="from then on nginx wants a CRL of every CA of a path, and each of them fresh",
                    zh="此后 nginx 要求路径上的每个 CA 都有吊销列表，且都未过期",
                ),
            )
        return


def stapling_file(case: Case, finding: Finding) -> Iterator[Change]:
    """ssl_trusted_certificate goes where it serves nobody: nothing verifies an OCSP answer, and no client's path needs it."""
    directive = _directive(case, finding)
    for server in asking(case) if directive is not None else ():
        if not _at(finding, server.trusted_certificate.origin) or directive is None:
            continue
        wanted = roots_in(case, server.client_certificate.value)
        known = certificates_in(case.evidence.files, server.trusted_certificate.value)
        serves = any(one.issuer == root.subject and one != root for one in known for root in wanted)
        everything = walk(case.stage.tree.directives)
        verifies = any(item.name == "ssl_stapling_verify" and item.args == ("on",) for item, _ in everything)
        if serves or verifies or server.ocsp.value != "off":
            return
        yield Change(
            id="no-stapling-trust",
            title=say(
                "take {file} out: nothing else needs it", "去掉 {file}：没有别的用处", file=server.trusted_certificate.value
            ),
            applicability=Applicability.REVIEW,
            edits=with_edits(case, remove(directive)),
            commands=(RELOAD,),
            note=Text(
                en="whoever was let in by it stays out; ssl_stapling works without, ssl_stapling_verify would not",
                zh="凭它进入的客户端将被拒绝；ssl_stapling 无需此文件，ssl_stapling_verify 则需要",
            ),
        )
        return


def no_underscores(case: Case, finding: Finding) -> Iterator[Change]:
    """Names with underscores are dropped again, as nginx does by default."""
    directive = _directive(case, finding)
    if directive is not None:
        yield Change(
            id="drop-underscores",
            title=Text(en="drop headers whose names have underscores", zh="丢弃名称带下划线的请求头"),
            applicability=Applicability.REVIEW,
            edits=with_edits(case, set_arguments(directive, (LETTING[directive.name],))),
            commands=(RELOAD,),
            note=Text(
                en="clients that send such names on purpose must write hyphens", zh="有意发送这类名称的客户端须改用连字符"
            ),
        )


def _at(finding: Finding, origin: Origin | None) -> bool:
    at, where = Where.at(origin), finding.where
    return origin is not None and (where.file, where.line, where.column) == (at.file, at.line, at.column)


def _directive(case: Case, finding: Finding) -> Directive | None:
    """The directive at the place of a finding."""
    return next((item for item, _ in walk(case.stage.tree.directives) if _at(finding, item.origin)), None)
