"""The pages for a client that was refused before the site was reached: what to do next, and nothing about the site."""

_TEXTS = (
    (
        495,
        "The SSL certificate error",
        (
            "Your certificate was not accepted. It may have expired, have been revoked, or come from another authority. "
            "Ask the people who gave it to you for a new one; they find the reason in the log of this server."
        ),
    ),
    (
        496,
        "No required SSL certificate was sent",
        (
            "This site needs a client certificate, and your program sent none. In a browser: install the certificate that you "
            "were given, close all windows and come again. With curl: --cert and --key."
        ),
    ),
    (
        497,
        "The plain HTTP request was sent to HTTPS port",
        "This address speaks HTTPS only. Write https:// in front of it.",
    ),
)


def pages(name: str, *, grpc: bool = False) -> list[str]:
    """error_page directives and their locations. `grpc`: they speak to programs that read headers, not pages.

    The titles are nginx's own, so that monitoring which looks for them goes on working. The locations are named: they cannot be
    asked for, and no rewrite of the server runs before them. The status stays 400, as without them: never 200.
    """
    lines = ["# The status stays 400: an error page with =200 would let everybody in."]
    lines += [f"error_page {code} =400 @handclasp_{name}_{code};" for code, _, _ in _TEXTS]
    for code, title, text in _TEXTS:
        body = _call(title) if grpc else _page(title, text)
        lines += [f"location @handclasp_{name}_{code} {{", *(f"    {line}" for line in body), "}"]
    return lines


def _page(title: str, text: str) -> list[str]:
    return [
        "default_type text/html;",
        "charset utf-8;",
        'add_header Cache-Control "no-store" always;',
        f"return 400 '<!doctype html><title>400 {title}</title><h1>400 Bad Request</h1><p>{text}</p>\\n';",
    ]


def _call(title: str) -> list[str]:
    """A 400 alone is an internal error to gRPC clients; with these headers they say that the caller is not authenticated."""
    return [
        "default_type application/grpc;",
        "add_header grpc-status 16 always;",
        f'add_header grpc-message "{title}" always;',
        'return 400 "";',
    ]
