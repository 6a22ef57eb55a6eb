"""The same client CA for a server that is not nginx: which files, and who may enter."""

import hashlib

from handclasp.app.home import Home
from handclasp.app.register import may_enter
from handclasp.app.site import SiteOrder, material
from handclasp.model.errors import UsageError
from handclasp.model.guarded import Guarded, Member
from handclasp.model.intent import SiteIntent
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
        raise UsageError(f"no live client certificate for: {', '.join(missing)}", hint=f"handclasp issue {missing[0]}")
    return Guarded(
        name=name,
        certificate=files.certificate,
        certificate_key=files.certificate_key,
        authorities=files.client_certificate,
        crl=files.crl,
        depth=files.verify_depth,
        members=tuple(_member(record.name, record.serial, record.certificate or b"") for record in records),
        listed=bool(wanted),
    )


def _member(name: str, serial: int, der: bytes) -> Member:
    return Member(
        identity=name,
        issuer_dn=certificate_from_der(der).issuer_text,
        serial=format_serial(serial),
        sha256=hashlib.sha256(der).hexdigest(),
    )
