"""TLS clients that were refused in the handshake: nothing above TLS hears of them, and an operator wants to."""

import logging
import ssl
from collections.abc import Callable

log = logging.getLogger("handclasp.serve")


def tell_refusals(context: ssl.SSLContext, refused: Callable[[str], None]) -> None:
    """Have `refused` called with OpenSSL's words for each handshake that failed on a server with this context."""

    class Watched(ssl.SSLObject):
        """A TLS connection that says why it came to nothing."""

        def do_handshake(self) -> None:
            """As SSLObject."""
            try:
                super().do_handshake()
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                raise
            except ssl.SSLError as error:
                why = reason_of(error)
                refused(why)
                log.info("a client was refused by TLS: %s", why)
                raise

    context.sslobject_class = Watched


def reason_of(error: ssl.SSLError) -> str:
    """What OpenSSL says of the client's certificate, or of the handshake: one of a fixed list, whatever a client sends."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    return (error.reason or "unknown").lower().replace("_", " ")
