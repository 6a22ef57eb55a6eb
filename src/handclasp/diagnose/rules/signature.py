"""Names and key identifiers fit, the signature does not."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case, errors_at
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.model.finding import Finding, Where
from handclasp.model.verdict import Side


def check(case: Case) -> Iterator[Finding]:
    """A CA that was made anew under its old name, or a damaged certificate."""
    party, whole = case.party, case.whole
    if party is None or whole is None:
        return
    for depth, item in errors_at(whole, "KEYUSAGE_NO_CERTSIGN"):
        if party.side is Side.CLIENT and not any(depth == at for at, _ in errors_at(whole, "INVALID_PURPOSE", "INVALID_CA")):
            summary = say(
                "the key usage of the CA {ca} does not include certificate signing",
                "CA {ca} 的密钥用法不含证书签发",
                ca=item.subject_text,
            )
            yield finding("client-issuer-lacks-keycertsign", summary, Where(depth=depth, subject=item.subject_text))
    for depth, item in errors_at(whole, "CERT_SIGNATURE_FAILURE"):
        akid = item.authority_key_identifier
        identified = akid is not None and akid.key_identifier is not None
        client = "client-cert-corrupt-signature" if identified else "client-ca-rekeyed-same-name"
        summary = say(
            "the signature on {subject} does not verify with the key of the CA named {issuer} that nginx trusts",
            "{subject} 上的签名无法用 nginx 所信任的 {issuer} 的密钥验证",
            subject=item.subject_text, issuer=item.issuer_text,
        )  # fmt: skip
        where = Where(depth=depth, subject=item.subject_text)
        yield finding(client if party.side is Side.CLIENT else "upstream-ca-not-trusted", summary, where)


RULES = (
    Rule(
        "signature",
        (
            "client-cert-corrupt-signature",
            "client-ca-rekeyed-same-name",
            "client-issuer-lacks-keycertsign",
            "upstream-ca-not-trusted",
        ),
        check,
        about_peer=True,
    ),
)
