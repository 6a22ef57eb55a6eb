"""Holes by another way than those that the laboratory has scenarios of: the same causes, as others write them."""

from dataclasses import replace

from handclasp.lab import backend, mint, setup
from handclasp.lab.backend import FORGED
from handclasp.lab.case import pem
from handclasp.lab.hole import hole, since
from handclasp.lab.mint import BlankCrl, name
from handclasp.lab.scenarios.placement.sni_host_split import split
from handclasp.lab.setup import CLIENT, NOBODY, STRANGER, Setup, pems
from handclasp.ports.stage import Performance, Reload, Visit

_NESTED = """\
if ($ssl_client_verify != SUCCESS) {
        return 403;
    }
    location ~ \\.pdf$ {
        return 200 "a report\\n";
    }
    return 200 "welcome\\n";"""


_REJECTING = """\
server {
    listen 127.0.0.1:@PORT@ ssl default_server;
    ssl_reject_handshake on;
    location / {
        return 200 "the application\\n";
    }
}"""


def _unknown_name() -> Setup:
    made = split()
    made.visits = [
        replace(act, sni="nobody.test") if isinstance(act, Visit) and act.sni is None else act for act in made.visits or ()
    ]
    return made


def _nested() -> Setup:
    made = setup.client(1)
    made.verify = "optional"
    made.location = _NESTED
    made.visits = [made.visit(CLIENT, path="/a.pdf"), made.visit(NOBODY, path="/a.pdf")]
    return made


def _nobody_out(seen: Performance) -> bool:
    return seen.start is None and seen.results[CLIENT].status == 200 and seen.results[NOBODY].status != 200


def _page_for_bad_ones() -> Setup:
    made = setup.client(1)
    made.server.append('error_page 495 =200 @app;\nlocation @app { return 200 "welcome\\n"; }')
    made.visits = [made.visit(CLIENT), made.visit(STRANGER)]
    return made


def _underscores(letting: str) -> Setup:
    """The backend makes one variable of both names, as CGI, WSGI and PHP do."""
    made = backend.open_to_all(backend.behind(backend.DN, settings=("underscores_in_headers on;",)))
    made.server.append(letting)
    forged = ((FORGED[0][0].replace("-", "_"), FORGED[0][1]),)
    made.visits = [made.visit(CLIENT), made.visit(NOBODY, headers=forged)]
    return made


def _asked_by_name(pattern: str, subject: bytes) -> Setup:
    """A map on the name of the client, and somebody of the same CA with this name."""
    made = setup.client(1)
    made.http.append(f'map $ssl_client_s_dn $known_client {{\n    default 0;\n    "{pattern}" 1;\n}}')
    made.server.append("if ($known_client = 0) {\n    return 403;\n}")
    other = made.draft.end_entity(subject, made.leaf.issuer)
    chain = pems([other, *made.intermediates])
    made.visits = [made.visit(CLIENT), made.visit(STRANGER, chain=chain, key=other.key.pem)]
    return made


def _namesake() -> Setup:
    """Two CAs are trusted, and somebody of the other one has the name that the map knows."""
    made = _asked_by_name("CN=alice,O=Lab", name(("O", "Lab"), ("CN", "alice")))
    other = made.stranger_root()
    made.advertised.append(other)
    namesake = made.draft.end_entity(made.leaf.subject, other)
    made.visits = [made.visit(CLIENT), made.visit(STRANGER, chain=pems([namesake]), key=namesake.key.pem)]
    return made


def _in_clear() -> Setup:
    made = setup.client(1)
    made.config = made.nginx_conf().replace(" ssl;", ";", 1)
    made.visits = [made.visit(CLIENT), made.visit(NOBODY, plain=True)]
    return made


def _stapling() -> Setup:
    """The CA of the server's own certificate, put there for stapling."""
    made = setup.client(1)
    other = made.stranger_root()
    made.trusted = [other]
    made.server.append("ssl_stapling on;")
    intruder = made.draft.end_entity(name(("O", "Elsewhere"), ("CN", "intruder")), other)
    made.visits = [made.visit(CLIENT), made.visit(STRANGER, chain=pems([intruder]), key=intruder.key.pem)]
    return made


def _page_of_the_guard() -> Setup:
    """An error page with content, in the place of what the guard says."""
    made = setup.client(1)
    made.verify = "optional"
    made.server.append('error_page 403 =200 /start;\nlocation = /start {\n    return 200 "welcome\\n";\n}')
    made.location = 'if ($ssl_client_verify != SUCCESS) {\n        return 403;\n    }\n    return 200 "welcome\\n";'
    made.visits = [made.visit(CLIENT), made.visit(NOBODY)]
    return made


def _behind_the_back() -> Setup:
    """The application lives in the default server too, which rejects handshakes, so that nobody should come there."""
    made = setup.client(1)
    made.http.append(_REJECTING)
    made.visits = [made.visit(CLIENT), made.visit(NOBODY, host="elsewhere.test")]
    return made


def _crl_among_anchors() -> Setup:
    """The CRLs stand in the CA file, and no directive has them checked."""
    made = setup.client(1)
    made.unwelcome = True
    lists = [BlankCrl(issuer=tier, number=2) for tier in made.draft.tiers[1:]]
    before = "".join(pem(mint.crl(one), "X509 CRL") for one in lists)
    lists[0].revoked.append((made.leaf.serial, 1, ()))
    after = "".join(pem(mint.crl(one), "X509 CRL") for one in lists)
    anchors = pems([made.root])
    made.files = {"client-ca.pem": (anchors + before).encode(), "ca.crl": after.encode()}
    revoked = Reload(files={"client-ca.pem": (anchors + after).encode()})
    made.visits = [made.visit(f"{CLIENT}-before"), revoked, made.visit(CLIENT)]
    return made


def _revoked_out(seen: Performance) -> bool:
    return seen.start is None and seen.results[f"{CLIENT}-before"].status == 200 and seen.results[CLIENT].status != 200


_REJECTS = since(1, 19, 4)
"""ssl_reject_handshake came with it."""

WAYS = (
    hole("clients of the default server's CA, with a name in SNI that nobody has", "sni-host-split", "unknown", _unknown_name),
    hole(
        "anybody without a certificate, in a location inside the one that checks",
        "optional-not-enforced", "nested", _nested, _nobody_out,
    ),
    hole("anybody with a bad certificate, by the page for those", "error-page-495-bypass", "bad", _page_for_bad_ones),
    hole(
        "anybody under any name: a header with underscores is the same to the backend",
        "header-spoofable", "underscores", lambda: _underscores("underscores_in_headers on;"), backend.told_truly,
    ),
    hole(
        "anybody under any name: invalid headers are not ignored, and one is the same to the backend",
        "header-spoofable", "invalid", lambda: _underscores("ignore_invalid_headers off;"), backend.told_truly,
    ),
    hole(
        "a client whose organization spells another's name",
        "authz-dn-format", "spelled",
        lambda: _asked_by_name("~CN=alice(,|$)", name(("O", "x,CN=alice"), ("CN", "mallory"))),
    ),
    hole(
        "a client whose name is another's in capitals",
        "authz-dn-format", "capitals",
        lambda: _asked_by_name("~*^CN=alice,O=Lab$", name(("O", "Lab"), ("CN", "ALICE"))),
    ),
    hole("another CA's client of the same name, where the name alone counts", "client-trust-too-wide", "namesake", _namesake),
    hole("anybody, in clear: the listen lacks ssl", "listen-without-ssl", "in-clear", _in_clear, _nobody_out),
    hole(
        "anybody without a certificate, by an error page in the place of a guard's refusal",
        "optional-not-enforced", "page", _page_of_the_guard, _nobody_out,
    ),
    hole(
        "anybody, in a default server that rejects handshakes: by a handshake for another",
        "sni-host-split", "rejecting", _behind_the_back, _nobody_out, arises=_REJECTS,
    ),
    hole(
        "a revoked client: the CRLs stand in the CA file",
        "client-crl-file-format", "in-ca-file", _crl_among_anchors, _revoked_out,
    ),
    hole("clients of the CA that is there for stapling", "client-trust-too-wide", "stapling", _stapling),
)  # fmt: skip
