"""The path does not end in a trusted root, whatever the depth: which certificate is missing, and where it belongs."""

import re
from collections.abc import Iterator
from dataclasses import replace

from handclasp.diagnose.case import Case
from handclasp.diagnose.party import Party
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.model.certificate import Certificate
from handclasp.model.finding import Confidence, Finding, Severity, Where
from handclasp.model.text import Text
from handclasp.model.verdict import Side, Source
from handclasp.pki.signature import signed_by
from handclasp.verdict.issued import self_signed
from handclasp.verdict.trust import certificates_in

_INTERMEDIATE = re.compile(
    r"\b(intermediate|issuing|sub\w*|signing|ica|int)\b|zwischen|interm[eé]di|промежуточн|中间|中間|签发|二级", re.IGNORECASE
)
ROOT_NAME = re.compile(r"\broot\b|wurzel|\bracine\b|\bra[ií]z\b|\bradice\b|корнев|根|ルート", re.IGNORECASE)
_ORGANIZATION = re.compile(r"(?:^|,)O=((?:\\.|[^,+])+)")
_WORD = re.compile(r"[^\W_]+")
_GENERIC = frozenset(
    [
        "ca",
        "cn",
        "o",
        "ou",
        "c",
        "l",
        "st",
        "root",
        "intermediate",
        "issuing",
        "sub",
        "subordinate",
        "signing",
        "authority",
        "certificate",
        "certification",
        "int",
        "ica",
        "the",
        "and",
        "of",
        "inc",
        "ltd",
        "llc",
        "gmbh",
        "test",
        "client",
        "server",
        "tls",
        "ssl",
    ]
)


def check(case: Case) -> Iterator[Finding]:
    """When no anchor is reached: the first of the explanations below that holds, and, if it is not certain, the other."""
    party = case.party
    if party is None or party.deep.trusted or not party.trust_file.value:
        return
    for explain in (
        _pinned_leaf,
        _server_certificate,
        _self_signed,
        _rekeyed,
        _renamed,
        _intermediate_only,
        _missing,
        _unknown,
    ):
        found = explain(case, party)
        if found is not None:
            yield found
            if found.confidence is Confidence.LIKELY:
                yield _otherwise(case, party, found)
            return


def _top(party: Party) -> Certificate:
    return party.deep.path[-1].certificate


def _where(party: Party) -> Where:
    top = party.deep.path[-1]
    at = Where.at(party.trust_file.origin, party.directives.trust)
    return Where(file=at.file, line=at.line, directive=at.directive, depth=top.depth, subject=top.certificate.subject_text)


def _pinned_leaf(_case: Case, party: Party) -> Finding | None:
    if party.leaf not in party.trust.store.certificates or self_signed(party.leaf, party.judge.series):
        return None
    cause = "client-trust-file-is-leaf" if party.side is Side.CLIENT else "upstream-trust-is-upstream-leaf"
    summary = say(
        "{file} holds the certificate of {peer} itself ({leaf}) instead of the CA that signed it",
        "{file} 里放的是{peer}自己的证书（{leaf}），而不是签发它的 CA",
        file=party.trust_file.value, peer=party.peer, leaf=party.leaf.subject_text,
    )  # fmt: skip
    return finding(cause, summary, _where(party), _needs_root(party.leaf))


def _server_certificate(case: Case, party: Party) -> Finding | None:
    if party.side is not Side.CLIENT:
        return None
    own = {
        certificate
        for path in case.stage.scene.handshake.certificates.value
        for certificate in certificates_in(case.evidence.files, path)
    }
    store = set(party.trust.store.certificates)
    # A CA of both sides is in the server's chain too: then it is the client's CA that is there, and the one above it is not.
    if not store or not store <= own or store & {step.certificate for step in party.deep.path}:
        return None
    summary = say(
        "{file} holds this server's own certificate; the CA of the client, {issuer}, is not in it",
        "{file} 里放的是本服务器自己的证书，其中没有客户端证书的签发者 {issuer}",
        file=party.trust_file.value, issuer=_top(party).issuer_text,
    )  # fmt: skip
    return finding("client-trust-file-is-server-cert", summary, _where(party), _needs_root(_top(party)))


def _self_signed(_case: Case, party: Party) -> Finding | None:
    if not self_signed(party.leaf, party.judge.series):
        return None
    summary = say(
        "{peer} presents a self-signed certificate ({leaf}) that is not in {file}",
        "{peer}出示的是自签名证书（{leaf}），而 {file} 中没有它",
        peer=party.peer, leaf=party.leaf.subject_text, file=party.trust_file.value,
    )  # fmt: skip
    return finding(party.slug("self-signed"), summary, _where(party))


def _rekeyed(_case: Case, party: Party) -> Finding | None:
    top = _top(party)
    same_name = [item for item in party.trust.store.certificates if item.subject == top.issuer and item != top]
    if not same_name or self_signed(top, party.judge.series) or _signers(top, same_name):
        return None
    summary = say(
        "{file} holds a CA named {issuer}, but another key signed {top}: the CA was made anew under its old name",
        "{file} 中有名为 {issuer} 的 CA，但 {top} 是用另一把密钥签发的：该 CA 用旧名称重新生成过",
        file=party.trust_file.value, issuer=top.issuer_text, top=top.subject_text,
    )  # fmt: skip
    cause = "client-ca-rekeyed-same-name" if party.side is Side.CLIENT else "upstream-ca-not-trusted"
    return finding(cause, summary, _where(party))


def _renamed(_case: Case, party: Party) -> Finding | None:
    top = _top(party)
    near = _signers(top, [item for item in party.trust.store.certificates if item.subject != top.issuer and item != top])
    if party.side is not Side.CLIENT or not near:
        return None
    summary = say(
        "the CA in {file} did sign {top}, but is named {subject} there, and {issuer} in the certificate",
        "{file} 中的 CA 确实签发了 {top}，但它在文件里的名称是 {subject}，而证书中的签发者是 {issuer}",
        file=party.trust_file.value, top=top.subject_text, subject=near[0].subject_text, issuer=top.issuer_text,
    )  # fmt: skip
    return finding("client-dn-string-type-mismatch", summary, _where(party))


def _intermediate_only(case: Case, party: Party) -> Finding | None:
    if all(step.source is Source.PRESENTED for step in party.deep.path):
        return None
    top = _top(party)
    summary = say(
        "{file} holds {top} but not the root above it ({issuer}): nginx trusts only chains that end in a self-signed root "
        "of that file",
        "{file} 中有 {top}，但没有它上面的根证书（{issuer}）：nginx 只信任以该文件中自签名根证书结尾的证书链",
        file=party.trust_file.value, top=top.subject_text, issuer=top.issuer_text,
    )  # fmt: skip
    return finding(party.slug("trust-intermediate-only"), summary, _where(party), _found(case))


def _missing(case: Case, party: Party) -> Finding | None:
    """The root is trusted; something between it and the top is not there."""
    completion = case.completion
    if completion is None or completion.root not in party.trust.store.certificates:
        return None
    gap = say("{names}", "{names}", names=", ".join(item.subject_text for item in case.missing))
    summary = say(
        "{peer} does not send the intermediate {names}, and {file} does not hold it",
        "{peer}没有发送中间证书 {names}，{file} 中也没有它",
        peer=party.peer, names=gap, file=party.trust_file.value,
    )  # fmt: skip
    return finding(_missing_slug(party), summary, _where(party), _found(case))


def _unknown(case: Case, party: Party) -> Finding | None:
    """No file at hand tells: the names decide which of two explanations is the likelier."""
    top = _top(party)
    sure = case.completion is not None or self_signed(top, party.judge.series)
    if not sure and _looks_like_missing(top, party.trust.store.certificates):
        return _gap(party)
    return _foreign(case, party, sure=sure)


def _gap(party: Party) -> Finding:
    top = _top(party)
    summary = say(
        "the issuer of {top}, {issuer}, seems to be an intermediate that is neither sent by {peer} nor in {file}",
        "{top} 的签发者 {issuer} 看来是一张中间证书，{peer}没有发送，{file} 中也没有",
        top=top.subject_text, issuer=top.issuer_text, peer=party.peer, file=party.trust_file.value,
    )  # fmt: skip
    return finding(_missing_slug(party), summary, _where(party), confidence=Confidence.LIKELY)


def _foreign(case: Case, party: Party, *, sure: bool) -> Finding:
    top = _top(party)
    through = any(not item.certificate.self_issued for item in party.deep.path[1:])
    cause = "client-chain-untrusted-root" if through and party.side is Side.CLIENT else party.slug("ca-not-trusted")
    summary = say(
        "{leaf} comes from {root}, and {file} does not hold that CA; it holds {held}",
        "{leaf} 出自 {root}，而 {file} 中没有这个 CA；其中只有 {held}",
        leaf=party.leaf.subject_text, root=_origin(case, top), file=party.trust_file.value, held=_held(party),
    )  # fmt: skip
    confidence = Confidence.CERTAIN if sure or through else Confidence.LIKELY
    return finding(cause, summary, _where(party), _found(case), confidence=confidence)


def _otherwise(case: Case, party: Party, told: Finding) -> Finding:
    """The explanation that is not the likelier one, while neither can be ruled out."""
    other = _foreign(case, party, sure=False) if told.cause == _missing_slug(party) else _gap(party)
    return replace(other, severity=Severity.WARNING, confidence=Confidence.LIKELY)


def _missing_slug(party: Party) -> str:
    return "client-intermediate-missing" if party.side is Side.CLIENT else "upstream-missing-intermediate"


def _signers(top: Certificate, candidates: list[Certificate]) -> list[Certificate]:
    return [item for item in candidates if signed_by(top, item.spki)]


def _origin(case: Case, top: Certificate) -> str:
    return case.completion.root.subject_text if case.completion else top.issuer_text


def _held(party: Party) -> Text:
    names = [item.subject_text for item in party.trust.store.certificates]
    if not names:
        return Text(en="no certificate", zh="（没有证书）")
    more = f" (+{len(names) - 3})" if len(names) > 3 else ""
    return Text(en=", ".join(names[:3]) + more, zh="、".join(names[:3]) + more)


def _needs_root(certificate: Certificate) -> Text:
    return say("issuer: {issuer}", "签发者：{issuer}", issuer=certificate.issuer_text)


def _found(case: Case) -> Text:
    if case.completion is None:
        return Text(
            en="the missing CA certificate is in none of the files at hand",
            zh="手头的文件里都没有缺少的 CA 证书",
        )
    chain = " <- ".join(item.subject_text for item in reversed(case.completion.chain))
    return say("rebuilt with files at hand: {chain}", "用手头的文件重建出的链：{chain}", chain=chain)


def _looks_like_missing(top: Certificate, store: tuple[Certificate, ...]) -> bool:
    """Whether names say that the unknown issuer stands between the top and a CA that is trusted."""
    akid = top.authority_key_identifier
    if akid is not None and akid.issuer is not None:
        return any(akid.issuer == item.subject for item in store)
    if ROOT_NAME.search(top.issuer_text):
        return False
    roots = [item for item in store if item.self_issued and not _may_have_no_ca_below(item)]
    if any(_organization(top.issuer_text) & _organization(item.subject_text) for item in roots):
        return True
    theirs = _words(top.issuer_text)
    ours = [_words(item.subject_text) for item in roots]
    return bool(_INTERMEDIATE.search(top.issuer_text)) and any(not words or words & theirs for words in ours)


def _may_have_no_ca_below(root: Certificate) -> bool:
    limits = root.basic_constraints
    return limits is not None and limits.path_len_constraint == 0


def _organization(name: str) -> set[str]:
    return {found.lower() for found in _ORGANIZATION.findall(name)}


def _words(name: str) -> set[str]:
    return {word for word in _WORD.findall(name.lower()) if word not in _GENERIC and not word.isdigit()}


CAUSES = (
    "client-ca-not-trusted",
    "client-chain-untrusted-root",
    "client-self-signed",
    "client-intermediate-missing",
    "client-trust-intermediate-only",
    "client-trust-file-is-leaf",
    "client-trust-file-is-server-cert",
    "client-ca-rekeyed-same-name",
    "client-dn-string-type-mismatch",
    "upstream-ca-not-trusted",
    "upstream-missing-intermediate",
    "upstream-trust-intermediate-only",
    "upstream-trust-is-upstream-leaf",
    "upstream-self-signed",
)
RULES = (Rule("chain", CAUSES, check, about_peer=True),)
