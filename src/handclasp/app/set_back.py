"""A registry that is older than CRLs of its CAs: an old copy was put back without `restore`, or another machine has these CAs.

What was revoked since stands on those CRLs and not here. The next ones would forget it, so nothing is signed until
`restore --crl` has read them (app.settle), and no nginx is given lists that are older than what it has.
"""

import contextlib
from collections.abc import Iterator

from handclasp.app.home import Home
from handclasp.model.errors import InputError, PolicyError
from handclasp.model.octets import Octets
from handclasp.pki.crl_file import crl_heads
from handclasp.pki.read import certificate_from_der
from handclasp.verdict.issued import akid_mismatch


def published_numbers(home: Home) -> Iterator[tuple[tuple[str, ...], int]]:
    """The numbers of the CRLs in the home's file, each with the CAs that may have signed it; those before what is damaged.

    `status` and `crl` tell of the damage, and write the file anew.
    """
    with contextlib.suppress(ValueError):
        yield from _numbers(home, home.files.octets(home.layout.crl))


def _numbers(home: Home, lists: Octets) -> Iterator[tuple[tuple[str, ...], int]]:
    """Two CAs may have the same name, and an import may bring the key of a CA that is here already."""
    cas = [(one.label, certificate_from_der(one.certificate)) for one in home.authorities()]
    for crl in crl_heads(lists):
        own = (one for one, ca in cas if crl.issuer == ca.subject and akid_mismatch(ca, crl.authority_key_identifier) is None)
        if labels := tuple(own):
            yield labels, crl.crl_number or 0


def set_back(home: Home) -> dict[str, int]:
    """CAs with a published CRL that the registry never knew, and its number. A file that cannot be read says nothing."""
    try:
        return unknown_in(home, home.files.octets(home.layout.crl))
    except InputError:
        return {}


def unknown_in(home: Home, lists: Octets) -> dict[str, int]:
    """CAs of this home with a CRL in a file that the registry never knew, and its number; none where the file is damaged."""
    found: dict[str, int] = {}
    with contextlib.suppress(ValueError):
        for labels, number in _numbers(home, lists):
            if all(number > home.store.last_crl_number(label) for label in labels):
                found[labels[0]] = number
    return found


def refuse_going_back(home: Home, lists: Octets, *, where: str) -> None:
    """PolicyError when an nginx has CRLs that are newer than any of this registry."""
    for label, number in unknown_in(home, lists).items():
        raise PolicyError(
            f"nginx has CRL {number} of the {label} CA, and the registry here never knew it: another machine has this CA too, "
            "or an older copy was put back. It keeps what it has",
            where=where,
            hint=f"handclasp restore --crl {where}     brings here what it says\ngo on with one of the two machines only",
        )


def way_back(home: Home) -> str:
    """The command that helps."""
    return f"handclasp restore --crl {home.layout.crl} --certificates {home.layout.at('identities')}"


def refuse_set_back(home: Home) -> None:
    """PolicyError when the registry is older than the CRLs that this home published."""
    for label, number in set_back(home).items():
        raise PolicyError(
            f"CRL {number} of the {label} CA is published, and the registry never knew it: an older copy was put back, or "
            "this CA lives on another machine too. "
            "Nothing is signed: what was revoked since would be forgotten",
            where=home.layout.registry_url if home.files.exists(home.layout.registry_url) else home.layout.registry,
            hint=f"{way_back(home)}     brings back what they say\nor put the newest registry back",
        )
