"""What the commands below `handclasp ca` share: options of a new CA, and CAs as fields and words."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import click
from cryptography import x509

from handclasp.cli.completing import profiles

if TYPE_CHECKING:
    from handclasp.app.hierarchy import CaState
    from handclasp.cli.frame import Frame
    from handclasp.model.issuance import Authority

F = TypeVar("F", bound=Callable[..., Any])


def limit_options(function: F) -> F:
    """What a new CA is held to."""
    purpose = click.option(
        "--for",
        "purposes",
        multiple=True,
        metavar="PROFILE",
        shell_complete=profiles,
        help="Only for this profile (client, server ...); repeatable.",
    )
    permit = click.option(
        "--permit",
        multiple=True,
        metavar="KIND:NAME",
        help="Only names below dns:example.test, email:HOST, ip:NET, uri:HOST; repeatable.",
    )
    exclude = click.option("--exclude", multiple=True, metavar="KIND:NAME", help="No names below this one; repeatable.")
    length = click.option("--path-length", type=click.IntRange(0, 8), help="How many CAs may stand below it.  [default: 0]")
    return purpose(permit(exclude(length(function))))


def as_tree(states: "Iterable[CaState]", parent: str | None = None, depth: int = 0) -> "Iterator[tuple[int, CaState]]":
    """Every CA with its depth, below the one that signed it."""
    listed = tuple(states)
    for one in listed:
        if one.authority.parent == parent:
            yield depth, one
            yield from as_tree(listed, one.authority.label, depth + 1)


def ca_fields(state: "CaState") -> dict[str, Any]:
    """One CA for programs."""
    from cryptography.hazmat.primitives.hashes import SHA256

    from handclasp.app.authority import certificate_of
    from handclasp.cli.ca_json import authority_json

    certificate = certificate_of(state.authority)
    return authority_json(state.authority) | {
        "state": state.state,
        "for": list(state.purposes),
        "key_here": state.here,
        "users": state.users,
        "sha256": certificate.fingerprint(SHA256()).hex().upper(),
        "limits": limits_of(certificate),
    }


def limits_of(certificate: x509.Certificate) -> str:
    """What a CA is held to, in the words of the options; empty when nothing."""
    from handclasp.pki.ca_extensions import purposes_in, subtrees_in
    from handclasp.present.visible import visible

    permitted, excluded = subtrees_in(certificate)
    words = [f"--permit {one.kind}:{one.value}" for one in permitted]
    words += [f"--exclude {one.kind}:{one.value}" for one in excluded]
    usages = purposes_in(certificate)
    return visible(" ".join([*usages, *words]))


def made_line(frame: "Frame", authority: "Authority") -> None:
    """Say that a CA was made."""
    from handclasp.app.authority import certificate_of
    from handclasp.present.ca_words import say
    from handclasp.present.visible import visible

    certificate = certificate_of(authority)
    subject = visible(certificate.subject.rfc4514_string())
    frame.out(
        say(frame.lang, "ca-made", label=authority.label, subject=subject, end=f"{certificate.not_valid_after_utc:%Y-%m-%d}")
    )
    if limits := limits_of(certificate):
        frame.out(say(frame.lang, "ca-limits", limits=limits))
