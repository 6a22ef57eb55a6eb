"""Who may enter, as nginx's map: keyed on issuer and serial, the only pair that names one certificate and nothing else."""

import re

from handclasp.model.errors import PolicyError
from handclasp.model.intent import AdmittedCertificate
from handclasp.nginxconf import render_words as words

_SERIAL = re.compile(r"(?:[0-9A-F]{2}){1,20}")  # RFC 5280 4.1.2.2: at most 20 octets
_SPECIAL = re.compile(r"[^A-Za-z0-9 ,=_:@/-]")


def access_variable(name: str) -> str:
    """The variable that holds the identity of an admitted client, empty for everybody else."""
    return f"$handclasp_{name}_client"


def access_map(name: str, allow: tuple[str, ...], admitted: tuple[AdmittedCertificate, ...]) -> str:
    """Two maps: issuer to a number, then number and serial to the identity.

    The issuer is matched by an anchored, escaped expression and not as a key: keys ignore case, and long ones need a setting
    (map_hash_bucket_size) that only one place in http{} may make.

    Raises:
        PolicyError: a name without a certificate that could enter, or a serial or issuer that nginx never shows.
    """
    entering, issuers = _entering(allow, admitted)
    return "\n".join(
        (
            "# Issuer and serial name one certificate. Subjects can be alike under two CAs, and parts of them can be forged.",
            f"map $ssl_client_i_dn $handclasp_{name}_issuer {{",
            '    default "";',
            *(f"    {exactly(issuer)} {number};" for issuer, number in issuers.items()),
            "}",
            f'map "$handclasp_{name}_issuer:$ssl_client_serial" {access_variable(name)} {{',
            '    default "";',
            *_rows(entering, issuers, {one.identity: one.identity for one in entering}),
            "}",
            "",
        )
    )


def issuer_map(name: str, issuers: tuple[str, ...], *, optional: bool) -> str:
    """1 for clients of these CAs, and with `optional` for whoever shows no certificate; 0 for all others."""
    known = (words.literal(rf"~\ASUCCESS:{_escaped(issuer)}\z", "the issuer name") for issuer in issuers)
    return "\n".join(
        (
            "# With a CA its root has to be trusted, and so is every other CA below that: whose client it is says the issuer.",
            f'map "$ssl_client_verify:$ssl_client_i_dn" $handclasp_{name}_ours {{',
            "    default 0;",
            *(["    NONE: 1;"] if optional else []),
            *(f"    {one} 1;" for one in known),
            "}",
            "",
        )
    )


def grant_map(name: str, granted: dict[str, str], admitted: tuple[AdmittedCertificate, ...]) -> str:
    """A third map beside those of `access_map`: the same key to the parts of the site that this identity is listed for."""
    entering, issuers = _entering(tuple(granted), admitted)
    head = f'map "$handclasp_{name}_issuer:$ssl_client_serial" $handclasp_{name}_grants {{'
    return "\n".join((head, '    default "";', *_rows(entering, issuers, granted), "}", ""))


def _entering(
    allow: tuple[str, ...], admitted: tuple[AdmittedCertificate, ...]
) -> tuple[list[AdmittedCertificate], dict[str, int]]:
    """The certificates of the listed identities, and a number for each of their issuers."""
    wanted = dict.fromkeys(allow)
    entering = [one for one in admitted if one.identity in wanted]
    found = {one.identity for one in entering}
    missing = [each for each in wanted if each not in found]
    if missing:
        raise PolicyError(
            f"no live client certificate for: {', '.join(missing)}",
            hint="\n".join(f"handclasp issue {each}" for each in missing[:5]),
        )
    return entering, {issuer: number for number, issuer in enumerate(dict.fromkeys(one.issuer_dn for one in entering), start=1)}


def _rows(entering: list[AdmittedCertificate], issuers: dict[str, int], values: dict[str, str]) -> list[str]:
    rows: dict[str, str] = {}
    for one in entering:
        if not _SERIAL.fullmatch(one.serial):
            raise PolicyError(
                f"{one.serial[:60]!r} is not a serial as nginx shows it", hint="upper-case hexadecimal, whole bytes"
            )
        key = f"{issuers[one.issuer_dn]}:{one.serial}"
        value = words.word(values[one.identity], "the identity")
        if rows.setdefault(key, value) != value:
            raise PolicyError(f"two identities have the certificate with serial {one.serial}")
    return [f"    {key} {value};" for key, value in rows.items()]


def exactly(issuer: str) -> str:
    """An expression that fits this issuer and no other, as a word."""
    return words.literal(rf"~\A{_escaped(issuer)}\z", "the issuer name")


def _escaped(text: str) -> str:
    return _SPECIAL.sub(lambda found: "\\" + found[0], text)
