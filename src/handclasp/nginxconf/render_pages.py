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
    """error_page directives and their locations.

    The titles are nginx's own, so that monitoring which looks for them goes on working. The locations are named: they cannot be
    asked for, and no rewrite of the server runs before them. The status stays 400, as without them: never 200. `grpc`: it is
    401, which gRPC clients report as UNAUTHENTICATED; a 400 is an internal error to them.
    """
    status = 401 if grpc else 400
    lines = [f"# The status stays {status}: an error page with =200 would let everybody in."]
    lines += [f"error_page {code} ={status} @handclasp_{name}_{code};" for code, _, _ in _TEXTS]
    for code, title, text in _TEXTS:
        heading = f"{status} {'Unauthorized' if grpc else 'Bad Request'}"
        lines += [
            f"location @handclasp_{name}_{code} {{",
            "    default_type text/html;",
            "    charset utf-8;",
            '    add_header Cache-Control "no-store" always;',
            f"    return {status} '<!doctype html><title>{status} {title}</title><h1>{heading}</h1><p>{text}</p>\\n';",
            "}",
        ]
    return lines
