"""A responder that answers: for every reason what to do about it. None of it stops nginx from asking."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.remedies.change import RELOAD, Change
from handclasp.diagnose.rules.ocsp import BY_KEY
from handclasp.model.finding import Applicability, Finding
from handclasp.model.text import Text

_ASK = "openssl ocsp -issuer ca.pem -cert client.pem -url http://ocsp.internal.example/ -resp_text"
_NAME = "ssl_ocsp_responder http://ocsp.internal.example/;"
_RESOLVER = "resolver 127.0.0.53;"

_DO: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "no-url": (
        "name the responder of the clients' CA, or issue certificates that name it (authorityInfoAccess)",
        "指定客户端 CA 的响应器，或签发带有响应器地址（authorityInfoAccess）的证书", (_NAME, RELOAD),
    ),
    "no-resolver": (
        "give nginx a resolver for the name in the certificates, or name the responder itself: that name is resolved at start",
        "为证书中的域名配置 resolver，或直接指定响应器（其域名在启动时解析）", (_RESOLVER, RELOAD),
    ),
    "no-address": (
        "give nginx a resolver that answers and knows the responder's name", "配置能应答且知道该域名的 resolver",
        (_RESOLVER, RELOAD),
    ),
    "signer": (
        ("have the answers signed by the clients' CA itself, or by a certificate that this CA issued for OCSPSigning and that"
        " comes with the answer"),
        "让客户端 CA 自己签名应答，或使用该 CA 为 OCSPSigning 签发、并随应答一起发送的证书签名", (_ASK,),
    ),
    "stale": (
        "make the responder sign fresh answers, and compare its clock with that of nginx",
        "让响应器签发新的应答，并核对它与 nginx 的时钟", (_ASK, "date -u"),
    ),
    "early": ("set the clocks of nginx and of the responder right", "校准 nginx 与响应器的时钟", ("date -u", _ASK)),
    "other-certificate": (
        "ask the responder of the CA that issued this certificate", "向签发该证书的 CA 的响应器查询", (_ASK, _NAME, RELOAD),
    ),
    "not-in-charge": (
        "ask the responder of the CA that issued this certificate", "向签发该证书的 CA 的响应器查询", (_ASK, _NAME, RELOAD),
    ),
    "unsuccessful": ("look into the responder's own log, and ask it yourself", "查看响应器自己的日志，并直接查询它", (_ASK,)),
    "unknown": (
        "ask the responder of the CA that issued this certificate, or enter the certificate there",
        "向签发该证书的 CA 的响应器查询，或在那里登记该证书", (_ASK, _NAME, RELOAD),
    ),
    "no-ocsp": (
        "name the responder's own address, with its path: a web server answers here",
        "指定响应器自己的地址（含路径）：这里应答的是普通网站", (_ASK, _NAME, RELOAD),
    ),
    "down": (
        "start the responder, let nginx reach it, or name one that it can reach",
        "启动响应器，使 nginx 能够访问它，或指定一个能访问的响应器", (_ASK, _NAME, RELOAD),
    ),
    "any": (
        "look for the [error] line before the refusal, which names the reason, and ask the responder yourself",
        "查看拒绝之前说明原因的 [error] 行，并直接查询响应器", (_ASK,),
    ),
}  # fmt: skip
_KEPT = Text(
    en="where nobody can be asked for now, a fresh CRL (ssl_crl) keeps revoked clients out; without either nothing does",
    zh="若暂时无法查询，可用最新的吊销列表（ssl_crl）拦住已吊销的客户端；两者都没有就无从拦截",
)


def changes(case: Case, finding: Finding) -> Iterator[Change]:  # noqa: ARG001 - what every builder takes
    """What to do for the reason that the finding gives; nothing when it gives none."""
    key = next((key for key, reason in BY_KEY.items() if finding.summary.en.endswith(f": {reason.en}")), None)
    if key is not None:
        en, zh, commands = _DO[key]
        yield Change(
            id="name-responder", title=Text(en=en, zh=zh), applicability=Applicability.MANUAL, commands=commands, note=_KEPT
        )  # fmt: skip
