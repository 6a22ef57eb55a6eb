"""What nginx answers a client, given its certificate or none (ngx_http_process_request, ngx_http_set_virtual_server)."""

from dataclasses import dataclass
from datetime import datetime

from handclasp.catalogue.openssl_releases import ML_DSA_KNOWN
from handclasp.model.certificate import ML_DSA, Certificate
from handclasp.model.nginx import EffectiveConfig, NginxVersion, OpensslSeries, TlsServer, VerifyClient
from handclasp.model.verdict import PathVerdict, Side, Verdict, VerifyError
from handclasp.nginxconf.select import bare_host
from handclasp.verdict.answer import error_status, status_of
from handclasp.verdict.openssl import verify
from handclasp.verdict.question import Question
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
        known = variables(None, None, host=scene.host, sni=None, tls=False, port=scene.socket.port)
        return Verdict(side=Side.CLIENT, status=status_of(config, scene.answer, scene.uri, known), title=None)
    if scene.handshake.reject_handshake.value:
        return Verdict(
            side=Side.CLIENT, status=None, title=None, alert="unrecognized_name", log="handshake rejected while SSL handshaking"
        )  # fmt: skip
    asked = scene.handshake.verify_client.value is not VerifyClient.OFF
    sent = presented if asked and presented and can_sign_for(presented[0], judge.series) else ()
    path = verify_client(scene.handshake, sent, judge) if sent else _NOTHING
    leaf = sent[0] if sent else None
    if scene.answer.context == "stream":
        return _stream(scene.answer, leaf, path)
    return _http(config, scene, leaf, path, judge)


def can_sign_for(leaf: Certificate, series: OpensslSeries) -> bool:
    """Whether such a server's handshake takes a signature of this key; a client whose key it does not take sends nothing."""
    return leaf.key_kind not in ML_DSA or series.since(ML_DSA_KNOWN)


def plain_verdict(config: EffectiveConfig, scene: Scene) -> Verdict:
    """The verdict on a request without TLS at a socket that speaks it (497, which nginx shows as 400)."""
    known = variables(None, None, host=scene.host, sni=None, tls=False, port=scene.socket.port)
    status, title = _page(config, scene.answer, 497, known, PLAIN)
    log = f"client sent plain HTTP request to HTTPS port {_READING}"
    return Verdict(side=Side.CLIENT, status=status, title=title, log=log)


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
    mode = scene.answer.verify_client.value
    value = _variable(leaf, reported, judge.version)
    known = variables(leaf, value, host=scene.host, sni=scene.sni, port=scene.socket.port)
    status, title, log = status_of(config, scene.answer, scene.uri, known), None, None
    if _misdirected(scene):
        status, title = 421, MISDIRECTED
        log = f"client attempted to request the server name different from the one that was negotiated {_READING}"
    elif refused(mode, reported):
        assert reported is not None
        status, title = _page(config, scene.answer, 495, known, BAD)
        log = f"client SSL certificate verify error: ({reported.number}:{reported.text}) {_READING}"
    elif mode is VerifyClient.ON and leaf is None:
        status, title = _page(config, scene.answer, 496, known, NONE_SENT)
        log = f"client sent no required SSL certificate {_READING}"
    return Verdict(
        side=Side.CLIENT, status=status, title=title, verify=value, reported=reported, errors=path.errors, path=path.path,
        rejected=path.rejected, log=log,
    )  # fmt: skip


def refused(mode: VerifyClient, reported: VerifyError | None) -> bool:
    """Whether an error makes nginx answer 495 in this mode."""
    if reported is None or mode is VerifyClient.OFF:
        return False
    return mode is not VerifyClient.OPTIONAL_NO_CA or reported.number not in FORGIVEN


def _misdirected(scene: Scene) -> bool:
    same = scene.sni is not None and bare_host(scene.sni) == bare_host(scene.host)
    return scene.sni_known and not same and scene.answer.verify_client.value is not VerifyClient.OFF


def _page(config: EffectiveConfig, server: TlsServer, code: int, known: dict[str, str], title: str) -> tuple[int, str | None]:
    status = error_status(config, server, code, known)
    replaced = any(code in page.codes for page in server.error_pages)
    return status, None if replaced else title


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
