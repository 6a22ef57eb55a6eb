"""handclasp ca: more CAs than the first two, their succession, and a root whose key is elsewhere."""

import click

from handclasp.cli.frame import LazyGroup


@click.group(
    "ca",
    cls=LazyGroup,
    package="handclasp.cli.ca",
    commands={
        "list": "List the CAs of this home, what they are for, and how many depend on them.",
        "add": "Make another CA: for servers alone, for one domain, or a deeper one.",
        "users": "Say who still has a certificate below a CA.",
        "rollover": "Make the successor of a CA, while both are trusted.",
        "retire": "Let a CA sign nobody new.",
        "drop": "Trust a CA no longer, once nobody needs it.",
        "revoke": "Revoke a CA: everybody below it is refused.",
        "request": "Make a CA's key here, and a request for the machine of its root.",
        "sign": "Sign the request of a CA from another machine.",
        "accept": "Take the signed CA, or newer CRLs, from the machine of the root.",
        "token": "Name the PKCS#11 token in which keys are made.",
        "export": "Write a CA as a folder with which openssl ca goes on.",
        "addresses": "Say where CRLs, OCSP and CA certificates are fetched; new certificates name it.",
    },
)
def command() -> None:
    r"""Manage the CAs of this home.

    \b
    A root on a machine without network:
      there   handclasp init --root-only
      here    handclasp init --offline-root       writes HOME/requests/issuing.csr
      there   handclasp ca sign issuing.csr -o reply.pem
      here    handclasp ca accept reply.pem
    \b
    A new root, while the old one is still trusted:
      handclasp ca rollover root
      handclasp nginx apply                       nginx must know both first
      handclasp renew --under root
      handclasp ca users root                     until nobody is left
      handclasp ca drop root
    """
