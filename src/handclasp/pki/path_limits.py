"""What every CA above a certificate lets it be: names, usages, and how many CAs may follow (RFC 5280 6.1).

Whoever verifies looks at the whole path. A CA that looked at its own constraints alone would sign what nobody accepts.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from cryptography import x509

from handclasp.model.issuance import IssuanceRequest, Profile
from handclasp.pki.ca_extensions import path_length, purposes_in, usages
from handclasp.pki.name_limits import ca_outside, outside

_ANSWERS = {"OCSPSigning"}  # a responder speaks for the CA that signed it, whatever that CA is for (RFC 6960 4.2.2.2)


@dataclass(frozen=True, slots=True, kw_only=True)
class PathLimits:
    """`names`: the constraints of each CA. `usages`: what all allow, None for everything. `below`: how many CAs may follow."""

    names: tuple[x509.NameConstraints, ...] = ()
    usages: frozenset[str] | None = None
    below: int | None = None


def limits_of(path: tuple[x509.Certificate, ...]) -> PathLimits:
    """The limits of CAs, the lowest first and the root last."""
    names, allowed, below, between = [], None, None, 0
    for certificate in path:
        for extension in certificate.extensions:
            value = extension.value
            if isinstance(value, x509.NameConstraints):
                names.append(value)
            elif isinstance(value, x509.ExtendedKeyUsage):
                own = frozenset(purposes_in(certificate))
                allowed = own if allowed is None else allowed & own
            elif isinstance(value, x509.BasicConstraints) and value.path_length is not None:
                left = value.path_length - between
                below = left if below is None else min(below, left)
        between += certificate.subject != certificate.issuer
    return PathLimits(names=tuple(names), usages=allowed, below=below)


def faults_of(limits: PathLimits, profile: Profile, request: IssuanceRequest, subject: x509.Name) -> Iterator[str]:
    """What of this request nobody would accept below these CAs, in words."""
    for names in limits.names:
        if profile.ca:
            yield from ca_outside(subject, request.limits.names if request.limits else None, names)
        else:
            yield from outside(subject, request.name, request.subject_alt_names, names)
    wanted = set(usages(profile, request)) - _ANSWERS
    if limits.usages is not None and not wanted <= limits.usages:
        held = " ".join(sorted(limits.usages)) or "other usages"
        yield f"it is held to {held}, and this is for {' '.join(sorted(wanted - limits.usages))}"
    if profile.ca and limits.below is not None:
        yield from _depth_faults(limits.below, path_length(profile, request))


def _depth_faults(allowed: int, own: int | None) -> Iterator[str]:
    if allowed < 1:
        yield "no CA may stand below it (path length)"
    elif own is None or own >= allowed:
        more = "any number" if own is None else own
        yield f"{allowed} in a row may stand below it (path length), and the new one would allow {more} more"
