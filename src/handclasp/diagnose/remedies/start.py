"""What makes nginx start: files rewritten as the PEM they should be, directives moved, renamed or completed."""

from collections.abc import Iterable, Iterator

from handclasp.catalogue.directives import MISTAKES
from handclasp.catalogue.stock_directives import right_name
from handclasp.diagnose.case import Case
from handclasp.diagnose.completion import complete
from handclasp.diagnose.remedies import server_pair, upstream_pair
from handclasp.diagnose.remedies.change import RELOAD, Change
from handclasp.diagnose.remedies.config_edit import with_edits
from handclasp.diagnose.remedies.pem_edit import joined, pem
from handclasp.diagnose.rule import say
from handclasp.diagnose.rules.start import cause_of, path_in, where_of
from handclasp.model.certificate import Certificate, Crl
from handclasp.model.finding import Applicability, FileEdit, Finding, Where
from handclasp.model.nginx import StartFault
from handclasp.model.text import Text
from handclasp.nginxconf.edit import TextEdit, insert_into, line_of, remove, rename, replace_argument
from handclasp.nginxconf.tree import Directive, walk
from handclasp.pki.any_form import look
from handclasp.verdict.issued import self_signed
from handclasp.verdict.trust import certificates_in

_CLIENT_LEVEL = frozenset(
    ["ssl_verify_client", "ssl_client_certificate", "ssl_trusted_certificate", "ssl_crl", "ssl_verify_depth"]
)
_CONVERT = Text(
    en="openssl x509 -inform der (or openssl pkcs7 -print_certs, openssl pkcs12 -nokeys) makes PEM of other forms",
    zh="openssl x509 -inform der（或 openssl pkcs7 -print_certs、openssl pkcs12 -nokeys）可把其他格式转成 PEM",
)


def changes(case: Case, finding: Finding) -> Iterator[Change]:
    """By the cause of the fault that the finding tells."""
    fitting = [item for item in case.start_faults if cause_of(case, item) == finding.cause]
    # Edits made for findings before this one may have moved its line.
    fault = next((item for item in fitting if where_of(item) == finding.where), fitting[0] if fitting else None)
    if fault is None:
        yield from _without_settings(case, finding)
        return
    match finding.cause:
        case "ca-file-not-pem" | "ca-bundle-silently-partial" | "ca-file-trusted-certificate" | "client-crl-file-format":
            yield from _rewritten(case, fault)
        case "windows-bom-crlf-path":
            yield from _unmarked(case, fault)
        case "file-missing-in-container":
            yield from _found_elsewhere(case, fault)
        case "verify-on-without-ca" | "upstream-verify-without-trust-file":
            yield from _trust_file(case, fault)
        case "server-cert-key-mismatch":
            yield from server_pair.changes(case, fault)
        case "upstream-client-key-problems":
            yield from upstream_pair.changes(case, fault)
        case "directive-wrong-context":
            yield from _moved(case, fault)
        case "directive-invalid-advice":
            yield from _put_right(case, fault)
        case _:
            yield _by_hand(fault)


def _without_settings(case: Case, finding: Finding) -> Iterator[Change]:
    """A CA file whose trust settings leave the clients of a CA out: the same certificates without settings."""
    settings = case.party.trust_files if case.party is not None else ()
    path = next((one.value for one in settings if Where.at(one.origin, finding.where.directive) == finding.where), None)
    content = case.evidence.files.get(path or "")
    if finding.cause != "ca-file-trusted-certificate" or path is None or content is None:
        return
    after = b"".join(pem(item.der, "CERTIFICATE") for item in look(content).certificates)
    yield Change(
        id="rewrite-as-pem",
        title=say("write {path} anew as PEM, without trust settings", "把 {path} 重写为不带信任设置的 PEM", path=path),
        applicability=Applicability.REVIEW,
        edits=(FileEdit(path=path, before=content, after=after),),
        commands=(RELOAD,),
        note=Text(
            en="somebody may have meant to leave these clients out: ask before they are let in",
            zh="也许有人有意排除这些客户端：放行之前请先确认",
        ),
    )


def _rewritten(case: Case, fault: StartFault) -> Iterator[Change]:
    """The same certificates or CRLs, as PEM."""
    path = path_in(fault.message)
    content = case.evidence.files.get(path or "")
    if path is None or content is None:
        yield from _found_elsewhere(case, fault)
        return
    found = look(content)
    wanted: tuple[Certificate | Crl, ...] = found.crls if fault.directive.endswith("_crl") else found.certificates
    if wanted:
        label = "X509 CRL" if fault.directive.endswith("_crl") else "CERTIFICATE"
        after = b"".join(pem(item.der, label) for item in wanted)
        yield Change(
            id="rewrite-as-pem",
            title=say("write {path} anew as PEM, with the same contents", "把 {path} 按原内容重写为 PEM", path=path),
            applicability=Applicability.SAFE,
            edits=(FileEdit(path=path, before=content, after=after),),
            commands=(RELOAD,),
        )
    else:
        yield from _found_elsewhere(case, fault)


def _unmarked(case: Case, fault: StartFault) -> Iterator[Change]:
    """The configuration without its byte-order mark; a PEM file anew; a path is for a person to write."""
    if "\ufeff" in fault.directive:
        yield from _put_right(case, fault)
    elif case.evidence.files.get(path_in(fault.message) or ""):
        yield from _rewritten(case, fault)
    else:
        yield _by_hand(fault)


def _found_elsewhere(case: Case, fault: StartFault) -> Iterator[Change]:
    """A file of the same name, or one that fits, among those at hand; else by hand."""
    path = path_in(fault.message)
    if path and not fault.directive.endswith("_crl"):
        for other in _ca_files(case):
            if other != path:
                yield _named(case, fault, other)
                break
    yield Change(
        id="put-file-there",
        title=say(
            "put the right PEM file at {path}; in a container, mount the folder that a link points into, too",
            "在 {path} 放上正确的 PEM 文件；在容器中，还要挂载符号链接指向的目录", path=path or "?",
        ),
        applicability=Applicability.MANUAL,
        commands=("nginx -t",),
        note=_CONVERT,
    )  # fmt: skip


def _trust_file(case: Case, fault: StartFault) -> Iterator[Change]:
    for path in _ca_files(case)[:1]:
        yield _named(case, fault, path)
    directive = _trust_directive(fault)
    yield Change(
        id="name-the-ca",
        title=say("name the CA with {directive}", "用 {directive} 指定 CA", directive=directive),
        applicability=Applicability.MANUAL,
        commands=(f"{directive} /etc/nginx/ca.pem;", RELOAD),
    )


def _named(case: Case, fault: StartFault, path: str) -> Change:
    directive = _trust_directive(fault)
    return Change(
        id="name-the-ca",
        title=say("set {directive} {path}", "设置 {directive} {path}", directive=directive, path=path),
        applicability=Applicability.REVIEW,
        edits=_set_beside(case, fault, directive, path),
        commands=(RELOAD,),
        note=Text(en="make sure that this is the CA you mean to trust", zh="请确认这正是您要信任的 CA"),
    )


def _trust_directive(fault: StartFault) -> str:
    if fault.directive.endswith("ssl_verify"):
        return fault.directive.removesuffix("verify") + "trusted_certificate"
    return "ssl_client_certificate" if fault.directive == "ssl_verify_client" else fault.directive


def _set_beside(case: Case, fault: StartFault, directive: str, path: str) -> tuple[FileEdit, ...]:
    at = directive_at(case, fault)
    if at is None:
        return ()
    item, parents = at
    if item.name == directive:
        return with_edits(case, replace_argument(item, 0, path))
    return with_edits(case, insert_into(parents[-1], (line_of(directive, (path,)),))) if parents else ()


def _ca_files(case: Case) -> list[str]:
    """Files at hand that hold a self-signed CA: those with the root of the peer's chain; of others the only one."""
    series = case.stage.series
    own = {path for server in case.stage.config.servers for path in server.certificates.value}
    roots: dict[str, list[Certificate]] = {}
    for files in (case.evidence.files, case.evidence.candidates):
        for path in files:
            found = [item for item in certificates_in(files, path) if self_signed(item, series)]
            if found and path not in own:
                roots[path] = found
    if case.presented:
        way = complete(case.presented[-1], case.pool, at=case.evidence.at, series=series)
        return [path for path, found in roots.items() if way and way.root in found]
    return list(roots) if len(roots) == 1 else []


def _moved(case: Case, fault: StartFault) -> Iterator[Change]:
    """Verification of clients belongs to the server; what makes no sense there is left to a person."""
    at = directive_at(case, fault)
    server = next((item for item in reversed(at[1]) if item.name == "server"), None) if at else None
    if at is not None and server is not None and fault.directive in _CLIENT_LEVEL:
        inside = [item for item, parents in walk(server.block) if item.name in _CLIENT_LEVEL and parents]
        there = {item.name for item in server.block}
        lines = {item.name: line_of(item.name, item.args) for item in inside if item.name not in there}
        edits = [edit for item in inside for edit in remove(item)]
        edits += insert_into(server, lines.values()) if lines else ()
        yield Change(
            id="move-to-server",
            title=Text(
                en="move the directives to the server: the whole server then asks for a certificate",
                zh="把这些指令移到 server：整个 server 都会要求证书",
            ),
            applicability=Applicability.REVIEW,
            edits=with_edits(case, edits),
            commands=(RELOAD,),
            note=Text(
                en="for one path only: ssl_verify_client optional in the server, and in the location"
                " if ($ssl_client_verify != SUCCESS) { return 403; }",
                zh="若只保护某个路径：在 server 中用 ssl_verify_client optional，并在该 location 中写"
                " if ($ssl_client_verify != SUCCESS) { return 403; }",
            ),
        )
        return
    yield _by_hand(fault)


def _put_right(case: Case, fault: StartFault) -> Iterator[Change]:
    at = directive_at(case, fault)
    if at is not None:
        edits, title = _correction(case, *at)
        if edits:
            yield Change(
                id="correct-directive", title=title, applicability=Applicability.REVIEW, edits=edits, commands=(RELOAD,)
            )  # fmt: skip
            return
    yield _by_hand(fault)


def _correction(case: Case, item: Directive, parents: tuple[Directive, ...]) -> tuple[tuple[FileEdit, ...], Text]:
    siblings = parents[-1].block if parents else case.stage.tree.directives
    first = next(other for other in siblings if other.name == item.name)
    right = right_name(item.name)
    if first is not item and (right is None or item.name in MISTAKES):
        return _without_second(case, first, item)
    if right and any(other.name == right for other in siblings):
        return with_edits(case, remove(item)), say("remove {name}: {right} is there already", "删除 {name}：已有 {right}",
                                                   name=item.name, right=right)  # fmt: skip
    if right:
        edits: Iterable[TextEdit] = rename(item, right)
        return with_edits(case, edits), say("write {right} for {name}", "把 {name} 改为 {right}", name=item.name, right=right)
    if item.name == "ssl_verify_client" and item.args:
        return with_edits(case, replace_argument(item, 0, "on")), Text(en="ssl_verify_client on", zh="ssl_verify_client on")
    return (), Text(en="", zh="")


def _without_second(case: Case, first: Directive, second: Directive) -> tuple[tuple[FileEdit, ...], Text]:
    """Of two CA (or CRL) files one is made; of other doubles the second goes."""
    edits = with_edits(case, remove(second))
    title = say("remove the second {name}", "删除第二个 {name}", name=second.name)
    if not second.name.endswith(("_certificate", "_crl")) or first.args == second.args:
        return edits, title
    paths = [_resolved(case, item) for item in (first, second)]
    contents = [case.evidence.files.get(path) or case.evidence.candidates.get(path) for path in paths]
    if contents[0] is None or contents[1] is None:
        return (), title
    merged = FileEdit(path=paths[0], before=contents[0], after=joined(contents[0], contents[1]))
    title = say("put what {second} holds into {first}, and remove the second {name}",
                "把 {second} 的内容并入 {first}，并删除第二个 {name}",
                second=paths[1], first=paths[0], name=second.name)  # fmt: skip
    return (*edits, merged), title


def _resolved(case: Case, item: Directive) -> str:
    path = "".join(item.args[:1])
    return path if path.startswith("/") else f"{case.stage.tree.conf_dir}/{path}"


def directive_at(case: Case, fault: StartFault) -> tuple[Directive, tuple[Directive, ...]] | None:
    """The directive that a fault is about, and the blocks around it."""
    for item, parents in walk(case.stage.tree.directives):
        if item.name == fault.directive and item.origin == fault.origin:
            return item, parents
    return None


def _by_hand(fault: StartFault) -> Change:
    return Change(
        id="correct-configuration",
        title=say("correct {directive}: {words}", "更正 {directive}：{words}", directive=fault.directive, words=fault.message),
        applicability=Applicability.MANUAL,
        commands=("nginx -t",),
    )
