"""CRLs that are missing or out of date."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case, errors_at
from handclasp.diagnose.party import Party
from handclasp.diagnose.remedies.change import RELOAD, Change
from handclasp.diagnose.remedies.pem_edit import put_lists
from handclasp.diagnose.rule import say
from handclasp.model.certificate import Certificate, Crl
from handclasp.model.finding import Applicability, Finding
from handclasp.model.text import Text
from handclasp.pki.signature import signed_by
from handclasp.verdict.issued import akid_mismatch

_FAULTS = (
    "UNABLE_TO_GET_CRL",
    "CRL_HAS_EXPIRED",
    "CRL_NOT_YET_VALID",
    "CRL_SIGNATURE_FAILURE",
    "UNHANDLED_CRITICAL_CRL_EXTENSION",
)
_ROUTINE = Text(
    en="publish CRLs well before nextUpdate and reload after each: nginx reads them only at start and reload",
    zh="请在 nextUpdate 之前及早发布新的吊销列表，每次发布后重新加载：nginx 只在启动和重新加载时读取",
)


def changes(case: Case, finding: Finding) -> Iterator[Change]:
    """Good lists found at hand; what is not there must come from its CA."""
    del finding
    party, whole = case.party, case.whole
    path = party.crl_file.value if party else None
    if party is None or whole is None or path is None:
        return
    issuers = _issuers(case)
    good = {issuer: crl for issuer in issuers if (crl := _usable(case, party, issuer)) is not None}
    if good and len(good) == len(issuers):
        yield _found(case, path, tuple(good.values()))
        return
    lacking = tuple(issuer for issuer in issuers if issuer not in good)
    yield Change(
        id="fetch-crl",
        title=say(
            "get a fresh CRL of {names} and put it into {file}", "取得 {names} 的最新吊销列表并放入 {file}",
            names=", ".join(item.subject_text for item in lacking), file=path,
        ),
        applicability=Applicability.MANUAL,
        edits=put_lists(case, path, good.values()) if good else (),
        commands=(*_fetch_commands(lacking), f"cat *.crl.pem > {path}", RELOAD),
        note=_ROUTINE,
        fresh_lists=tuple((path, issuer) for issuer in lacking),
    )  # fmt: skip


def _issuers(case: Case) -> tuple[Certificate, ...]:
    """The CAs of the path whose list is at fault."""
    assert case.whole is not None
    path = case.whole.path
    found: dict[Certificate, None] = {}
    for depth, certificate in errors_at(case.whole, *_FAULTS):
        above = path[min(depth + 1, len(path) - 1)].certificate
        if above.subject == certificate.issuer:
            found[above] = None
    return tuple(found)


def _usable(case: Case, party: Party, issuer: Certificate) -> Crl | None:
    now = party.judge.at
    fitting = [
        crl
        for crl in case.lists
        if crl.issuer == issuer.subject
        and akid_mismatch(issuer, crl.authority_key_identifier) is None
        and crl.this_update <= now
        and (crl.next_update is None or now < crl.next_update)
        and crl.delta_base is None
        and signed_by(crl, issuer.spki)
    ]
    return max(fitting, key=lambda crl: crl.this_update, default=None)


def _found(case: Case, path: str, crls: tuple[Crl, ...]) -> Change:
    return Change(
        id="complete-crl-file",
        title=say(
            "put the CRL of {names}, found at hand, into {file}", "把手头已有的 {names} 的吊销列表放入 {file}",
            names=", ".join(crl.issuer_text for crl in crls), file=path,
        ),
        applicability=Applicability.SAFE,
        edits=put_lists(case, path, crls),
        commands=(RELOAD,),
        note=_ROUTINE,
    )  # fmt: skip


def _fetch_commands(issuers: tuple[Certificate, ...]) -> tuple[str, ...]:
    return tuple(
        f"curl -fsS {point} | openssl crl -out {number}.crl.pem   # {issuer.subject_text}".replace("\n", " ")
        if (point := _http_point(issuer))
        else "handclasp crl --refresh   # or: openssl ca -gencrl -out ca.crl.pem"
        for number, issuer in enumerate(issuers, start=1)
    )


def _http_point(issuer: Certificate) -> str | None:
    names = (name.value for point in issuer.distribution_points for name in point.names or () if name.kind == "uri")
    return next((name for name in names if name.startswith("http://") and name.isprintable() and " " not in name), None)
