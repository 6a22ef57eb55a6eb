"""Terminal shell: one short module per command. Nothing heavy is imported before a command runs."""

import atexit
import gc
import os
import sys
import warnings
from importlib import import_module

import click

from handclasp import __version__
from handclasp.cli.frame import LazyGroup, asked_lang, report
from handclasp.cli.speech import speaking


@click.group(
    cls=LazyGroup,
    package="handclasp.cli",
    commands={
        "init": "Make a root CA and an issuing CA.",
        "issue": "Make a key and a certificate for a person, a device or a service.",
        "renew": "Make a new certificate with the same key.",
        "rekey": "Make a new key and a new certificate.",
        "revoke": "Shut an identity out, and prove that nginx refuses it.",
        "unhold": "Lift the hold of a certificate.",
        "export": "Write the files for a phone, a browser or a program, with instructions.",
        "list": "List the certificates of this CA.",
        "show": "Show an identity, its certificates and files.",
        "status": "Say what ends soon or needs care.",
        "crl": "Show the published CRLs, or sign fresh ones.",
        "ca": "More CAs, successors, and a root whose key is elsewhere.",
        "passphrase": "Put the CA keys under another passphrase.",
        "import": "Take over a CA made with openssl, easy-rsa, step-ca or cfssl.",
        "backup": "Write the whole home to one file.",
        "restore": "Make a home from a backup.",
        "audit": "Verify the audit log.",
        "notify": "Send what ends soon by mail, webhook or chat.",
        "systemd": "Write timer units that renew, refresh CRLs and warn.",
        "nginx": "Configure nginx for client certificates.",
        "snippet": "Print the same protection for Apache, Dovecot, HAProxy or Postfix.",
        "probe": "Make a real handshake with a server and say what it does.",
        "doctor": "Find out why a handshake fails, and prove the remedy.",
        "explain": "Explain a log line, an error number, a page or a problem in words.",
        "predict": "Say what nginx will answer, and why, without running it.",
        "kb": "The knowledge base: write it as a web site, search in it.",
        "mcp": "Answer coding agents: explain, predict, doctor; read-only.",
        "lab": "Make causes happen on a private nginx, and see which remedies work.",
        "serve": "Answer OCSP and serve CRLs and CA certificates over HTTP.",
        "publish": "Write CRLs, CA certificates and signed OCSP answers for any web server.",
        "host": "Tell nginx hosts elsewhere what to serve.",
        "agent": "Serve on this nginx what the CA elsewhere says.",
        "store": "Keep the registry in a file, or in a PostgreSQL database that several hosts share.",
        "demo": "Watch the whole loop on a private nginx, in seconds.",
        "completion": "Print a shell's completion script.",
        "man": "Write the manual pages.",
    },
    headings={
        "init": "Certificate authority",
        "nginx": "nginx, and what stands beside it",
        "doctor": "Why a handshake fails",
        "serve": "Other machines",
        "demo": "This program",
    },
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(__version__, prog_name="handclasp")
def handclasp() -> None:
    r"""Mutual TLS for nginx that works, and that says why when it doesn't.

    \b
    Start here:
      handclasp demo                    watch the whole loop on a private nginx
      handclasp init                    make your certificate authority
      handclasp issue alice             make a client certificate
      handclasp doctor                  find out why a handshake fails
    """


def collect_seldom() -> None:
    """A large configuration is a million objects that live until the end; looking for cycles among them costs a fifth."""
    gc.set_threshold(100_000, 50, 100)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code (docs/architecture.md lists them)."""
    collect_seldom()
    if "_HANDCLASP_COMPLETE" in os.environ:
        import_module("handclasp.cli.shells")  # makes them known to click
    atexit.register(gc.freeze)  # looking through everything that was loaded, when it all goes anyway, takes as long
    # Names and serials that others wrote may break a limit; the library says so in a line of its own that helps nobody.
    for said in ("Attribute's length must be", "Parsed a serial number which wasn't positive"):
        warnings.filterwarnings("ignore", message=said, category=UserWarning)
    # A pasted certificate begins with hyphens, as options do.
    words = [
        f"\n{word}" if word.startswith("-----BEGIN") else word for word in (sys.argv[1:] if arguments is None else arguments)
    ]
    try:
        with speaking(asked_lang(words)):
            code = handclasp.main(words, prog_name="handclasp", standalone_mode=False)
    except BaseException as error:  # noqa: BLE001 - the one place where every failure becomes a message and an exit code
        return report(error, words)
    return code if isinstance(code, int) else 0
