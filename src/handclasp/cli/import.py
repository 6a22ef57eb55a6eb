"""handclasp import."""  # noqa: N999 - the command is called so

from typing import TYPE_CHECKING

import click

from handclasp.cli.ca_options import dry_run_option, passphrase_options, world
from handclasp.cli.frame import Frame, framed
from handclasp.model.text import plural

if TYPE_CHECKING:
    from handclasp.app.adopt import Adopted
    from handclasp.app.crl import PublishedCrl
    from handclasp.app.old_pki import OldPki, Unsafe


@click.command("import")
@click.argument("folder", type=click.Path(), required=False)
@click.option("--ca", "certificate", type=click.Path(dir_okay=False), help="The CA's certificate, where no folder says it.")
@click.option("--key", type=click.Path(dir_okay=False), help="The CA's private key, where it lies elsewhere.")
@click.option("--certificates", multiple=True, type=click.Path(), help="More certificates: a file or folder. May be repeated.")
@click.option("--crl", multiple=True, type=click.Path(dir_okay=False), help="A CRL of these CAs. May be repeated.")
@click.option("--label", default="old", show_default=True, help="What the CA is called here.")
@click.option("--old-passphrase-file", type=click.Path(dir_okay=False), help="File (mode 0600) with the old key's passphrase.")
@click.option("--report", "only_look", is_flag=True, help="Only look, and say what is there and what is unsafe; needs no home.")
@passphrase_options
@dry_run_option
@framed
def command(
    frame: Frame,
    *,
    folder: str | None,
    certificate: str | None,
    key: str | None,
    certificates: tuple[str, ...],
    crl: tuple[str, ...],
    label: str,
    old_passphrase_file: str | None,
    only_look: bool,
    passphrase_file: str | None,
    passphrase_fd: int | None,
) -> int:
    r"""Take over a CA made with openssl, easy-rsa, step-ca or cfssl, or its bare certificate and key. Nothing there is changed.

    Its certificates stay good; they can be listed, renewed and revoked here. Renewing one issues it anew from this home's CA.
    What is unsafe there is told. Exit code 1: --report found something of severity error.

    \b
    Examples:
      handclasp import /etc/ssl/demoCA --report
      handclasp init && handclasp import /etc/ssl/demoCA
      handclasp import ~/.step --old-passphrase-file step-password
      handclasp import --ca ca.crt --key ca.key --certificates issued/ --crl crl.pem
      handclasp import ca.pfx --old-passphrase-file pfx-password
    """
    from handclasp.app.adopt import adopt
    from handclasp.app.old_findings import unsafe_in
    from handclasp.app.old_folder import read_old_pki
    from handclasp.app.old_material import Looked

    here = world(frame, passphrase_file=passphrase_file, passphrase_fd=passphrase_fd)
    if not only_look:
        here.ca.authorities()
    secret = here.secret_in(old_passphrase_file) if old_passphrase_file else None
    place = (folder.rstrip("/") or "/") if folder is not None else None
    if place is not None and certificate is None and here.files.exists(place) and not here.files.is_folder(place):
        place, certificate = None, place  # a file can only be the CA's
    looked = Looked(folder=place, certificate=certificate, key=key, certificates=certificates, crls=crl)
    found = read_old_pki(here.files, looked, passphrase=secret, cfssl=here.cfssl)
    unsafe = unsafe_in(found, here.clock.now())
    if only_look:
        _report(frame, found, unsafe)
        return int(any(one.severity == "error" for one in unsafe))
    done, crls = adopt(here.ca, found, label=label, passphrase_given=secret is not None)
    _told(frame, found, done, crls, unsafe)
    if not frame.json:
        frame.out(f"  for nginx: ssl_client_certificate {here.layout.bundle};")
        frame.out(f"             ssl_crl                {here.layout.crl};")
        frame.hint(
            "next: handclasp list     then renew one after the other; the old CA may go when none of its certificates is left"
        )
    return 0


def _report(frame: Frame, found: "OldPki", unsafe: "tuple[Unsafe, ...]") -> None:
    from handclasp.present.visible import visible

    if frame.json:
        frame.document("import", {"kind": found.kind, "authorities": _authorities(found), "findings": _findings(unsafe, frame)})
        return
    for ca, one in zip(found.cas, _authorities(found), strict=True):
        count = len(ca.lines)
        frame.out(f"{visible(str(one['subject']))}: {count} certificate{plural(count)}, {one['revoked']} revoked")
        frame.out(f"  key: {one['key'] or '-'}, next CRL number: {one['crl_number']}")
    _tell(frame, unsafe)
    frame.hint("nothing was taken over; the same command without --report does it")


def _told(
    frame: Frame, found: "OldPki", done: "tuple[Adopted, ...]", crls: "tuple[PublishedCrl, ...]", unsafe: "tuple[Unsafe, ...]"
) -> None:
    from handclasp.present.visible import visible

    if frame.json:
        from handclasp.cli.ca_json import crl_json

        lowest = done[-1]
        fields: dict[str, object] = {"label": lowest.label, "subject": lowest.subject, "kind": found.kind}
        fields |= {"taken": sum(one.taken for one in done), "revoked": sum(one.revoked for one in done)}
        missing = [serial for one in done for serial in one.missing]
        labels = [{"label": one.label, "subject": one.subject, "signs": one.signs} for one in done]
        more = {"missing": missing, "authorities": labels, "findings": _findings(unsafe, frame)}
        frame.document("import", fields | more | {"crls": [crl_json(one) for one in crls]})
        return
    for one in done:
        frame.out(f"{one.label}: {visible(one.subject)}, {one.taken} certificate{plural(one.taken)}, {one.revoked} revoked")
        if one.missing:
            more_of = " ..." if len(one.missing) > 10 else ""
            frame.out(f"  not found, but can be revoked: {', '.join(one.missing[:10])}{more_of}")
    _tell(frame, unsafe)


def _tell(frame: Frame, unsafe: "tuple[Unsafe, ...]") -> None:
    from handclasp.present.visible import visible

    for one in unsafe:
        frame.out(visible(f"{one.severity.value}: {one.where}: {one.what.in_language(frame.lang)}"))
        frame.out(visible(f"    {one.hint.in_language(frame.lang)}"))


def _authorities(found: "OldPki") -> list[dict[str, object]]:
    return [
        {
            "subject": ca.certificate.subject_text,
            "not_after": ca.certificate.not_after,
            "key": ca.key.path if ca.key else None,
            "certificates": len(ca.lines),
            "revoked": sum(line.revoked_at is not None for line in ca.lines),
            "crl_number": ca.crl_number,
        }
        for ca in found.cas
    ]


def _findings(unsafe: "tuple[Unsafe, ...]", frame: Frame) -> list[dict[str, object]]:
    return [
        {
            "finding": one.slug,
            "severity": one.severity.value,
            "where": one.where,
            "summary": one.what.in_language(frame.lang),
            "hint": one.hint.in_language(frame.lang),
        }
        for one in unsafe
    ]
