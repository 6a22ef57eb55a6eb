"""Missing CA certificates: put into the trust file, or sent by the peer."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.party import UNLIMITED, Party
from handclasp.diagnose.remedies import reissue
from handclasp.diagnose.remedies.change import RELOAD, Change
from handclasp.diagnose.remedies.pem_edit import append_certificates
from handclasp.diagnose.rule import say
from handclasp.model.certificate import Certificate
from handclasp.model.finding import Applicability, Finding
from handclasp.model.text import Text
from handclasp.model.verdict import Side
from handclasp.verdict.issued import self_signed
from handclasp.verdict.trust import certificates_in

_WIDER = Text(
    en="trusting a root admits the clients of every CA below it, now and later",
    zh="信任某个根，就会接受其下所有 CA（包括以后的）签发的客户端",
)
_FINGERPRINT = Text(
    en="this certificate came from the peer itself: compare its fingerprint with its owner over another channel first",
    zh="这张证书来自对端自身：请先通过其他渠道与其所有者核对指纹",
)


def changes(case: Case, finding: Finding) -> Iterator[Change]:
    """The root alone, then all that is missing; then what the peer could send; then what must be fetched."""
    party = case.party
    if party is None or not party.trust_file.value:
        return
    if party.deep.trusted:
        # The path is complete: what is wrong is the certificate itself, its signature or its names.
        yield from reissue.changes(case, finding)
        return
    if case.missing:
        yield from _from_files(case, party)
    elif case.completion is None:
        yield _to_be_fetched(party)


def _from_files(case: Case, party: Party) -> Iterator[Change]:
    path = party.trust_file.value or ""
    if case.completion and len(case.missing) > 1 and _enough(party, case.completion.root):
        yield _append(case, party, path, (case.completion.root,))
    intermediates = tuple(item for item in case.missing if not self_signed(item, party.judge.series))
    if intermediates and set(intermediates) == set(case.missing):
        yield _append(case, party, path, case.missing)
        yield _send(party, intermediates)
    else:
        yield _append(case, party, path, case.missing)


def _enough(party: Party, root: Certificate) -> bool:
    """Whether a peer that sends what it sends now reaches this root: nothing between the two is missing."""
    return party.verify(added=(root,), depth=UNLIMITED).trusted


def _append(case: Case, party: Party, path: str, certificates: tuple[Certificate, ...]) -> Change:
    from_peer = any(item in party.presented and item not in _at_hand(case) for item in certificates)
    adds_root = any(self_signed(item, party.judge.series) for item in certificates)
    return Change(
        id="add-to-trust-file",
        title=say(
            "append {names} to {file}", "把 {names} 追加到 {file}",
            names=", ".join(item.subject_text for item in certificates), file=path,
        ),
        applicability=Applicability.REVIEW if from_peer or adds_root else Applicability.SAFE,
        edits=append_certificates(case, path, certificates),
        commands=(RELOAD,),
        note=_FINGERPRINT if from_peer else (_WIDER if adds_root and party.side is Side.CLIENT else None),
    )  # fmt: skip


def _at_hand(case: Case) -> set[Certificate]:
    sources = (case.evidence.files, case.evidence.candidates)
    return {item for source in sources for path in source for item in certificates_in(source, path)}


def _send(party: Party, intermediates: tuple[Certificate, ...]) -> Change:
    return Change(
        id="send-intermediates",
        title=say(
            "let {peer} send its intermediates with its certificate", "让{peer}把中间证书与自己的证书一起发送", peer=party.peer
        ),
        applicability=Applicability.MANUAL,
        commands=("cat leaf.pem intermediate.pem > chain.pem",),
        sends=(*party.presented, *intermediates),
    )  # fmt: skip


def _to_be_fetched(party: Party) -> Change:
    path, top = party.trust_file.value or "", party.deep.path[-1].certificate
    return Change(
        id="fetch-issuer",
        title=say(
            "get the certificate of {issuer} from whoever runs that CA, and append it to {file}",
            "向该 CA 的管理者索取 {issuer} 的证书，并追加到 {file}", issuer=top.issuer_text, file=path,
        ),
        applicability=Applicability.MANUAL,
        commands=("openssl x509 -in issuer.pem -noout -subject -fingerprint -sha256", f"cat issuer.pem >> {path}", RELOAD),
        note=_WIDER if party.side is Side.CLIENT else None,
        unknown_issuers=((path, top),),
    )  # fmt: skip
