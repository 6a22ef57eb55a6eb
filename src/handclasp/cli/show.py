"""handclasp show."""

from typing import TYPE_CHECKING

import click

from handclasp.cli.ca_options import meant, world
from handclasp.cli.completing import identities_or_files
from handclasp.cli.frame import Frame, framed
from handclasp.model.text import Text
from handclasp.present.columns import pad
from handclasp.present.visible import readable

if TYPE_CHECKING:
    from handclasp.app.register import Shown
    from handclasp.model.certificate import Certificate

_LABELS = {
    "subject": Text(en="subject", zh="主题"),
    "issuer": Text(en="issuer", zh="签发者"),
    "names": Text(en="names", zh="备用名称"),
    "key": Text(en="key", zh="密钥"),
    "usage": Text(en="usage", zh="用途"),
    "sha256": Text(en="sha256", zh="SHA-256"),
}
_NOTHING = {"names": Text(en="none", zh="无"), "usage": Text(en="any", zh="不限")}


@click.command("show")
@click.argument("name", shell_complete=identities_or_files)
@framed
def command(frame: Frame, *, name: str) -> None:
    r"""Show an identity: its certificates, what the newest one says, and its files.

    NAME may also be a serial, a fingerprint, an alternative name or a certificate file, as for `list`; - is standard input.

    \b
    Examples:
      handclasp show alice
      handclasp show ./certificate.pem
    """
    from handclasp.app.register import show

    here = world(frame)
    found = show(here.ca, meant(here, name))
    if frame.json:
        frame.document("show", _fields(found))
        return
    frame.out(found.name)
    for one in found.entries:
        frame.out(f"  {one.status:9} {one.profile}, {one.not_before:%Y-%m-%d} to {one.not_after:%Y-%m-%d}")
        if one.revoked_at:
            frame.out(f"            revoked on {one.revoked_at:%Y-%m-%d}: {one.reason}")
        frame.out(f"            serial {one.serial}, from {one.issuer}")
    if found.certificate:
        for label, value in _facts(found.certificate).items():
            text = readable(value) if isinstance(value, str) else ", ".join(value) or _NOTHING[label].in_language(frame.lang)
            frame.out(f"  {pad(_LABELS[label].in_language(frame.lang), 9)} {text}")
    for path in found.files:
        frame.out(f"  {path}")


def _facts(certificate: "Certificate") -> dict[str, str | list[str]]:
    from handclasp.pki.alt_names import as_asked
    from handclasp.pki.usage_words import extended_key_usages, key_usages
    from handclasp.present.visible import visible

    names = [f"{name.kind}:{name.value}" for name in map(as_asked, certificate.subject_alt_name or ())]
    return {
        "subject": visible(certificate.subject_text),
        "issuer": visible(certificate.issuer_text),
        "names": [visible(name) for name in names],
        "key": f"{certificate.key_kind} {certificate.key_bits}",
        "usage": [visible(usage) for usage in sorted({*key_usages(certificate), *extended_key_usages(certificate)})],
        "sha256": certificate.fingerprint,
    }


def _fields(found: "Shown") -> dict[str, object]:
    from handclasp.cli.ca_json import entry_json

    return {
        "name": found.name,
        "certificates": [entry_json(one) for one in found.entries],
        "newest": _facts(found.certificate) if found.certificate else None,
        "issuers": found.issuers,
        "folder": found.folder,
        "files": {path.rpartition("/")[2]: path for path in found.files},
    }
