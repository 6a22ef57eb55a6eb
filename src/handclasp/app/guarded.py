"""The same client CA for a server that is not nginx: which files, and who may enter."""

import hashlib

from handclasp.app.home import Home
from handclasp.app.names_here import which_identity
from handclasp.app.register import may_enter
from handclasp.app.site import SiteOrder, material
from handclasp.model.command import word
from handclasp.model.errors import UsageError
from handclasp.model.guarded import Guarded, Member
from handclasp.model.intent import SiteIntent
from handclasp.model.issuance import CertificateRecord
from handclasp.pki.names import identity_name
from handclasp.pki.read import certificate_from_der
from handclasp.pki.serials import format_serial


def guarded(home: Home, name: str, allow: tuple[str, ...] = ()) -> Guarded:
    """A service of this name that only clients of the home's CA reach; () in `allow`: all of them.

    Raises:
        UsageError: the home has no CA, no certificate for the name, or no live client certificate for somebody listed.
    """
    wanted = tuple(identity_name(each) for each in allow)
    files = material(home, SiteOrder(intent=SiteIntent(server_names=(name,), listen=(("*", 443),))))
    records = may_enter(home, names=wanted or None)
    missing = [each for each in wanted if each not in {record.name for record in records}]
    if missing:
        hint = which_identity(home, missing[0], f"handclasp issue {word(missing[0])}")
        raise UsageError(f"no live client certificate for: {', '.join(missing)}", hint=hint)
    return Guarded(
        name=name,
        certificate=files.certificate,
        certificate_key=files.certificate_key,
        authorities=files.client_certificate,
        crl=home.layout.crl,
        depth=files.verify_depth,
        members=tuple(member_of(record) for record in records),
        listed=bool(wanted),
    )


def member_of(record: CertificateRecord) -> Member:
    """A certificate of the register, as other servers name it."""
    der = record.certificate or b""
    return Member(
        identity=record.name,
        issuer_dn=certificate_from_der(der).issuer_text,
        serial=format_serial(record.serial),
        sha256=hashlib.sha256(der).hexdigest(),
    )
