"""What nginx makes of an upstream's certificate (ngx_http_upstream_ssl_handshake)."""

from handclasp.model.certificate import Certificate
from handclasp.model.nginx import NginxVersion, TlsUpstream
from handclasp.model.verdict import Side, Verdict
from handclasp.verdict.client import Judge
from handclasp.verdict.hostname import matches
from handclasp.verdict.openssl import verify
from handclasp.verdict.question import Question
from handclasp.verdict.trust import upstream_trust

REPORTS_LAST_SINCE = NginxVersion(1, 19, 1)
"""Before, nginx installed no callback for upstreams: OpenSSL stopped at the first error and that one was reported."""

BAD_GATEWAY = "502 Bad Gateway"
HANDSHAKING = "while SSL handshaking to upstream"


def upstream_verdict(
    upstream: TlsUpstream, presented: tuple[Certificate, ...], judge: Judge, *, passed: int = 200, title: str | None = None
) -> Verdict:
    """The verdict on an upstream that presents these certificates.

    `passed` and `title` are what the upstream answers, and so what a request gets when nginx is content.
    """
    if not upstream.verify.value or not presented:
        return Verdict(side=Side.UPSTREAM, status=passed, title=title)
    trust = upstream_trust(upstream, judge.files, judge.version)
    found = verify(
        Question(
            presented=presented, store=trust.store, crls=trust.crls, depth=upstream.verify_depth.value, side=Side.UPSTREAM,
            at=judge.at, series=judge.series, security_level=judge.security_level,
            strict_crls=judge.strict_crls,
        )
    )  # fmt: skip
    errors = found.errors if judge.version >= REPORTS_LAST_SINCE else found.errors[:1]
    log = None
    if errors:
        log = f"upstream SSL certificate verify error: ({errors[-1].number}:{errors[-1].text}) {HANDSHAKING}"
    elif not matches(presented[0], upstream.name.value):
        log = f'upstream SSL certificate does not match "{upstream.name.value}" {HANDSHAKING}'
    return Verdict(
        side=Side.UPSTREAM, status=502 if log else passed, title=BAD_GATEWAY if log else title,
        reported=errors[-1] if errors else None, errors=errors, path=found.path, rejected=found.rejected, log=log,
    )  # fmt: skip
