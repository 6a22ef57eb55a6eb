"""An address for each pattern of a location, as nginx would choose by it."""

import pytest

from handclasp.model.nginx import NginxVersion
from handclasp.nginxconf.effective import effective
from handclasp.nginxconf.example_uri import example_uri
from handclasp.nginxconf.gathered import tree_from_files
from handclasp.nginxconf.select import select_location

PATTERNS = [
    r"\.php$", r"\.(?:php|phtml)$", r"\.(jpe?g|png|gif)$", r"^/api/v\d+/", r"^/(admin|ops)/", r"^/user/[^/]+/profile$",
    r"^/u/(?<id>[0-9a-f]{8})$", r"/\.(?!well-known)", r"^/a/.*\.pdf$", r"(?i)\.PDF$", r"^/x(/|$)", r"\.php(/|$)",
    r"^/[a-z0-9_-]+$",
    r"^/(?P<lang>en|zh)/docs", r"/download/.+\.zip$", r"^/[\w-]+/edit", r"^.+\.php", r"^/$", r"^/files/\w+\.(tar\.gz|zip)$",
    r"^/a{1,3}b$", r"\.",
]  # fmt: skip


def chosen(inside: str, depth: int) -> bool:
    text = f"events {{ }} http {{ server {{ listen 80; {inside} }} }}"
    tree = tree_from_files("/n.conf", {"/n.conf": text.encode()})
    (server,) = effective(tree, NginxVersion(1, 22, 1)).servers
    location = next(one for one in server.locations if len(one.parents) == depth)
    uri = example_uri(location)
    return uri is not None and select_location(server, uri) is location


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_is_met(pattern: str) -> None:
    assert chosen(f'location ~ "{pattern}" {{ return 200; }}', 0)


@pytest.mark.parametrize("pattern", [r"\.php$", r"^/reports/.*\.pdf$", r"\.(?:css|js)$"])
def test_one_inside_another_location_is_met(pattern: str) -> None:
    assert chosen(f'location /reports/ {{ location ~ "{pattern}" {{ return 200; }} }}', 1)


def test_what_cannot_be_told_is_not_guessed() -> None:
    assert not chosen(r'location ~ "^/(a(b(c)))\1$" { return 200; }', 0)
    assert not chosen("location @named { return 200; }", 0)
