"""Which ifs of a server are guards that ask the wrong thing, and which are somebody's own affair."""

import pytest

from handclasp.nginxconf.gathered import tree_from_files
from handclasp.nginxconf.guard_words import GuardEdits, claim_edits, path_edits
from handclasp.nginxconf.tree import ConfigTree, named

CONFIG = "/etc/nginx/nginx.conf"


def tree_of(rules: str) -> ConfigTree:
    text = f"http {{ server {{ server_name app.test;\n{rules}\n}} }}"
    return tree_from_files(CONFIG, {CONFIG: text.encode()})


def both(rules: str) -> list[GuardEdits]:
    tree = tree_of(rules)
    servers = frozenset(server.origin for http in named(tree.directives, "http") for server in named(http.block, "server"))
    return [made for edits in (claim_edits, path_edits) if (made := edits(tree, servers)) is not None]


@pytest.mark.parametrize(
    ("rules", "after"),
    [
        ("if ($http_x_ssl_client_verify != SUCCESS) { return 403; }", "if ($ssl_client_verify != SUCCESS) { return 403; }"),
        ('if ($http_x_client_dn !~ "CN=a") { return 403; }', 'if ($ssl_client_s_dn !~ "CN=a") { return 403; }'),
        ("if ($http_ssl_client_serial = 01) { return 444; }", "if ($ssl_client_serial = 01) { return 444; }"),
        ('if ($request_uri !~ "^/health") { return 403; }', 'if ($uri !~ "^/health") { return 403; }'),
        (
            'if ($request_uri ~ ^/open/) { set $open 1; }\nif ($open = "") { return 403; }',
            'if ($uri ~ ^/open/) { set $open 1; }\nif ($open = "") { return 403; }',
        ),
    ],
)
def test_a_guard_is_mended(rules: str, after: str) -> None:
    (made,) = both(rules)
    (edit,) = made.edits
    assert after in edit.after.decode()


@pytest.mark.parametrize(
    "rules",
    [
        "if ($request_uri ~ ^/old) { return 301 /new; }",
        'if ($request_uri ~ "^/blog") { set $skip_cache 1; }\nif ($http_cookie) { set $skip_cache 1; }',
        'if ($request_uri ~ "\\?debug=1") { return 403; }',
        "if ($http_x_client_version = 1) { return 426; }",
        "if ($ssl_client_verify != SUCCESS) { return 403; }",
        "if ($http_x_ssl_client_verify = SUCCESS) { set $greeting hello; }",
    ],
)
def test_the_rest_is_left_alone(rules: str) -> None:
    assert both(rules) == []


def test_another_server_s_guards_are_its_own() -> None:
    assert claim_edits(tree_of("if ($http_x_client_verify != SUCCESS) { return 403; }"), frozenset()) is None
