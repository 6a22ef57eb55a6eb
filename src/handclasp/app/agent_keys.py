"""The keys and certificates of an nginx host of a fleet, its own and its sites': made here, and renewed in time.

In time is before they end, and as soon as their CA signs no more: it is on its way out, and who trusts its successor alone
refuses them.
"""

import posixpath

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from handclasp.app.apply_cast import Member
from handclasp.app.apply_certificates import Pair
from handclasp.app.apply_place import file_name
from handclasp.app.canary_proof import member
from handclasp.app.post import Post, due, keep, kept, leaf
from handclasp.app.site import SiteOrder
from handclasp.model.errors import InputError, WorldError
from handclasp.model.intent import SiteIntent
from handclasp.model.issuance import KeyType
from handclasp.model.probe import ClientIdentity
from handclasp.nginxconf.render_words import server_name
from handclasp.pki.ca_request import request_pem
from handclasp.pki.export import key_pem, load_key
from handclasp.pki.signing import narrowed

Signers = tuple[str, ...]
"""Key identifiers (hexadecimal) of the CAs that sign now; none: nobody said."""


def name_of(chain: bytes, *, where: str) -> str:
    """The name that the CA gave the holder of this certificate. InputError when it is none."""
    try:
        return str(leaf(chain).subject.get_attributes_for_oid(NameOID.COMMON_NAME)[-1].value)
    except (ValueError, IndexError) as error:
        raise InputError("holds no certificate of a host", where=where, hint="give its chain.pem") from error


def certify(post: Post, order: SiteOrder) -> Pair:
    """A new key and the CA's certificate for it; kept at once, so that a failing apply does not ask for one each time."""
    key = narrowed(post.keys.generate(KeyType.EC_P256))
    chain = post.desk.certify(order.intent.server_names[0], request_pem(key))
    pair = Pair(certificate=chain, key=key_pem(key))
    keep(post.gear.files, _kept(post, order), pair)
    return pair


def _kept(post: Post, order: SiteOrder) -> str:
    return posixpath.join(post.place.instance.notes, file_name(order))


def best(post: Post, order: SiteOrder, signers: Signers) -> Pair | None:
    """The pair that serves this site longest: of those in use and kept, one that fits and needs no successor, or None."""
    places = posixpath.join(post.place.pki, file_name(order)), _kept(post, order)
    found = [pair for base in places if (pair := kept(post.gear.files, base)) and _lasts(post, pair.certificate, signers)]
    fitting = [pair for pair in found if _covers(pair.certificate, order.intent)]
    return max(fitting, key=lambda pair: leaf(pair.certificate).not_valid_after_utc, default=None)


def renew_own(post: Post, signers: Signers) -> bool:
    """Renew what this host shows to the CA, for the key it has, when it needs a successor."""
    files = post.gear.files
    if _lasts(post, files.read(post.chain), signers):
        return False
    files.write(post.chain, post.desk.renew(request_pem(load_key(files.read(post.key), where=post.key))), mode=0o644)
    return True


def itself(post: Post) -> Member:
    """This host as a client: one of the CA's clients, on a site's list or not."""
    chain = post.gear.files.read(post.chain)
    holds = ClientIdentity(certificate_chain=chain, private_key=post.gear.files.read(post.key))
    return member(name_of(chain, where=post.chain), holds)


def _covers(chain: bytes, site: SiteIntent) -> bool:
    names = leaf(chain).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    held = set(names.get_values_for_type(x509.DNSName))
    return {server_name(name) for name in site.server_names} <= held


def _lasts(post: Post, chain: bytes, signers: Signers) -> bool:
    """Whether a certificate needs no successor: more than a third of its life is left, and its CA still signs."""
    return not due(chain, post.now()) and (not signers or _signer(chain) in {*signers, None})


def _signer(chain: bytes) -> str | None:
    """The key identifier of who signed it, if it says so."""
    try:
        found = leaf(chain).extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    except x509.ExtensionNotFound:
        return None
    return found.hex() if found is not None else None


def trust_newer(post: Post, bundle: bytes) -> tuple[bool, str]:
    """Have the file by which the API is verified hold the CAs that there are now: a later rollover locks no host out.

    Only where the API shows a certificate of theirs: one behind somebody else's is verified with somebody else's file. Whether
    the file was written; and why it could not be, in words.
    """
    held = {one.fingerprint(SHA256()) for one in x509.load_pem_x509_certificates(post.gear.files.read(post.trusted))}
    if held == {one.fingerprint(SHA256()) for one in x509.load_pem_x509_certificates(bundle)} or not post.desk.verifies(bundle):
        return False, ""
    try:
        post.gear.files.write(post.trusted, bundle, mode=0o644)
    except WorldError as error:  # the orders are in force; who may write there has to do it
        return False, str(error)
    return True, ""
