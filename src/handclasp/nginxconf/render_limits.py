"""How many requests are taken: from an address without certificate, and from each certificate."""

import re

from handclasp.model.errors import PolicyError
from handclasp.model.intent import RateIntent, SiteIntent

_RATE = re.compile(r"[1-9]\d{0,5}r/[sm]")


def limit_zones(name: str, site: SiteIntent) -> str:
    """The zones and their keys, for http{}.

    A request whose key is empty is not counted. The key for strangers is empty for SUCCESS alone: not for a header, a cookie, a
    name in a certificate or anything else that can be had without the private key of a good certificate.

    Raises:
        PolicyError: not a rate, or one that nobody could meet.
    """
    rate = site.rate
    if rate is None:
        return ""
    _check(rate, site)
    parts = []
    if rate.rate is not None:
        parts.append(
            "# Empty keys are not counted: only a verified certificate gets one.\n"
            f"map $ssl_client_verify $handclasp_{name}_anyone {{\n"
            "    default $binary_remote_addr;\n"
            '    SUCCESS "";\n'
            "}\n"
            f"limit_req_zone $handclasp_{name}_anyone zone=handclasp_{name}_strangers:10m rate={rate.rate};\n"
        )
    if rate.clients is not None:
        parts.append(
            f"map $ssl_client_verify $handclasp_{name}_key {{\n"
            '    default "";\n'
            "    SUCCESS $ssl_client_fingerprint;\n"
            "}\n"
            f"limit_req_zone $handclasp_{name}_key zone=handclasp_{name}_clients:10m rate={rate.clients};\n"
        )
    return "\n".join(parts)


def limits(name: str, rate: RateIntent | None) -> list[str]:
    """The lines of the server block."""
    if rate is None:
        return []
    zones = [kind for kind, wanted in (("strangers", rate.rate), ("clients", rate.clients)) if wanted is not None]
    return [*(f"limit_req zone=handclasp_{name}_{kind}{_burst(rate)};" for kind in zones), "limit_req_status 429;"]


def _burst(rate: RateIntent) -> str:
    # nginx takes no burst=0: without the word there is none.
    return f" burst={rate.burst} nodelay" if rate.burst else ""


def _check(rate: RateIntent, site: SiteIntent) -> None:
    for text in (rate.rate, rate.clients):
        if text is not None and not _RATE.fullmatch(text):
            raise PolicyError(f"{text[:40]!r} is not a rate", hint="write 10r/s or 30r/m")
    if not 0 <= rate.burst <= 100_000:
        raise PolicyError(f"a burst of {rate.burst} makes no sense", hint="0 to 100000")
    if rate.rate is not None and not site.optional:
        raise PolicyError(
            "nobody enters this site without a certificate, so a limit for those would never act",
            hint="limit each certificate (clients), or say who needs none (free_from)",
        )
