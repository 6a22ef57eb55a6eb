"""What the routes of nginx hosts do. A host is its own identity: nobody but it and an admin gets its orders."""

from handclasp.app.api_access import Action
from handclasp.app.canaries import canary_of, chain_of
from handclasp.app.host_orders import HostReport, Noted, certify_site, hosts, note_report, sites_of
from handclasp.model.errors import UsageError
from handclasp.pki.csr import read_csr
from handclasp.server.api import bodies
from handclasp.server.api.jobs import Call, issued
from handclasp.server.api.problem import ProblemError


def list_hosts(call: Call) -> bodies.HostPage:
    """Every host, and whether what it should serve is in force there."""
    call.allow(Action.HOSTS)
    return bodies.HostPage(hosts=[bodies.host_out(one) for one in hosts(call.home)])


def host_orders(call: Call) -> bodies.OrdersOut:
    """What a host must know, if it is not what it knows."""
    tag, orders = call.orders.orders(_own(call), call.query.get("tag"))
    return bodies.OrdersOut(tag=tag, orders=orders)


def certify(call: Call) -> bodies.IssuedOut:
    """A server certificate for a key of a host."""
    name = _own(call)
    body: bodies.SiteKeyIn = call.body
    return issued(call, certify_site(call.acting, name, body.site, read_csr(body.csr.encode(), where="csr")))


def canary(call: Call) -> bodies.IssuedOut:
    """A client for a key of a host, revoked already."""
    name = _own(call)
    body: bodies.CanaryIn = call.body
    record = canary_of(call.acting, call.gear, name, body.ca, read_csr(body.csr.encode(), where="csr"))
    return bodies.issued_out(record, chain_of(call.home, record), ())


def report(call: Call) -> Noted:
    """Keep what a host says."""
    name = _own(call)
    body: HostReport = call.body
    return note_report(call.acting, name, body)


def _own(call: Call) -> str:
    """The host of the path, if the caller may act for it."""
    name = call.path["name"]
    call.allow(Action.SERVE, of=name)
    try:
        sites_of(call.home, name)
    except UsageError as error:
        raise ProblemError(404, error.what) from error
    return name
