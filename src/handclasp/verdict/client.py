"""What nginx answers a client, given its certificate or none (ngx_http_process_request, ngx_http_set_virtual_server)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from handclasp.catalogue.openssl_releases import ML_DSA_KNOWN
from handclasp.model.certificate import ML_DSA, Certificate
from handclasp.model.nginx import EffectiveConfig, NginxVersion, OpensslSeries, TlsServer, VerifyClient
from handclasp.model.verdict import Otherwise, PathVerdict, Side, Verdict, VerifyError
from handclasp.nginxconf.select import bare_host
from handclasp.verdict.answer import Outcome, error_outcome, outcome_of
from handclasp.verdict.openssl import verify
from handclasp.verdict.otherwise import otherwise
from handclasp.verdict.question import Question
from handclasp.verdict.rewriting import Choices
from handclasp.verdict.scene import Scene
from handclasp.verdict.trust import Files, client_trust
from handclasp.verdict.variables import variables

FORGIVEN = frozenset({18, 19, 20, 21, 27})
"""ngx_ssl_verify_error_optional: what optional_no_ca lets pass."""

BAD, NONE_SENT, MISDIRECTED, PLAIN = (
    "400 The SSL certificate error",
    "400 No required SSL certificate was sent",
    "421 Misdirected Request",
    "400 The plain HTTP request was sent to HTTPS port",
)
_MISDIRECTED, _BAD, _NONE_SENT, _PLAIN = 421, 495, 496, 497
_REASON_SINCE = NginxVersion(1, 11, 7)
_READING = "while reading client request headers"
_NOTHING = PathVerdict(path=(), rejected=(), errors=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """What decides besides the configuration: time, OpenSSL, nginx. `files` are the certificate and CRL files by path.

    `strict_crls` as in Question.
    """

    at: datetime
    series: OpensslSeries
    version: NginxVersion
    security_level: int
    files: Files
    strict_crls: bool = False


def client_verdict(config: EffectiveConfig, scene: Scene, presented: tuple[Certificate, ...], judge: Judge) -> Verdict:
    """The verdict on one request; `presented` is () when the client sends no certificate."""
    if not scene.socket.listen.tls:
        return Verdict(side=Side.CLIENT, status=_going(config, scene)(Choices()).status, title=None)
    if scene.handshake.reject_handshake.value:
        return Verdict(
            side=Side.CLIENT, status=None, title=None, alert="unrecognized_name", log="handshake rejected while SSL handshaking"
        )  # fmt: skip
    leaf, path = _seen(scene, presented, judge)
    if scene.answer.context == "stream":
        return _stream(scene.answer, leaf, path)
    return _http(config, scene, leaf, path, judge)


def client_otherwise(
    config: EffectiveConfig, scene: Scene, presented: tuple[Certificate, ...], judge: Judge
) -> tuple[Otherwise, ...]:
    """What else such a request may be answered, where something decides of which nobody said anything."""
    if scene.answer.context == "stream" or scene.handshake.reject_handshake.value:
        return ()
    if not scene.socket.listen.tls:
        return otherwise(_going(config, scene))
    leaf, path = _seen(scene, presented, judge)
    reported = path.errors[-1] if path.errors else None
    code = _code(scene, reported, leaf)
    if code == _MISDIRECTED:
        return ()
    return otherwise(_going(config, scene, code, _known(scene, leaf, reported, judge)))


def _seen(scene: Scene, presented: tuple[Certificate, ...], judge: Judge) -> tuple[Certificate | None, PathVerdict]:
    """The certificate that nginx sees, and what OpenSSL says of it."""
    asked = scene.handshake.verify_client.value is not VerifyClient.OFF
    sent = presented if asked and presented and can_sign_for(presented[0], judge.series) else ()
    return (sent[0], verify_client(scene.handshake, sent, judge)) if sent else (None, _NOTHING)


def _known(scene: Scene, leaf: Certificate | None, reported: VerifyError | None, judge: Judge) -> dict[str, str]:
    value = _variable(leaf, reported, judge.version)
    return variables(leaf, value, host=scene.host, sni=scene.sni, port=scene.socket.port)


def _going(
    config: EffectiveConfig, scene: Scene, code: int | None = None, known: dict[str, str] | None = None
) -> Callable[[Choices], Outcome]:
    """How a request is answered: by the page for a code of nginx's own, if there is one; `known` None: without TLS."""
    if known is None:
        known = variables(None, None, host=scene.host, sni=None, tls=False, port=scene.socket.port)
    known["request_method"] = scene.method
    if code is None:
        return lambda choices: outcome_of(config, scene.answer, scene.uri, known, choices)
    return lambda choices: error_outcome(config, scene.answer, code, known, scene.uri, choices)


def can_sign_for(leaf: Certificate, series: OpensslSeries) -> bool:
    """Whether such a server's handshake takes a signature of this key; a client whose key it does not take sends nothing."""
    return leaf.key_kind not in ML_DSA or series.since(ML_DSA_KNOWN)


def plain_verdict(config: EffectiveConfig, scene: Scene) -> Verdict:
    """The verdict on a request without TLS at a socket that speaks it (497, which nginx shows as 400)."""
    status = _going(config, scene, _PLAIN)(Choices()).status
    log = f"client sent plain HTTP request to HTTPS port {_READING}"
    return Verdict(side=Side.CLIENT, status=status, title=_title(scene.answer, _PLAIN, PLAIN), log=log)


def verify_client(server: TlsServer, presented: tuple[Certificate, ...], judge: Judge) -> PathVerdict:
    """OpenSSL's part, with the store, CRLs and depth of the server that SNI selected."""
    trust = client_trust(server, judge.files, judge.version)
    return verify(
        Question(
            presented=presented, store=trust.store, crls=trust.crls, depth=server.verify_depth.value, side=Side.CLIENT,
            at=judge.at, series=judge.series, security_level=judge.security_level,
            strict_crls=judge.strict_crls,
        )
    )  # fmt: skip


def _http(config: EffectiveConfig, scene: Scene, leaf: Certificate | None, path: PathVerdict, judge: Judge) -> Verdict:
    reported = path.errors[-1] if path.errors else None
    known = _known(scene, leaf, reported, judge)
    code, title, log = _code(scene, reported, leaf), None, None
    if code == _MISDIRECTED:
        status, title = _MISDIRECTED, MISDIRECTED
        log = f"client attempted to request the server name different from the one that was negotiated {_READING}"
    else:
        status = _going(config, scene, code, known)(Choices()).status
    if code == _BAD:
        assert reported is not None
        title = _title(scene.answer, code, BAD)
        log = f"client SSL certificate verify error: ({reported.number}:{reported.text}) {_READING}"
    elif code == _NONE_SENT:
        title = _title(scene.answer, code, NONE_SENT)
        log = f"client sent no required SSL certificate {_READING}"
    return Verdict(
        side=Side.CLIENT, status=status, title=title, verify=known["ssl_client_verify"], reported=reported, errors=path.errors,
        path=path.path, rejected=path.rejected, log=log,
    )  # fmt: skip


def _code(scene: Scene, reported: VerifyError | None, leaf: Certificate | None) -> int | None:
    """The code with which nginx refuses before it looks at the URI (ngx_http_process_request); None: it does not."""
    mode = scene.answer.verify_client.value
    if _misdirected(scene):
        return _MISDIRECTED
    if refused(mode, reported):
        return _BAD
    return _NONE_SENT if mode is VerifyClient.ON and leaf is None else None


def refused(mode: VerifyClient, reported: VerifyError | None) -> bool:
    """Whether an error makes nginx answer 495 in this mode."""
    if reported is None or mode is VerifyClient.OFF:
        return False
    return mode is not VerifyClient.OPTIONAL_NO_CA or reported.number not in FORGIVEN


def _misdirected(scene: Scene) -> bool:
    same = scene.sni is not None and bare_host(scene.sni) == bare_host(scene.host)
    return scene.sni_known and not same and scene.answer.verify_client.value is not VerifyClient.OFF


def _title(server: TlsServer, code: int, title: str) -> str | None:
    """The title of nginx's own page; None where an error_page has its place."""
    return None if any(code in page.codes for page in server.error_pages) else title


def _variable(leaf: Certificate | None, reported: VerifyError | None, version: NginxVersion) -> str:
    if leaf is None:
        return "NONE"
    if reported is None:
        return "SUCCESS"
    return f"FAILED:{reported.text}" if version >= _REASON_SINCE else "FAILED"


def _stream(server: TlsServer, leaf: Certificate | None, path: PathVerdict) -> Verdict:
    reported = path.errors[-1] if path.errors else None
    mode = server.verify_client.value
    log = None
    if refused(mode, reported):
        assert reported is not None
        log = f"client SSL certificate verify error: ({reported.number}:{reported.text}) while SSL handshaking"
    elif mode is VerifyClient.ON and leaf is None:
        log = "client sent no required SSL certificate while SSL handshaking"
    return Verdict(
        side=Side.CLIENT, status=None, title=None, verify=_variable(leaf, reported, _REASON_SINCE), reported=reported,
        errors=path.errors, path=path.path, rejected=path.rejected, closed=log is not None, log=log,
    )  # fmt: skip
