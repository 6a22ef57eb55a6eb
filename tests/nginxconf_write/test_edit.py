"""Edits change what they say and no other byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handclasp.model.errors import Bug
from handclasp.nginxconf import edit
from handclasp.nginxconf.include import resolve
from handclasp.nginxconf.parse import parse
from handclasp.nginxconf.tree import ConfigTree, Directive, named

CONF = """\
# head
http {
\tserver {   # ours
\t\tlisten 443 ssl;  # the port
\t\tserver_name  "a.test"   b.test;
\t\tssl_verify_client on;   # yes
\t\tlocation / { return 200; }
\t}
\tserver { listen 8443 ssl; server_name c.test; }
\tserver {
\t}
\tserver {}
}
"""


def tree_of(**files: str) -> ConfigTree:
    made = resolve("/n/main", {f"/n/{name}": text.encode() for name, text in files.items()}, complete=True)
    assert isinstance(made, ConfigTree)
    return made


def servers(text: str = CONF) -> tuple[Directive, ...]:
    return named(named(tree_of(main=text).directives, "http")[0].block, "server")


def after(edits: tuple[edit.TextEdit, ...]) -> str:
    (text,) = edit.edited(edits).values()
    parse(text)
    return text


def changed(edits: tuple[edit.TextEdit, ...], before: str = CONF) -> tuple[list[str], list[str]]:
    """Lines that went and lines that came."""
    old, new = before.splitlines(), after(edits).splitlines()
    return [line for line in old if line not in new], [line for line in new if line not in old]


def test_a_present_directive_changes_its_argument_only() -> None:
    ours = servers()[0]
    assert changed(edit.set_directive(ours, "ssl_verify_client", ["optional"])) == (
        ["\t\tssl_verify_client on;   # yes"],
        ["\t\tssl_verify_client optional;   # yes"],
    )


def test_an_absent_one_comes_beside_its_family_with_the_same_indentation() -> None:
    text = after(edit.set_directive(servers()[0], "ssl_verify_depth", ["2"]))
    assert "\t\tssl_verify_client on;   # yes\n\t\tssl_verify_depth 2;\n\t\tlocation" in text


def test_without_family_it_comes_after_the_name() -> None:
    text = after(edit.set_directive(servers()[0], "error_log", ["/var/log/my log", "info"]))
    assert '"a.test"   b.test;\n\t\terror_log "/var/log/my log" info;\n' in text


def test_a_block_on_one_line_stays_on_it() -> None:
    text = after(edit.set_directive(servers()[1], "ssl_verify_client", ["on"]))
    assert "\tserver { listen 8443 ssl; server_name c.test; ssl_verify_client on; }\n" in text


@pytest.mark.parametrize(
    ("which", "expected"),
    [(2, "\tserver {\n\t\tssl_verify_client on;\n\t}\n"), (3, "\tserver { ssl_verify_client on; }\n")],
)
def test_an_empty_block(which: int, expected: str) -> None:
    assert expected in after(edit.set_directive(servers()[which], "ssl_verify_client", ["on"]))


def test_an_inherited_setting_is_overridden_in_the_server() -> None:
    text = "http {\n    ssl_verify_depth 1;\n    server {\n        listen 1 ssl;\n    }\n}\n"
    (ours,) = servers(text)
    new = after(edit.set_directive(ours, "ssl_verify_depth", ["3"]))
    assert new == text.replace("        listen 1 ssl;\n", "        listen 1 ssl;\n        ssl_verify_depth 3;\n")


def test_a_directive_in_an_included_file_is_changed_there_and_its_places_are_counted() -> None:
    tree = tree_of(main="http { server { include s; } server { include s; } }", s="ssl_verify_depth 1;\n")
    ours = named(named(tree.directives, "http")[0].block, "server")[0]
    assert edit.edited(edit.set_directive(ours, "ssl_verify_depth", ["2"])) == {"/n/s": "ssl_verify_depth 2;\n"}
    assert edit.places(tree, ours.block[0]) == 2
    assert edit.places(tree, ours) == 1


def test_an_insertion_never_goes_into_the_included_file() -> None:
    tree = tree_of(main="http {\n  server {\n    include s;\n  }\n}\n", s="ssl_verify_depth 1;\n")
    ours = named(named(tree.directives, "http")[0].block, "server")[0]
    made = edit.edited(edit.insert_into(ours, ["ssl_crl x;"]))
    assert made == {"/n/main": "http {\n  server {\n    ssl_crl x;\n    include s;\n  }\n}\n"}


def test_arguments_that_stay_keep_their_quotes() -> None:
    name = named(servers()[0].block, "server_name")[0]
    assert 'server_name  "a.test"   x.test;' in after(edit.replace_argument(name, 1, "x.test"))
    assert 'server_name  "a.test"   b.test c.test;' in after(edit.add_argument(name, "c.test"))
    assert "server_name x;" in after(edit.set_arguments(name, ["x"]))
    assert 'name  "a.test"' in after(edit.rename(name, "name"))


def test_removal_takes_the_line_but_not_a_comment() -> None:
    ours = servers()[0]
    assert changed(edit.remove(named(ours.block, "server_name")[0])) == (['\t\tserver_name  "a.test"   b.test;'], [])
    assert "\t\t  # yes\n" in after(edit.remove(named(ours.block, "ssl_verify_client")[0]))
    assert "\tserver { server_name c.test; }" in after(edit.remove(servers()[1].block[0]))
    assert "location" not in after(edit.remove(ours.block[-1]))


def test_line_ends_of_the_file_are_kept() -> None:
    text = CONF.replace("\n", "\r\n")
    new = after(edit.set_directive(servers(text)[0], "ssl_verify_depth", ["2"]))
    assert new.count("\r\n") == new.count("\n") == text.count("\n") + 1


def test_bytes_that_are_not_utf8_survive() -> None:
    tree = resolve("/n/main", {"/n/main": b"# \xff\xfe\nhttp { server { } }\n"}, complete=True)
    assert isinstance(tree, ConfigTree)
    ours = tree.directives[0].block[0]
    (made,) = edit.file_edits(edit.set_directive(ours, "ssl_crl", ["/x"]))
    assert made.after == b"# \xff\xfe\nhttp { server { ssl_crl /x; } }\n"
    assert made.before == b"# \xff\xfe\nhttp { server { } }\n"


def test_several_edits_at_once() -> None:
    ours = servers()[0]
    edits = (
        *edit.set_directive(ours, "ssl_crl", ["/a"]),
        *edit.set_directive(ours, "ssl_verify_client", ["optional"]),
        *edit.remove(named(ours.block, "server_name")[0]),
        *edit.set_directive(ours, "ssl_verify_depth", ["2"]),
    )
    gone, came = changed(edits)
    assert len(gone) == 2
    assert came == ["\t\tssl_verify_client optional;   # yes", "\t\tssl_crl /a;", "\t\tssl_verify_depth 2;"]
    with pytest.raises(Bug, match="overlap"):
        edit.edited((*edit.remove(ours), *edit.set_directive(ours, "ssl_crl", ["/a"])))


def test_top_level_lines() -> None:
    tree = tree_of(main="user x;\nhttp { }\n")
    source = tree.sources["/n/main"]
    assert after(edit.append_to(source, ["error_log /e info;"])) == "error_log /e info;\nuser x;\nhttp { }\n"
    assert after(edit.append_to(source, ["y z;"], after=tree.directives[0])) == "user x;\ny z;\nhttp { }\n"


@given(
    st.lists(
        st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12), min_size=1, max_size=4
    )
)
def test_any_argument_is_read_back(values: list[str]) -> None:
    """Through insertion and through replacement, whatever the value is."""
    (inserted,) = named(parse(after(edit.set_directive(servers()[0], "x_y", values))).directives[0].block, "server")[:1]
    (made,) = named(inserted.block, "x_y")
    assert made.args == tuple(values)
    name = named(servers()[0].block, "server_name")[0]
    again = named(parse(after(edit.set_arguments(name, values))).directives[0].block, "server")[0]
    assert named(again.block, "server_name")[0].args == tuple(values)


def test_a_block_that_goes_onto_one_line_brings_no_indentation_along() -> None:
    block = ("if ($a) {", "    return 403;", "}")
    text = "http { server { listen 1; location / { proxy_pass http://b; } } }\n"
    (server,) = servers(text)
    (location,) = named(server.block, "location")
    inserted = after(edit.insert_into(location, block))
    assert inserted == text.replace("http://b;", "http://b; if ($a) { return 403; }")


def test_a_comment_that_goes_onto_a_line_does_not_swallow_what_follows() -> None:
    text = "http { access_log off; server { listen 80; } }\n"
    http = named(tree_of(main=text).directives, "http")[0]
    server = named(http.block, "server")[0]
    lines = ("# why", "include people.conf;")
    assert (
        after(edit.insert_into(http, lines)) == "http { # why\n include people.conf; access_log off; server { listen 80; } }\n"
    )
    beside = ("listen 81; # why",)
    assert after(edit.insert_into(server, beside)) == "http { access_log off; server { listen 80; listen 81; # why\n } }\n"
