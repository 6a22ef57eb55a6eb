"""Every row of the directive table against the real nginx: where it is allowed, and how many arguments it takes."""

import re

import pytest

from handclasp.catalogue.directives import MISTAKES, DirectiveSpec, all_specs, specs, tls_names
from tests.nginx_rig import Rig

_STREAM = "load_module /usr/lib/nginx/modules/ngx_stream_module.so;\npid run/x.pid; error_log logs/e;\n"
_CONTEXTS = {
    "main": "{}\nevents {{ }}",
    "events": "events {{ {} }}",
    "http": "events {{ }} http {{ {} }}",
    "server": "events {{ }} http {{ server {{ listen 127.0.0.1:8099; {} }} }}",
    "location": "events {{ }} http {{ server {{ listen 127.0.0.1:8099; location / {{ {} }} }} }}",
    "server if": "events {{ }} http {{ server {{ listen 127.0.0.1:8099; if ($http_a) {{ {} }} }} }}",
    "location if": "events {{ }} http {{ server {{ listen 127.0.0.1:8099; location / {{ if ($http_a) {{ {} }} }} }} }}",
    "limit_except": "events {{ }} http {{ server {{ listen 127.0.0.1:8099; location / {{ limit_except GET {{ {} }} }} }} }}",
    "upstream": "events {{ }} http {{ upstream u {{ {} }} }}",
    "stream": "events {{ }} stream {{ {} }}",
    "stream server": "events {{ }} stream {{ server {{ listen 127.0.0.1:8099; {} }} }}",
    "stream upstream": "events {{ }} stream {{ upstream u {{ {} }} }}",
}
_COUNT = 'invalid number of arguments in "{}" directive'
_PLACE = '"{}" directive is not allowed here'
_NAMES = sorted({spec.name for spec in all_specs()} - {"mail"})  # Debian ships the mail module apart


def _said(bench: Rig, context: str, line: str) -> str:
    bench.write("nginx.conf", _STREAM + _CONTEXTS[context].format(line))
    output = bench.nginx.test(prefix=bench.prefix, config=bench.config).output
    found = re.search(r"\[emerg\] \d+#\d+: (.*?)(?: in \S+:\d+)?$", output, re.MULTILINE)
    return found[1] if found else ""


def _written(spec: DirectiveSpec, count: int) -> str:
    return f"{spec.name} {'a ' * count}{'{ }' if spec.block else ';'}"


def _wrong_count(spec: DirectiveSpec) -> int | None:
    fewest, most = spec.arguments
    if most is not None:
        return most + 1
    return fewest - 1 if fewest else None


@pytest.mark.parametrize("name", _NAMES)
def test_row(bench: Rig, name: str) -> None:
    build = bench.nginx.build().version
    version = (build.major, build.minor, build.patch)
    rows = [spec for spec in specs(name) if spec.exists_in(version)]
    allowed = {context for spec in rows for context in spec.contexts} - {"mail", "mail server"}
    if not rows:
        assert _said(bench, "server", f"{name} a;") == f'unknown directive "{name}"'
    if not allowed:
        return
    for context in _CONTEXTS:
        spec = next((spec for spec in rows if context in spec.contexts), None)
        if spec is None:
            assert _said(bench, context, _written(rows[0], 1)) == _PLACE.format(name), context
            continue
        wrong = _wrong_count(spec)
        if wrong is not None:
            assert _said(bench, context, _written(spec, wrong)) == _COUNT.format(name), context
        for count in {spec.arguments[0], spec.arguments[1] or spec.arguments[0]}:
            assert _said(bench, context, _written(spec, count)) != _COUNT.format(name), (context, count)


@pytest.mark.parametrize(("wrong", "right"), MISTAKES.items())
def test_names_that_people_invent_are_unknown_and_lead_to_a_real_one(bench: Rig, wrong: str, right: str) -> None:
    assert _said(bench, "server", f"{wrong} a;") == f'unknown directive "{wrong}"'
    assert specs(right)


def test_no_tls_directive_of_this_nginx_is_missing_from_the_table(bench: Rig) -> None:
    from pathlib import Path

    binary = Path(bench.nginx.path).read_bytes() + Path("/usr/lib/nginx/modules/ngx_stream_module.so").read_bytes()
    names = {name.decode() for name in re.findall(rb"\x00((?:ssl|proxy_ssl|grpc_ssl|uwsgi_ssl)_[a-z_]+)(?=\x00)", binary)}
    really = {name for name in names if _said(bench, "main", f"{name} a;") == _PLACE.format(name)}
    assert len(really) > 40
    assert really <= set(tls_names())
