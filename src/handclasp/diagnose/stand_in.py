"""What a stand-in for the upstream must insist on, so that it does what the log or the page says the upstream did."""

from dataclasses import dataclass

from handclasp.diagnose.case import Case
from handclasp.diagnose.completion import Completion, complete
from handclasp.diagnose.log_line import LineKind
from handclasp.diagnose.rules import relayed, upstream_alerts
from handclasp.model.certificate import Certificate
from handclasp.verdict.behind import is_address, sent_name
from handclasp.verdict.hostname import certificate_names, matches

_VERSION_ALERT, _NAME_ALERT = 70, 112


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIn:
    """`client_cas`: whose client certificates it demands, () for none. `protocols`: the TLS versions it speaks, () for all.

    `issuer_of`: it demands those of whoever issued this certificate, a CA that is not at hand.
    `name`: it is itself only to those who send this server name; `rejects`: it refuses others in the handshake.
    """

    client_cas: tuple[Certificate, ...] = ()
    issuer_of: Certificate | None = None
    protocols: tuple[str, ...] = ()
    name: str | None = None
    rejects: bool = False


def stand_in(case: Case) -> StandIn:
    """The stand-in for the upstream of a case; one that insists on nothing when nothing is known of it."""
    upstream = case.stage.upstream
    if upstream is None:
        return StandIn()
    versions = upstream_alerts.alerts(case, _VERSION_ALERT)
    lacking = tuple(one for one in ("TLSv1.2", "TLSv1.3") if one not in upstream.protocols.value)
    rejects = bool(upstream_alerts.alerts(case, _NAME_ALERT))
    other = any(line.kind is LineKind.UPSTREAM_NAME and line.name == upstream.name.value for line in case.logged)
    nameless = sent_name(upstream) is None and (rejects or other)
    demanded = _demanded(case)
    return StandIn(
        client_cas=(demanded.root,) if demanded else (),
        issuer_of=_refused_for_its_use(case) if demanded is None else None,
        protocols=lacking if versions else (),
        name=_name(case) if nameless else None,
        rejects=rejects,
    )


def _refused_for_its_use(case: Case) -> Certificate | None:
    """The certificate that nginx shows, when the upstream refuses it for what it may be used for."""
    leaf = case.stage.shown[0] if case.stage.shown else None
    told = any(found.cause == relayed.RELAYED for found in relayed.check(case))
    return leaf if leaf is not None and told and not relayed.may_be_client(leaf) else None


def _demanded(case: Case) -> Completion | None:
    """The root above what nginx shows, when the upstream is said to ask for a certificate and that root is at hand."""
    chain = case.stage.shown
    if not chain or not any(True for _ in relayed.check(case)):
        return None
    return complete(chain[0], [*case.pool, *chain], at=case.evidence.at, series=case.stage.series)


def _name(case: Case) -> str | None:
    """A name that its certificate bears: the one that nginx expects, if it does."""
    upstream, chain = case.stage.upstream, case.stage.upstream_chain
    if upstream is None or not chain:
        return None
    names = (upstream.name.value, *certificate_names(chain[0]))
    return next((name for name in names if "*" not in name and not is_address(name) and matches(chain[0], name)), None)
