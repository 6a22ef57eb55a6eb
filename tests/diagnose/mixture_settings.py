"""Faults of a configuration around the certificates: holes, lost headers, a quiet log, and what keeps nginx down."""

from handclasp.lab import mint
from handclasp.lab.case import pem
from handclasp.lab.mint import name
from tests.diagnose.mixture_parts import Mixture, Party, block, own
from tests.diagnose.mixture_peers import Fault, lists_of, root_left_out, told


def unguarded(mixture: Mixture, party: Party) -> frozenset[str] | None:
    """`optional`, and nothing insists."""
    party.verify = "optional"
    del mixture
    return told("optional-not-enforced")


def failed_compared(mixture: Mixture, party: Party) -> frozenset[str] | None:
    """`optional` with a comparison that no value fits."""
    party.verify = "optional_no_ca"
    mixture.server.append('if ($ssl_client_verify = "FAILED") { return 403; }')
    return told("verify-failed-compare")


def page_for_all(mixture: Mixture, party: Party) -> frozenset[str] | None:
    """Refusals are answered with the page itself."""
    del party
    mixture.server.append("error_page 495 496 =200 /;")
    return told("error-page-495-bypass")


def headers_lost(mixture: Mixture, party: Party) -> frozenset[str] | None:
    """A header of the server's is lost in a location with one of its own."""
    del party
    if mixture.upstream is not None:
        return None
    mixture.server.append("proxy_set_header X-Client-DN $ssl_client_s_dn;")
    mixture.location.append("proxy_set_header X-Request-Start $msec;")
    return told("proxy-set-header-inheritance")


def underscored(mixture: Mixture, party: Party) -> frozenset[str] | None:
    """A header that the next nginx throws away."""
    del party
    mixture.location.append("proxy_set_header X_CLIENT_VERIFY $ssl_client_verify;")
    return told("header-underscore-dropped")


def quiet_log(mixture: Mixture, party: Party) -> frozenset[str] | None:
    """Refused clients leave no line."""
    if party.verify != "on":
        return None
    mixture.level = "error"
    return told("error-log-level-hides-reason")


def other_default(mixture: Mixture, party: Party) -> frozenset[str] | None:
    """The default server of the address has a CA of its own."""
    other = party.draft.authority(name(("O", mixture.company), ("CN", "Partners Root")))
    mixture.files[f"{mixture.folder}/partners.pem"] = pem(mint.certificate(other)).encode()
    mixture.bystanders.insert(
        0,
        block(
            "listen 443 ssl default_server;", "server_name partners.example;", *own(mixture),
            f"ssl_client_certificate {mixture.folder}/partners.pem;", "ssl_verify_client on;", 'return 200 "partners";',
        ),
    )  # fmt: skip
    return told("sni-host-split")


def sessions_kept(mixture: Mixture, party: Party) -> frozenset[str] | None:
    """Sessions outlive a reload, and with it a revocation."""
    if any("sni" in fault or fault == "other_default" for fault in mixture.faults):
        return None
    lists_of(mixture, party)
    mixture.server += ["ssl_session_cache shared:tls:10m;", "ssl_session_tickets off;"]
    return told("revoked-client-resumes-session")


def stapling_trusts(mixture: Mixture, party: Party) -> frozenset[str] | None:
    """A file meant for stapling lets its CA's clients in, beside a root of its own."""
    if not any(blank.issuer is None for blank in party.trust):
        return None
    other = party.draft.authority(name(("O", mixture.company), ("CN", "Web PKI Root")))
    mixture.files[f"{mixture.folder}/staple.pem"] = pem(mint.certificate(other)).encode()
    mixture.server.append(f"ssl_trusted_certificate {mixture.folder}/staple.pem;")
    return told("client-trust-too-wide")


def second_door(mixture: Mixture, _: Party) -> frozenset[str] | None:
    """The same server answers without TLS."""
    mixture.server.insert(0, "listen 8081;")
    return told("listen-without-ssl")


def certificate_in_header(mixture: Mixture, _: Party) -> frozenset[str] | None:
    """A PEM with its line ends goes into a header."""
    mixture.location.append("proxy_set_header X-Client-Cert $ssl_client_raw_cert;")
    return told("header-raw-cert-newlines")


def unverified_backend(mixture: Mixture, _: Party) -> frozenset[str] | None:
    """Another location goes to a backend over TLS that is not verified."""
    mixture.server.append("location /legacy/ { proxy_pass https://10.9.9.9; }")
    return told("upstream-verify-off-by-default")


def loose_name(mixture: Mixture, _: Party) -> frozenset[str] | None:
    """A pattern for the client's name without anchors."""
    mixture.http.append('map $ssl_client_s_dn $allowed { default 0; "~CN=device 7" 1; }')
    mixture.server.append("if ($allowed = 0) { return 403; }")
    return told("authz-dn-format")


CONFIG: tuple[Fault, ...] = (
    unguarded, failed_compared, page_for_all, headers_lost, underscored, quiet_log, other_default, sessions_kept,
    stapling_trusts, second_door, certificate_in_header, unverified_backend, loose_name,
)  # fmt: skip
APART: tuple[frozenset[Fault], ...] = (
    frozenset({unguarded, failed_compared, page_for_all}),
    frozenset({headers_lost, underscored, certificate_in_header}),
    # A pattern for names shuts those out who come by another way, too.
    frozenset({loose_name, unguarded, page_for_all}),
    frozenset({loose_name, second_door}),
    frozenset({loose_name, other_default}),
    # Without a root in the list that clients are told, the other file is where roots belong.
    frozenset({root_left_out, stapling_trusts}),
    frozenset({other_default, sessions_kept}),
)


def der_file(_: Mixture, party: Party) -> frozenset[str] | None:
    """The CA file is in DER form."""
    party.trust_file = mint.certificate(party.trust[0])
    return told("ca-file-not-pem")


def misspelt(mixture: Mixture, _: Party) -> frozenset[str] | None:
    """A directive that there is not."""
    mixture.server.append("ssl_client_verify on;")
    return told("directive-invalid-advice")


def inside_location(mixture: Mixture, _: Party) -> frozenset[str] | None:
    """A directive of the server's in a location."""
    mixture.location.append("ssl_verify_client on;")
    return told("directive-wrong-context")


START: tuple[Fault, ...] = (der_file, misspelt, inside_location)
