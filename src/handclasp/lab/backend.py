"""A backend behind nginx under test: a plain server of the same nginx that answers with the headers it was given."""

from handclasp.lab import extensions as ext
from handclasp.lab import setup
from handclasp.lab.setup import CLIENT, NOBODY, Setup
from handclasp.ports.stage import Performance

DN = "proxy_set_header X-SSL-Client-S-DN $ssl_client_s_dn;"
"""Tells the backend the client's name; overwrites what the client sent under it."""

FORGED = (("X-SSL-Client-S-DN", "CN=forged"),)
"""What an impostor sends."""

TRUE_NAME, FALSE_NAME = b"dn=CN=alice,O=Lab", b"CN=forged"

_TO_BACKEND = "proxy_pass http://127.0.0.1:@PORT2@;"


def behind(*lines: str, answer: str = "dn=$http_x_ssl_client_s_dn", settings: tuple[str, ...] = ()) -> Setup:
    """A client-side setup that passes requests on, with more `lines` in its location; `answer` is what the backend says.

    `settings` are more lines of the backend's server.
    """
    made = setup.client(1)
    made.location = "\n    ".join((*lines, _TO_BACKEND))
    inner = "\n".join(f"    {line}" for line in settings)
    made.http.append(f'server {{\n    listen 127.0.0.1:@PORT2@;\n{inner}\n    location / {{ return 200 "{answer}\\n"; }}\n}}')
    # Twice, so that the lines of the backend's connections are kept in the record too.
    made.visits = [made.visit("client-before"), made.visit(CLIENT)]
    return made


def location(made: Setup, *lines: str) -> None:
    """Another body for the location that passes requests on."""
    made.location = "\n    ".join((*lines, _TO_BACKEND))


def open_to_all(made: Setup) -> Setup:
    """Certificates are asked for and not insisted on; somebody without one sends a forged name."""
    made.verify = "optional"
    made.visits = [made.visit(CLIENT), made.visit(NOBODY, headers=FORGED)]
    return made


def told_truly(seen: Performance) -> bool:
    """The backend learned the client's true name, and believed nobody a forged one."""
    if seen.start is not None:
        return False
    forged = any(FALSE_NAME in result.body for result in seen.results.values())
    return TRUE_NAME in seen.results[CLIENT].body and not forged


def long_names(made: Setup) -> None:
    """Give the client's certificate so many names that it takes more than 8k in a header."""
    names = [("dns", f"host-{number:03}.branch-office-of-the-lab.test") for number in range(200)]
    made.leaf.put("subjectAltName", ext.general_names(*names))
