"""nginx adopt on what guides and answers show: guards in one place, and a way around them in another."""

import pytest

from tests.app_apply.test_adopt_trees import GUARD, PROXY, Attempt, Tree, application, served, shut, site
from tests.app_apply.town import Town

__all__ = ["application"]

GUIDES: dict[str, Tree] = {
    # The files of an area are guarded, and a location for pictures and styles, by expression, comes before it.
    "styles-before-the-area": Tree(
        body=site(
            f"""\
        location /private/ {{ {GUARD} {PROXY} }}
        location ~* \\.(css|png)$ {{ expires 30d; {PROXY} }}
        location / {{ {GUARD} {PROXY} }}""",
            verify="optional",
        ),
        attack=Attempt(who=None, path="/private/plan.png"),
    ),
    # Whoever is refused shall see the page of the application.
    "refusals-shown-by-the-application": Tree(
        body=site(
            f"""\
        error_page 403 =200 @app;
        location / {{ {GUARD} {PROXY} }}
        location @app {{ {PROXY} }}""",
            verify="optional",
        ),
        attack=Attempt(who=None),
    ),
    # Bad certificates are refused; nobody thought of none.
    "only-failures-are-refused": Tree(
        body=site(
            f"""\
        if ($ssl_client_verify ~ "FAILED") {{ return 403; }}
        location / {{ {PROXY} }}""",
            verify="optional",
        ),
        attack=Attempt(who=None),
    ),
    # None is refused; nobody thought of bad ones.
    "only-none-is-refused": Tree(
        body=site(
            f"""\
        if ($ssl_client_verify = NONE) {{ return 403; }}
        location / {{ {PROXY} }}""",
            verify="optional_no_ca",
        ).replace(" ssl_crl root.crl;", ""),
        attack=Attempt(who="stranger"),
    ),
    # Copied from a host behind a balancer, where that header came from the balancer.
    "a-header-is-asked": Tree(
        body=site(
            f"""\
        if ($http_x_ssl_client_verify != SUCCESS) {{ return 403; }}
        location / {{ {PROXY} }}""",
            verify="optional",
        ),
        attack=Attempt(who=None, headers=(("X-SSL-Client-Verify", "SUCCESS"),)),
        good=Attempt(who="alice", headers=(("X-SSL-Client-Verify", "SUCCESS"),)),
    ),
    # One map takes the common name out, the next asks it: by an expression without an end.
    "maps-in-a-row": Tree(
        body=site(
            f"""\
        if ($may != yes) {{ return 403; }}
        location / {{ {PROXY} }}""",
            more="""\
    map $ssl_client_s_dn $name_of_client { default ""; ~CN=(?<CN>[^,]+) $CN; }
    map $name_of_client $may { default no; ~^alice yes; }""",
        ),
        attack=Attempt(who="alice.cooper"),
    ),
    "name-by-set": Tree(
        body=site(
            f"""\
        set $who "";
        if ($ssl_client_s_dn ~ "CN=([^,]+)") {{ set $who $1; }}
        if ($who !~ "^alice") {{ return 403; }}
        location / {{ {PROXY} }}"""
        ),
        attack=Attempt(who="alice.cooper"),
    ),
    # Two ifs for what nginx has no "and" for; the path is as it was sent.
    "two-ifs-and-a-path": Tree(
        body=site(
            f"""\
        set $closed "";
        if ($request_uri !~ "^/health") {{ set $closed "path"; }}
        if ($ssl_client_verify != SUCCESS) {{ set $closed "${{closed}}-cert"; }}
        if ($closed = "path-cert") {{ return 403; }}
        location / {{ {PROXY} }}""",
            verify="optional",
        ),
        attack=Attempt(who=None, path="/health/../reports"),
    ),
    # The list is there, and a line that loads it was commented out when it had expired.
    "crl-commented-out": Tree(
        body=site(f"        # ssl_crl root.crl;\n        location / {{ {PROXY} }}").replace(" ssl_crl root.crl;", "", 1),
        attack=Attempt(who="bob"),
        revoked="bob",
    ),
    # A second server for the same application, with the certificates asked for and never looked at.
    "asked-and-not-looked-at": Tree(
        body=site(f"        location / {{ proxy_set_header X-Client-DN $ssl_client_s_dn; {PROXY} }}", verify="optional"),
        attack=Attempt(who=None),
        good=Attempt(who="alice", says=b"dn=CN=alice"),
    ),
}


@pytest.mark.parametrize("name", GUIDES)
def test_what_a_guide_leaves_open_is_shut(name: str, town: Town, application: int) -> None:
    shut(served(GUIDES[name], town, application), town)
