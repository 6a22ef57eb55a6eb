"""Parsing: nothing is lost, and what is broken is named at the place where nginx names it."""

import re
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handclasp.model.errors import InputError
from handclasp.model.nginx import NginxVersion
from handclasp.nginxconf.dump import is_dump, resolve_dump
from handclasp.nginxconf.effective import effective
from handclasp.nginxconf.gathered import tree_from_files
from handclasp.nginxconf.include import NeedFiles, matching, resolve
from handclasp.nginxconf.parse import parse
from handclasp.nginxconf.tree import Directive, decode, encode, render, walk
from tests.nginx_rig import Rig, rig

V = NginxVersion(1, 22, 1)

_SPACES = st.text(" \t\r\n", min_size=1, max_size=3)
_GAPS = st.one_of(_SPACES, st.text("ab#;{}\"'$ ", max_size=8).map(lambda text: f" # {text}\n"))
_WORDS = st.one_of(
    st.text("abcdefghijklmnopqrstuvwxyz_./:=~^*0123456789-", min_size=1, max_size=12),
    st.text("abc {};#$'\t\n", max_size=8).map(lambda text: f'"{text}"'),
    st.text('abc {};#$"\n', max_size=8).map(lambda text: f"'{text}'"),
    st.sampled_from(["${name}", "a#b", 'x"y', "\\;", "a\\ b", '"a\\"b"', "é", "\udc80"]),
)


@st.composite
def _directives(draw: st.DrawFn, depth: int = 3) -> str:
    parts: list[str] = []
    for _ in range(draw(st.integers(0, 3))):
        words = draw(st.lists(_WORDS, max_size=3))
        parts.append(draw(_GAPS) + draw(st.sampled_from(["foo", "bar_baz", "x"])))
        parts.extend(draw(_GAPS) + word for word in words)
        if depth and draw(st.booleans()):
            parts.append(draw(_GAPS) + "{" + draw(_directives(depth=depth - 1)) + draw(_GAPS) + "}")
        else:
            parts.append(draw(_GAPS) + ";")
    return "".join(parts)


@given(_directives())
@settings(max_examples=300, deadline=None)
def test_nothing_is_lost_and_every_word_knows_its_place(text: str) -> None:
    document = parse(text)
    assert render(document) == text
    for item, _ in walk(document.directives):
        assert tuple(word.value for word in item.words) == item.values
        for word in item.words:
            raw = text[word.start : word.end]
            assert word.value == raw or raw[0] in "\"'" or "\\" in raw
            assert document.source.offset(document.source.origin(word.start)) == word.start
        assert text[item.terminator] in ";{"
        assert text[item.close] in ";}"


@given(st.text())
@settings(max_examples=300, deadline=None)
def test_any_text_is_parsed_or_refused_with_a_place(text: str) -> None:
    try:
        assert render(parse(text)) == text
    except InputError as error:
        assert re.match(r"nginx\.conf:\d+:\d+$", str(error.where))
        assert error.hint


@given(st.binary())
def test_bytes_come_back_unchanged(content: bytes) -> None:
    assert encode(decode(content)) == content


# --- against nginx -t

_HTTP = "events { }\n"
BROKEN = {
    "braces in an expression": "http {\n server { location ~ ^/a{1,3}$ { return 200; } } }",
    "a comment that is too long": f"http {{\n # {'x' * 5000}\n server {{ listen 127.0.0.1:1; }} }}",
    "a comment that is too long at the end": f"http {{ }}\n#{'x' * 4096}",
    "a slash of another language": 'http {\n // words;\n server { "a"b; } }',
    "no semicolon before a brace": "http {\n server {\n  listen 80\n }\n}\n",
    "windows line ends": "http {\r\n server {\r\n  listen 80\r\n }\r\n}\r\n",
    "tabs": "http {\n\tserver {\n\t\tlisten\t80\n\t}\n}\n",
    "block not closed": "http {\n server {\n  listen 80;\n }\n",
    "one brace too many": "http {\n}\n}\n",
    "brace in a comment": "http {\n server { # }\n listen 80;\n }\n",
    "quote not closed": 'http {\n server {\n  server_name "a;\n listen 80; }\n}\n',
    "single quote not closed": "http {\n server {\n  server_name 'a;\n listen 80; }\n}\n",
    "text after a quote": 'http {\n server {\n  server_name "a"b;\n }\n}\n',
    "apostrophe": "http {\n server {\n  return 200 'it's';\n }\n}\n",
    "lone semicolon": "http {\n server {\n  ;\n }\n}\n",
    "two semicolons": "http {\n server {\n  listen 80;;\n }\n}\n",
    "lone brace": "http {\n {\n }\n}\n",
    "http without a block": "http;\n",
    "block after a simple directive": "http {\n server {\n  listen 80 {\n }\n }\n}\n",
    "semicolon missing before a block": "http {\n server {\n  listen 80\n  location / { }\n }\n}\n",
    "ends in a word": "http {\n server",
    "ends in a backslash": "http {\n server \\",
    "ends after a word": "http {\n server_tokens off\n",
    "plain text": "hello world\n",
    "server without a block": "http {\n server listen 80;\n}\n",
    "everything on one line": "http{server{listen 80}}\n",
    "closed twice on a line": "http {\n server { listen 80; }}\n}\n",
    "block in a map": "http {\n map $a $b {\n x {\n }\n }\n}\n",
    "block in types": "http {\n types {\n x y {\n }\n }\n}\n",
    "include of a missing file": "http {\n include nope.conf;\n}\n",
    "include of two": "http {\n include a b;\n}\n",
    "error in an included file": "http {\n include ok.conf;\n include bad.conf;\n}\n",
    "error in a file by pattern": "http {\n include *d.conf;\n}\n",
    "longest word that is too long": "http {\n server_tokens\n " + "a" * 4096 + ";\n}\n",
    "much too long": "http {\n server_tokens\n " + "a" * 100_000 + ";\n}\n",
    "quote not closed in a long file": 'http {\n server_tokens\n "a' + " b\n" * 4000 + "}\n",
    "long in bytes, not in characters": "http {\n server_tokens\n " + "é" * 2048 + ";\n}\n",
}
FINE = {
    "longest comment": f"http {{\n #{'x' * 4094}\n}}\n",
    "brace in a variable": "http {\n log_format x ${uri};\n}\n",
    "hash inside a word": "http {\n log_format x a#b;\n}\n",
    "quote inside a word": 'http {\n log_format x x"y;\n}\n',
    "brace at the end of a word": "http {\n log_format x a};\n}\n",
    "longest word": "http {\n log_format x " + "a" * 4095 + ";\n}\n",
    "quoted semicolon": "http {\n log_format x ';' \";\";\n}\n",
    "escapes": "http {\n log_format x a\\;b \\{ '\\'' \"\\\"\";\n}\n",
    "regular expression in quotes": 'http {\n server {\n listen 127.0.0.1:8099;\n location ~ "^/a{2}$" { }\n }\n}\n',
    "nothing else": "",
    "data that looks like directives": "http {\n map $scheme $a {\n include words;\n server 1;\n location 2;\n }\n}\n",
    "servers of an upstream": "http {\n upstream u {\n include servers;\n }\n}\n",
    "pattern without a match": "http {\n include nothing-*.conf;\n}\n",
    "hidden files do not match": "http {\n include *hidden;\n}\n",
}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with rig(tmp_path_factory.mktemp("parse") / "prefix") as made:
        made.write("ok.conf", "server {\n listen 127.0.0.1:8098;\n}\n")
        made.write("bad.conf", "server {\n listen 127.0.0.1:8099\n}\n")
        made.write(".hidden", "}")
        made.write("words", "http off;\nhttps on;\n")
        made.write("servers", "server 127.0.0.1:1;\n")
        yield made


def _files(bench: Rig, text: str) -> dict[str, bytes | None]:
    content = ("error_log logs/e; pid run/p; " + _HTTP + text).encode()
    bench.write("nginx.conf", content)
    files: dict[str, bytes | None] = {bench.config: content}
    for name in ("ok.conf", "bad.conf", "words", "servers"):
        with open(f"{bench.prefix}/{name}", "rb") as handle:  # noqa: PTH123
            files[f"{bench.prefix}/{name}"] = handle.read()
    files[f"{bench.prefix}/.hidden"] = b"}"
    return files


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
def test_what_nginx_cannot_read_is_refused_at_the_same_place(bench: Rig, text: str) -> None:
    files = _files(bench, text)
    said = bench.nginx.test(prefix=bench.prefix, config=bench.config).output
    found = re.search(r"\[emerg\] \d+#\d+: (.*) in (\S+):(\d+)$", said, re.MULTILINE)
    assert found, said
    with pytest.raises(InputError) as caught:
        tree_from_files(bench.config, files)
    where = caught.value.where
    assert not isinstance(where, str)
    assert where is not None
    assert (where.file, where.line) == (found[2], int(found[3]))
    assert caught.value.what.split(" in /")[0] == found[1]


@pytest.mark.parametrize("text", FINE.values(), ids=FINE.keys())
def test_what_nginx_reads_is_read(bench: Rig, text: str) -> None:
    files = _files(bench, text)
    said = bench.nginx.test(prefix=bench.prefix, config=bench.config)
    assert said.ok, said.output
    tree_from_files(bench.config, files)


def test_words_mean_what_nginx_makes_of_them(bench: Rig) -> None:
    import http.client

    words = [r'"a\"b"', r"'a\'b'", r"a\;b", r'"tab\tx"', r"a\\b", r"a\qb", "x#y", r'"a\
b"', "${uri}z", "é"]  # fmt: skip
    lines = "\n".join(f"location /{at} {{ return 200 {word}; }}" for at, word in enumerate(words))
    text = f"server {{ listen 127.0.0.1:{bench.port};\n{lines}\n}}"
    bench.http(text)
    bench.start()
    document = parse(text)
    connection = http.client.HTTPConnection("127.0.0.1", bench.port, timeout=60)
    locations = [item for item in document.directives[0].block if item.name == "location"]
    for at, item in enumerate(locations):
        connection.request("GET", f"/{at}")
        answer = connection.getresponse().read().decode()
        assert item.block[0].args[1].replace("${uri}", f"/{at}") == answer
    connection.close()


# --- includes and dumps


def test_includes_are_asked_for_and_stand_in_place() -> None:
    files: dict[str, bytes | None] = {"/e/nginx.conf": b"a; include one; include d/*.conf; z;"}
    asked = resolve("/e/nginx.conf", files)
    assert asked == NeedFiles(paths=("/e/one",), patterns=("/e/d/*.conf",))
    files |= {"/e/one": b"b;", "/e/d/*.conf": None, "/e/d/2.conf": b"d;", "/e/d/1.conf": b"c;", "/e/d/.x.conf": b"no;"}
    tree = resolve("/e/nginx.conf", files)
    assert not isinstance(tree, NeedFiles)
    assert [item.name for item in tree.directives] == ["a", "b", "c", "d", "z"]
    assert [item.origin.file for item in tree.directives][2] == "/e/d/1.conf"
    assert tree.files == ("/e/nginx.conf", "/e/one", "/e/d/1.conf", "/e/d/2.conf")


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("/a/*.conf", "/a/b.conf", True),
        ("/a/*.conf", "/a/b/c.conf", False),
        ("/a/*.conf", "/a/.conf", False),
        ("/a/?.conf", "/a/b.conf", True),
        ("/a/[ab].conf", "/a/b.conf", True),
        ("/a/[!ab].conf", "/a/b.conf", False),
        ("/a/[^a].conf", "/a/b.conf", True),
        ("/*/x", "/a/x", True),
        ("/a/*b*c", "/a/abbxc", True),
        ("/a/*b*c", "/a/abbx", False),
        ("/a/*[", "/a/x[", True),
    ],
)
def test_patterns_match_as_glob_does(pattern: str, path: str, fits: bool) -> None:
    assert matching(pattern, [path]) == ((path,) if fits else ())


def test_a_dump_is_read_like_the_files_it_came_from(bench: Rig) -> None:
    bench.http("include ok.conf;\ninclude *k.conf;")
    with open(bench.config, "rb") as handle:  # noqa: PTH123
        files: dict[str, bytes | None] = {bench.config: handle.read()}
    files[f"{bench.prefix}/ok.conf"] = b"server {\n listen 127.0.0.1:8098;\n}\n"
    dump = bench.nginx.dump(prefix=bench.prefix, config=bench.config)
    assert is_dump(dump)
    from_dump, from_files = resolve_dump(dump), tree_from_files(bench.config, files)
    assert _shape(from_dump.directives) == _shape(from_files.directives)
    assert from_dump.files == from_files.files
    assert not is_dump(decode(files[bench.config] or b""))


def _shape(directives: tuple[Directive, ...]) -> list[tuple[str, ...]]:
    return [(str(item.origin), *item.values) for item, _ in walk(directives)]


# --- bounds


def test_ten_thousand_lines_are_read() -> None:
    one = "server {{\n{}}}\n".format("".join(f" proxy_ssl_name n{{0}}-{at};\n".replace("{0}", "x") for at in range(19)))
    text = "http {\n" + one * 500 + "}\n"
    assert text.count("\n") > 10_000
    config = effective(tree_from_files("/n", {"/n": text.encode()}), V)
    assert len(config.servers) == 500


@pytest.mark.parametrize(
    "content",
    [
        b"a" * 10_000_000,
        b"a " * 5_000_000,
        b"{" * 1_000_000,
        b"a{" * 1_000_000,
        b"}" * 1_000_000,
        b'"' * 1_000_001,
        b"#" * 10_000_000,
        b"\\" * 1_000_000,
        bytes(range(256)) * 20_000,
        b"x_by_lua_block {" + b"[[" * 500_000,
        b"x_by_lua_block {" + b'"' * 1_000_001,
        b"x_by_lua_block {" + b"--[=" * 500_000,
        b"\n" * 5_000_000 + b"}",
    ],
    ids=range(13),
)
def test_hostile_input_is_answered(content: bytes) -> None:
    try:
        tree = tree_from_files("/n", {"/n": content})
    except InputError as error:
        assert error.where is not None
    else:
        assert tree.files == ("/n",)


def test_includes_that_go_in_circles_end() -> None:
    with pytest.raises(InputError, match="include cycle: /b -> /c -> /b"):
        tree_from_files("/a", {"/a": b"include /b;", "/b": b"include /c;", "/c": b"include /b;"})


def test_a_configuration_too_large_to_look_at_is_refused_and_a_large_map_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handclasp.nginxconf.include.MAX_DIRECTIVES", 50)
    servers = b"http { include /servers; }", b"server { listen 1; }\n" * 30
    with pytest.raises(InputError, match="more than 50 directives, and nothing of it was looked at") as raised:
        tree_from_files("/a", {"/a": servers[0], "/servers": servers[1]})
    assert raised.value.hint
    table = b"http { map $a $b { include /entries; c d; } server { listen 1; } }", b"x y;\n" * 90
    assert len(list(walk(tree_from_files("/a", {"/a": table[0], "/entries": table[1]}).directives))) == 95


def test_a_file_without_end_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handclasp.nginxconf.parse.MAX_SIMPLE", 10)
    assert len(parse("map a b {" + "x y;" * 10 + "}").directives[0].block) == 10
    with pytest.raises(InputError, match="the file has more than 10 directives") as raised:
        parse("map a b {" + "x y;" * 11 + "}")
    assert raised.value.where is not None


def test_includes_that_double_end() -> None:
    files: dict[str, bytes | None] = {f"/{at}": f"include /{at + 1}; include /{at + 1};".encode() for at in range(60)}
    with pytest.raises(InputError, match="more than 20000 files are included"):
        tree_from_files("/0", files | {"/60": b"a;"})
