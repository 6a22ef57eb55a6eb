"""What adopting a hand-written server changes besides the doctor's remedies: its people, CRL and sessions become the CA's.

Every change is a step like a remedy: a finding that says why, and edits of the files as they are. They lead from one state of
the files to the next, so that each looks at what those before it left.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from handclasp.app.fix import Step
from handclasp.app.follow import people_file
from handclasp.app.guarded import member_of
from handclasp.app.home import Home
from handclasp.app.register import may_enter
from handclasp.diagnose.case import Case
from handclasp.diagnose.reach import ASKING, behind_tls
from handclasp.diagnose.remedies.change import RELOAD, Change
from handclasp.diagnose.remedies.config_edit import set_in
from handclasp.diagnose.rule import finding, say
from handclasp.diagnose.rules.sessions import resumes
from handclasp.model.errors import UsageError
from handclasp.model.evidence import Evidence
from handclasp.model.finding import Applicability, Severity, Where
from handclasp.model.guarded import Member
from handclasp.model.issuance import CertificateRecord
from handclasp.model.nginx import TlsServer
from handclasp.model.origin import Origin
from handclasp.model.text import Text
from handclasp.nginxconf.guard_words import GuardEdits, claim_edits, path_edits
from handclasp.nginxconf.people import names_only_ours, people_edits
from handclasp.nginxconf.select import Socket
from handclasp.pki.read import certificate_from_der
from handclasp.verdict.predict import Stage
from handclasp.verdict.trust import certificates_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """What the home's CA knows.

    `authorities` are its roots (DER), `crl` is the path of its CRLs, `members` are the certificates that may enter and their
    subjects.
    """

    authorities: frozenset[bytes]
    crl: str
    members: tuple[tuple[Member, str], ...]


def registry_of(home: Home) -> Registry | None:
    """What the CA of a home knows; None when there is none."""
    try:
        authorities = home.authorities()
    except UsageError:
        return None  # a registry of other things: there is no CA here
    roots = (certificate_from_der(one.certificate) for one in authorities)
    return Registry(
        authorities=frozenset(one.der for one in roots if one.self_issued),
        crl=home.layout.crl,
        members=tuple(_member(record) for record in may_enter(home)),
    )


def _member(record: CertificateRecord) -> tuple[Member, str]:
    made = member_of(record)
    return made, certificate_from_der(record.certificate or b"").subject_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Takeover:
    """The steps, and the files after them."""

    steps: tuple[Step, ...]
    evidence: Evidence


def takeover(evidence: Evidence, server: str, registry: Registry | None, without: frozenset[str]) -> Takeover:
    """What makes a server one of this CA's, step by step.

    Args:
        evidence: the files as they are.
        server: the name of the server that is adopted.
        registry: None: there is no CA here whose people could be known.
        without: ids of steps to leave out.

    Raises:
        InputError: the configuration cannot be read, or has no such server.
    """
    steps: list[Step] = []
    now = replace(evidence, server=server)
    for make in (_claims, _paths, _people, _crl, _sessions):
        case = Case(Stage(now))
        if case.start_faults:
            break
        for step in make(case, registry):
            if step.remedy.id not in without and step.remedy.edits:
                steps.append(step)
                now = replace(now, files={**now.files, **{edit.path: edit.after for edit in step.remedy.edits}})
                break
    return Takeover(steps=tuple(steps), evidence=now)


def _ours(case: Case, server: TlsServer, registry: Registry | None) -> bool:
    """Whether a server asks for certificates of the home's CA, and of nobody else."""
    roots = _roots(case, server)
    return registry is not None and bool(roots) and roots <= registry.authorities


def _asks_ours(case: Case, server: TlsServer, registry: Registry) -> bool:
    """Whether the home's CA is among those that a server asks for certificates of."""
    return bool(_roots(case, server) & registry.authorities)


def _roots(case: Case, server: TlsServer) -> frozenset[bytes]:
    if server.verify_client.value not in ASKING:
        return frozenset()
    # Since nginx 1.27.2 a server may name no CA to clients, and have all its trust in the other file.
    listed = certificates_in(case.evidence.files, server.client_certificate.value or server.trusted_certificate.value)
    return frozenset(one.der for one in listed if one.self_issued)


def _claims(case: Case, registry: Registry | None) -> Iterator[Step]:
    """Headers that say who the client is are no answer where nginx asks the client itself."""
    del registry
    made = claim_edits(case.stage.tree, _asking(case))
    if made is not None:
        why = say(
            "{what}: whoever writes that header is let in", "{what}：谁写上这个请求头，谁就能进入", what=", ".join(made.places)
        )
        title = Text(en="ask what nginx verified, and not a header", zh="改问 nginx 验证的结果，而不是请求头")
        yield _asked_anew("header-spoofable", why, made, "ask-nginx-and-not-the-client", title)


def _paths(case: Case, registry: Registry | None) -> Iterator[Step]:
    """An exception for a path holds for the path that is served."""
    del registry
    made = path_edits(case.stage.tree, _asking(case))
    if made is not None:
        why = say(
            "{what}: $request_uri is what was sent, and another path is served for one with .. in it",
            "{what}：$request_uri 是客户端发来的原文，其中含有 .. 时实际提供的是另一个路径",
            what=", ".join(made.places),
        )
        title = Text(en="ask $uri, the path that is served", zh="改用 $uri，即实际提供的路径")
        yield _asked_anew("optional-not-enforced", why, made, "ask-the-path-that-is-served", title)


def _asked_anew(cause: str, why: Text, made: GuardEdits, remedy: str, title: Text) -> Step:
    """A guard that asks something else from now on."""
    change = Change(id=remedy, title=title, applicability=Applicability.REVIEW, edits=made.edits, commands=(RELOAD,))
    return _step(cause, why, Where.at(made.origin), change)


def _asking(case: Case) -> frozenset[Origin]:
    """Where the servers begin that are adopted and ask for certificates."""
    label = _target(case).label
    return frozenset(
        server.origin for _, server in behind_tls(case) if server.label == label and server.verify_client.value in ASKING
    )


def _people(case: Case, registry: Registry | None) -> Iterator[Step]:
    """Names in maps and ifs become identities of the registry."""
    asking = [server for _, server in behind_tls(case) if server.verify_client.value in ASKING]
    if registry is None or not asking or not all(_asks_ours(case, server, registry) for server in asking):
        return
    if not all(_ours(case, server, registry) for server in asking) and not names_only_ours(case.stage.tree, registry.members):
        return
    made = people_edits(case.stage.tree, registry.members, people_file(case.stage.tree.conf_dir), case.evidence.files)
    if made is None:
        return
    yield _step(
        "authz-dn-format",
        say(
            "{what}: parts of a name can be had by others, and another CA can give the whole of it; issuer and serial,"
            " verified, name one certificate",
            "{what}：名称的一部分可能被别人取得，另一个 CA 也能签发同样的名称；经过验证的签发者加序列号只对应一张证书",
            what=", ".join(made.places),
        ),
        Where.at(made.origin),
        Change(
            id="people-of-the-registry",
            title=say("ask the registry who it is: {names}", "改由登记簿判断身份：{names}", names=", ".join(made.names) or "-"),
            applicability=Applicability.REVIEW,
            edits=made.edits,
            commands=(RELOAD,),
            note=_AGAIN,
        ),
    )


_AGAIN = Text(
    en="a revocation makes people.conf anew by itself; run adopt again after issuing and renewing",
    zh="吊销会自动重新生成 people.conf；签发和续期之后请再次运行 adopt",
)


def _crl(case: Case, registry: Registry | None) -> Iterator[Step]:
    """The CRLs that `handclasp revoke` writes, where the server reads none or a copy."""
    for _, server in behind_tls(case):
        if registry is None or server.label != _target(case).label or not _ours(case, server, registry):
            continue
        if server.crl.value == registry.crl or server.ocsp.value != "off":
            continue
        old = server.crl.value
        why = (
            say("{file} is a copy that no revocation reaches", "{file} 只是一份副本，吊销不会更新它", file=old)
            if old
            else say(
                "{server} reads no CRL: a revoked client gets in",
                "{server} 没有读取吊销列表：被吊销的客户端可以进入",
                server=server.label,
            )
        )
        change = Change(
            id="crl-of-the-ca",
            title=say("read the CRLs of the CA: {file}", "读取 CA 的吊销列表：{file}", file=registry.crl),
            applicability=Applicability.REVIEW,
            edits=set_in(case, server.origin, ("ssl_crl", (registry.crl,))),
            commands=(RELOAD,),
        )
        yield _step("client-crl-changed-without-reload", why, Where.at(server.crl.origin or server.origin, "ssl_crl"), change)


def _sessions(case: Case, registry: Registry | None) -> Iterator[Step]:
    """No sessions that outlive what they were granted on."""
    del registry
    for socket, server in behind_tls(case):
        default = socket.default
        if server.label != _target(case).label or server.verify_client.value not in ASKING:
            continue
        if not resumes(default) or "shared:handclasp_" in default.session_cache.value or not _kept(socket):
            continue
        why = say(
            "sessions in {cache} are resumed without a look at CRL or date: from nginx 1.23.2 on across a reload, before it for"
            " as long as the client likes (TLS 1.3)",
            "{cache} 中的会话恢复时不再检查吊销列表和有效期：自 nginx 1.23.2 起重新加载后仍有效，此前的 TLS 1.3 会话可无限延长",
            cache=default.session_cache.value,
        )
        change = Change(
            id="no-sessions",
            title=Text(en="make no sessions that could be resumed", zh="不再产生可恢复的会话"),
            applicability=Applicability.REVIEW,
            edits=set_in(case, default.origin, ("ssl_session_cache", ("off",)), ("ssl_session_tickets", ("off",))),
            commands=(RELOAD,),
        )
        where = Where.at(default.session_cache.origin or default.origin, "ssl_session_cache")
        yield _step("revoked-client-resumes-session", why, where, change)


def _kept(socket: Socket) -> bool:
    return "shared:" in socket.default.session_cache.value or bool(socket.default.session_ticket_key.value)


def _target(case: Case) -> TlsServer:
    return case.stage.scene.answer


def _step(cause: str, why: Text, where: Where, change: Change) -> Step:
    return Step(finding=finding(cause, why, where, severity=Severity.WARNING), remedy=change.remedy())
