"""The canaries of an nginx host: how it comes to have them, and what its nginx says when they knock.

A canary is a client whose key was made here and that was revoked before its certificate was handed out. The site's own log
tells why nginx refused it: only `certificate revoked` (X509_V_ERR_CERT_REVOKED) shows that the CRL of its CA was read.
"""

import hashlib
import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from handclasp.app.apply_cast import Cast, Member
from handclasp.app.apply_certificates import Pair
from handclasp.app.apply_proof import SiteProver, key, spoken
from handclasp.app.host_orders import CrlProof, HostOrders
from handclasp.app.post import Post, due, keep, kept, leaf
from handclasp.app.site import logs_of
from handclasp.app.site_log import Note, awaited
from handclasp.model.certificate import Crl
from handclasp.model.errors import HandclaspError, WorldError
from handclasp.model.intent import SiteIntent
from handclasp.model.issuance import KeyType
from handclasp.model.plan import Expect, ProbeStep, Who
from handclasp.model.probe import ClientIdentity
from handclasp.nginxconf.render_words import server_name
from handclasp.pki.ca_request import request_pem
from handclasp.pki.distinguished_name import rfc2253
from handclasp.pki.export import key_pem, load_key
from handclasp.pki.read import certificates_from_pem, crls_from_pem
from handclasp.pki.signing import narrowed

REVOKED = "FAILED:certificate revoked"
"""$ssl_client_verify of a client that the CRL lists, in every OpenSSL."""

_SUCCESS = "SUCCESS"
_FOLDER = "canaries"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What looking after the canaries came to. `made`: there are new ones, so the CRL is a newer one too.

    `lacking` says by CA why there is no canary; `unreachable`: it is worth asking again soon.
    """

    made: bool
    lacking: dict[str, str]
    unreachable: bool


def settled(post: Post) -> bool:
    """Whether every canary that was made here is whole, and not due."""
    files, folder, now = post.gear.files, _folder(post), post.now()
    if not files.exists(folder):
        return True
    bases = {path.rpartition(".")[0] for path in files.walk(folder)}
    return all((pair := kept(files, base)) is not None and not due(pair.certificate, now) for base in bases)


def look_after(post: Post, labels: tuple[str, ...]) -> Kept:
    """Have a canary of each of these CAs; those of other CAs, which make none any more, are thrown away."""
    files, now = post.gear.files, post.now()
    bases = {label: _base(post, label) for label in labels}
    made, unreachable, lacking = False, False, dict[str, str]()
    for label, base in bases.items():
        pair = kept(files, base)
        if pair is not None and not due(pair.certificate, now):
            continue
        try:
            _make(post, label, base)
        except HandclaspError as error:  # orders are carried out without a proof too
            lacking[label] = str(error)
            unreachable |= isinstance(error, WorldError)
        else:
            made = True
    wanted = {f"{base}.{end}" for base in bases.values() for end in ("key", "pem")}
    for path in tuple(files.walk(_folder(post))) if files.exists(_folder(post)) else ():
        if path not in wanted and path.rpartition(".")[0].removesuffix(".new") not in bases.values():
            files.remove(path)
    return Kept(made=made, lacking=lacking, unreachable=unreachable)


def flock(post: Post, orders: HostOrders) -> dict[str, tuple[Member, int]]:
    """By CA, the canary that the ordered CRL lists, and that CRL's number."""
    lists = crls_from_pem(orders.crl.encode(), where="the CRLs of the CA") if orders.canaries else ()
    found = {}
    for label in orders.canaries:
        pair = kept(post.gear.files, _base(post, label))
        crl = _crl_of(pair, lists) if pair is not None else None
        if pair is not None and crl is not None and crl.crl_number is not None:
            holds = ClientIdentity(certificate_chain=pair.certificate, private_key=pair.key)
            found[label] = member(f"canary of {label}", holds), crl.crl_number
    return found


def member(name: str, holds: ClientIdentity) -> Member:
    """A client by what it holds; its CA goes by its name, which is all that a host knows of CAs."""
    first = leaf(holds.certificate_chain)
    return Member(name=name, serial=first.serial_number, holds=holds, issuer=rfc2253(first.issuer.public_bytes()))


def proofs(post: Post, orders: HostOrders, cast: Cast, lacking: dict[str, str]) -> tuple[CrlProof, ...]:
    """Send the canaries and this host itself to the sites of their CAs, and read in the logs what nginx made of them."""
    return tuple(_proofs(post, orders, cast, lacking)) if orders.canaries else ()


def _proofs(post: Post, orders: HostOrders, cast: Cast, lacking: dict[str, str]) -> Iterator[CrlProof]:
    listed = flock(post, orders)
    judge = _Judge(post, orders.sites, cast)
    control = next(judge.doubts(cast.good[0], Who.GOOD, _SUCCESS), None) if listed else None
    for label in orders.canaries:
        if label not in listed:
            yield CrlProof(ca=label, why=lacking.get(label, "its CRL does not list the canary yet"))
            continue
        canary, number = listed[label]
        why = next(judge.doubts(canary, Who.REVOKED, REVOKED), control)
        why = why or (None if judge.sites_of(canary) else "no site here lets in clients of this CA")
        yield CrlProof(ca=label, number=number, proven=why is None, why=why or "")


@dataclass(frozen=True, slots=True)
class _Judge:
    """Sends somebody to the sites and reads what nginx noted."""

    post: Post
    sites: tuple[SiteIntent, ...]
    cast: Cast

    def sites_of(self, member: Member) -> list[SiteIntent]:
        """The sites that trust this client's CA: of others nginx has another reason to refuse it."""
        return [site for site in self.sites if self.cast.suits(site, None, member)]

    def doubts(self, member: Member, who: Who, expected: str) -> Iterator[str]:
        """One sentence for each site that noted something else."""
        for site in self.sites_of(member):
            doubt = self._doubt(site, member, who, expected)
            if doubt is not None:
                yield f"{site.server_names[0]}: {doubt}"

    def _doubt(self, site: SiteIntent, member: Member, who: Who, expected: str) -> str | None:
        """Make a fresh connection to this site, and read its $ssl_client_verify in the log; None when it is as expected."""
        gear, name = self.post.gear, site.server_names[0]
        mark = f"/?handclasp-proof={gear.entropy.bytes(8).hex()}"
        step = ProbeStep(
            name=name, expect=Expect.REFUSED, site=name, who=who, identity=key(member), tls=spoken(site)[-1], path=mark
        )
        # No witness: whether the client was let in is the probes' business.
        seen = SiteProver(door=gear.probe, sites={name: site}, cast=self.cast).ask(step)
        if seen.unreachable:
            return f"it could not be asked as {member.name}: {seen.error}"
        port, serial = str(seen.local_port), member.serial

        def mine(note: Note) -> bool:
            return (note.port == port and _is(note.serial, serial)) if site.stream else note.uri == mark

        note = awaited(gear, logs_of(self.post.place.logs, server_name(name))[1], mine)
        if note is None:
            return f"its log does not say what became of {member.name}"
        return None if note.verify == expected else f"nginx says {note.verify} of {member.name}"


def _is(noted: str, serial: int) -> bool:
    """Whether a $ssl_client_serial (hexadecimal; empty without a certificate) is this number."""
    return bool(noted) and int(noted, 16) == serial


def _make(post: Post, label: str, base: str) -> None:
    """Key first: asked again after an interruption, the CA gives the same certificate for it."""
    files, staged = post.gear.files, f"{base}.new.key"
    files.make_folder(_folder(post), mode=0o700)
    if not files.exists(staged):
        files.write(staged, key_pem(narrowed(post.keys.generate(KeyType.EC_P256))), mode=0o600)
    secret = files.read(staged)
    chain = post.desk.canary(label, request_pem(load_key(secret, where=staged)))
    keep(files, base, Pair(certificate=chain, key=secret))
    files.remove(staged)


def _crl_of(pair: Pair, lists: Iterable[Crl]) -> Crl | None:
    """The CRL that lists this certificate. Two CAs may have the same name: the key tells whose it is."""
    (certificate, *_) = certificates_from_pem(pair.certificate, where="the canary")
    for crl in lists:
        named = crl.issuer == certificate.issuer and crl.authority_key_identifier == certificate.authority_key_identifier
        if named and certificate.serial in crl.revoked:
            return crl
    return None


def _base(post: Post, label: str) -> str:
    """Where a canary lies. The label comes over the network: no path is made of it."""
    return posixpath.join(_folder(post), hashlib.sha256(label.encode()).hexdigest()[:16])


def _folder(post: Post) -> str:
    return posixpath.join(post.place.instance.notes, _FOLDER)
