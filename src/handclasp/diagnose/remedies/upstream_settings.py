"""How nginx reaches its upstream: verified, over the right scheme, with a name."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.party import UNLIMITED
from handclasp.diagnose.reach import block_at
from handclasp.diagnose.remedies.change import RELOAD, Change
from handclasp.diagnose.remedies.config_edit import set_in, with_edits
from handclasp.diagnose.rule import say
from handclasp.diagnose.rules.upstream_tls import block_around, locations, unverified
from handclasp.model.certificate import Certificate, TrustAnchors
from handclasp.model.finding import Applicability, Finding, Where
from handclasp.model.nginx import Location, TlsUpstream
from handclasp.model.origin import Origin
from handclasp.model.text import Text
from handclasp.model.verdict import Side
from handclasp.nginxconf.edit import replace_argument, set_directive
from handclasp.nginxconf.tree import walk
from handclasp.verdict.behind import is_address, own_socket
from handclasp.verdict.hostname import certificate_names, matches
from handclasp.verdict.openssl import verify
from handclasp.verdict.question import Question
from handclasp.verdict.trust import certificates_in

Settings = tuple[tuple[str, tuple[str, ...]], ...]
_DEPTHS = (1, 2, 3, 4, 5, 6)
_LOOK_FIRST = Text(
    en="give what the upstream presents with --upstream-chain to have this tried before it is switched on",
    zh="请用 --upstream-chain 提供上游出示的证书链，以便在启用前先行验证",
)
_OTHER_PORT = Text(
    en="the way to another machine must not be in the clear: use the port of the upstream that speaks TLS",
    zh="到其他机器的通信不应是明文：请使用上游支持 TLS 的端口",
)


def verified(case: Case, finding: Finding) -> Iterator[Change]:
    """Verification with the trust file that stands there, or one at hand that fits what the upstream presents."""
    for block, location, upstream in _about(case, finding):
        if case.side is Side.CLIENT and upstream.trusted_certificate.value:
            yield _everywhere(case)
            return
        chain = _chain(case, upstream)
        settings = _settings(case, upstream, chain) if chain else None
        if settings is None and not chain and upstream.trusted_certificate.value:
            settings = ((f"{upstream.module}_ssl_verify", ("on",)),)
        if settings is not None:
            yield Change(
                id="verify-upstream",
                title=say(
                    "verify the upstream: {lines}", "验证上游：{lines}",
                    lines="; ".join(" ".join((name, *arguments)) for name, arguments in settings),
                ),
                applicability=Applicability.REVIEW,
                edits=set_in(case, block, *settings),
                commands=(RELOAD,),
                note=None if chain else _LOOK_FIRST,
            )  # fmt: skip
        else:
            yield _by_hand(location, upstream)
        return


def _everywhere(case: Case) -> Change:
    """Verification wherever a trust file stands already."""
    edits = [
        edit
        for location, upstream in unverified(case, in_vain=True)
        if location.origin is not None and (block := block_at(case, location.origin)) is not None
        for edit in set_directive(block, f"{upstream.module}_ssl_verify", ("on",))
    ]
    return Change(
        id="verify-upstream",
        title=Text(
            en="verify the upstreams that have a trust file", zh="对已配置信任文件的上游启用验证"
        ),
        applicability=Applicability.REVIEW,
        edits=with_edits(case, edits),
        commands=(RELOAD,),
        note=_LOOK_FIRST,
    )  # fmt: skip


def _settings(case: Case, upstream: TlsUpstream, chain: tuple[Certificate, ...]) -> Settings | None:
    """The directives with which this chain is accepted; None when no file or no name at hand does it."""
    module = upstream.module
    path = _trust_file(case, upstream, chain)
    name = _name(upstream, chain[0])
    if path is None or name is None:
        return None
    found: list[tuple[str, tuple[str, ...]]] = [(f"{module}_ssl_verify", ("on",))]
    if path != upstream.trusted_certificate.value:
        found.append((f"{module}_ssl_trusted_certificate", (path,)))
    anchors = certificates_in({**case.evidence.candidates, **case.evidence.files}, path)
    depth = next((depth for depth in _DEPTHS if _accepted(case, upstream, chain, anchors, depth)), None)
    if depth is not None and depth > upstream.verify_depth.value:
        found.append((f"{module}_ssl_verify_depth", (str(depth),)))
    if name != upstream.name.value:
        found += [(f"{module}_ssl_name", (name,)), (f"{module}_ssl_server_name", ("on",))]
    return tuple(found)


def _trust_file(case: Case, upstream: TlsUpstream, chain: tuple[Certificate, ...]) -> str | None:
    """The file that is set, else the one with the fewest certificates, that verifies the chain."""
    sources = {**case.evidence.candidates, **case.evidence.files}
    fitting = [
        (path != upstream.trusted_certificate.value, len(anchors), path)
        for path in sources
        if (anchors := certificates_in(sources, path)) and _accepted(case, upstream, chain, anchors, UNLIMITED)
    ]
    return min(fitting)[2] if fitting else None


def _accepted(
    case: Case, upstream: TlsUpstream, chain: tuple[Certificate, ...], anchors: tuple[Certificate, ...], depth: int
) -> bool:
    judge = case.stage.judge(upstream.ciphers.value, upstream.conf_commands.value)
    question = Question(
        presented=chain, store=TrustAnchors(anchors), crls=None, depth=depth, side=Side.UPSTREAM, at=judge.at,
        series=judge.series, security_level=judge.security_level,
    )  # fmt: skip
    return not verify(question).errors


def _name(upstream: TlsUpstream, leaf: Certificate) -> str | None:
    """The name to verify: the one that is set when the certificate bears it, else one that it bears."""
    if matches(leaf, upstream.name.value):
        return upstream.name.value
    hosts = [address.rpartition(":")[0] for address in upstream.addresses]
    plain = [name for name in certificate_names(leaf) if "*" not in name and matches(leaf, name)]
    return next((name for name in (*(host for host in hosts if matches(leaf, host)), *plain)), None)


def _chain(case: Case, upstream: TlsUpstream) -> tuple[Certificate, ...]:
    return (case.stage.upstream_chain or ()) if upstream is case.stage.upstream and case.side is Side.UPSTREAM else ()


def _by_hand(location: Location, upstream: TlsUpstream) -> Change:
    del location
    module, address = upstream.module, (*upstream.addresses, "HOST:PORT")[0]
    return Change(
        id="verify-upstream",
        title=Text(
            en="get the CA certificate of the upstream from its owner, and verify the upstream with it",
            zh="向上游的管理者索取其 CA 证书，并用它验证上游",
        ),
        applicability=Applicability.MANUAL,
        commands=(
            f"openssl s_client -connect {address} -showcerts </dev/null",
            f"{module}_ssl_verify on;",
            f"{module}_ssl_trusted_certificate /etc/nginx/pki/upstream-ca.pem;",
            f"{module}_ssl_name backend.example.test;",
            RELOAD,
        ),
    )


def scheme(case: Case, finding: Finding) -> Iterator[Change]:
    """https:// for http://. The reverse only where the way does not leave the machine."""
    to_tls = finding.cause == "upstream-proxy-pass-http-to-tls"
    for _, location in locations(case):
        if not _at(finding, location.target.origin):
            continue
        target = location.target.value or ""
        wanted = target.replace("http://", "https://", 1) if to_tls else target.replace("https://", "http://", 1)
        directive = next(
            (item for item, _ in walk(case.stage.tree.directives) if item.origin == location.target.origin and item.args), None
        )
        local = to_tls or _stays_here(case, location)
        yield Change(
            id="correct-scheme" if local else "use-the-tls-port",
            title=say("{directive} {target}", "{directive} {target}", directive=f"{location.module}_pass", target=wanted)
            if local else _OTHER_PORT,
            applicability=Applicability.REVIEW if local else Applicability.MANUAL,
            edits=with_edits(case, replace_argument(directive, 0, wanted)) if directive and local else (),
            commands=(RELOAD,) if local else ("openssl s_client -connect HOST:PORT </dev/null",),
            note=Text(
                en="verify the upstream's certificate too: nginx does not by default",
                zh="同时验证上游证书：nginx 默认不验证",
            ) if to_tls and not _verifies(case, location) else None,
        )  # fmt: skip
        return


def _stays_here(case: Case, location: Location) -> bool:
    addresses = location.upstream.addresses if location.upstream else ()
    return bool(addresses) and all(
        address.startswith(("unix:", "127.", "localhost:", "[::1]")) or own_socket(case.stage.config, address)
        for address in addresses
    )


def _verifies(case: Case, location: Location) -> bool:
    origin = location.origin
    return any(
        item.name == "proxy_ssl_verify" and item.args == ("on",) and any(parent.origin == origin for parent in parents)
        for item, parents in walk(case.stage.tree.directives)
    )


def server_name(case: Case, finding: Finding) -> Iterator[Change]:
    """SNI, with a name that the certificate bears where the one that is set is an address or an upstream{}'s."""
    for block, _, upstream in _about(case, finding):
        module = upstream.module
        settings: list[tuple[str, tuple[str, ...]]] = [(f"{module}_ssl_server_name", ("on",))]
        if is_address(upstream.name.value) or "." not in upstream.name.value:
            chain = _chain(case, upstream)
            name = _name(upstream, chain[0]) if chain else None
            if name is None or is_address(name):
                yield _name_by_hand(module)
                return
            settings.append((f"{module}_ssl_name", (name,)))
        yield Change(
            id="send-sni",
            title=say(
                "send the name: {lines}", "发送名称：{lines}",
                lines="; ".join(" ".join((name, *arguments)) for name, arguments in settings),
            ),
            applicability=Applicability.SAFE if len(settings) == 1 else Applicability.REVIEW,
            edits=set_in(case, block, *settings),
            commands=(RELOAD,),
        )  # fmt: skip
        return


def _name_by_hand(module: str) -> Change:
    return Change(
        id="send-sni",
        title=Text(en="say the upstream's DNS name, and send it", zh="写明上游的 DNS 名称并发送"),
        applicability=Applicability.MANUAL,
        commands=(f"{module}_ssl_name backend.example.test;", f"{module}_ssl_server_name on;", RELOAD),
    )


def _about(case: Case, finding: Finding) -> Iterator[tuple[Origin, Location, TlsUpstream]]:
    """The locations that a finding about an upstream's setting is about, with the block that the setting belongs in."""
    for server, location in locations(case):
        upstream = location.upstream
        if upstream is None:
            continue
        wanted = (upstream.verify.origin, upstream.server_name.origin, upstream.target.origin)
        if any(_at(finding, origin) for origin in wanted):
            yield block_around(server, location), location, upstream


def _at(finding: Finding, origin: Origin | None) -> bool:
    at = Where.at(origin)
    return origin is not None and (finding.where.file, finding.where.line) == (at.file, at.line)
