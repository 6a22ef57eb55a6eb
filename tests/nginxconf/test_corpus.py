"""Configurations as they are found in the field, and what holds in each server. The expectation stands beside each file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from handclasp.model.nginx import EffectiveConfig, Location, NginxVersion, Setting, TlsServer
from handclasp.nginxconf.dump import resolve_dump, split_dump
from handclasp.nginxconf.effective import effective
from handclasp.nginxconf.parse import parse
from handclasp.nginxconf.tree import decode, render

FOLDER = Path(__file__).parent / "corpus"
CASES = sorted(path.stem for path in FOLDER.glob("*.txt"))
VERSION = NginxVersion(1, 22, 1)


def _text(name: str) -> str:
    return decode((FOLDER / f"{name}.txt").read_bytes())


def test_the_folder_holds_cases_and_expectations_only() -> None:
    assert len(CASES) >= 21
    assert {path.name for path in FOLDER.iterdir()} == {f"{name}{end}" for name in CASES for end in (".txt", ".expected")}


@pytest.mark.parametrize("name", CASES)
def test_every_file_comes_back_character_for_character(name: str) -> None:
    for path, content in split_dump(_text(name)).items():
        assert render(parse(decode(content), path)) == decode(content)


@pytest.mark.parametrize("name", CASES)
def test_what_holds(name: str) -> None:
    config = effective(resolve_dump(_text(name)), VERSION)
    assert "\n".join(_summary(config)) + "\n" == (FOLDER / f"{name}.expected").read_text()


def _summary(config: EffectiveConfig) -> Iterator[str]:
    for server in config.servers:
        yield from _server(server)
    for block in config.upstreams:
        yield f"upstream {block.context} {block.name}: {' '.join(block.addresses)} keepalive={block.keepalive.value}"
    for table in config.maps:
        entries = " ".join(f"{entry.pattern}=>{entry.value}" for entry in table.entries)
        yield f"map {table.source} ${table.variable}: {entries}"


def _server(server: TlsServer) -> Iterator[str]:
    yield f"{server.context} server {' '.join(server.names) or '-'} at line {server.origin.line}"
    for listen in server.listens:
        flags = " ".join(name for name in ("ssl", "default_server", "http2", "proxy_protocol", "quic") if getattr(listen, name))
        yield f"  listen {listen.address}:{listen.port} {flags}".rstrip()
    yield f"  verify={_set(server.verify_client)} depth={_set(server.verify_depth)}"
    for name in ("client_certificate", "trusted_certificate", "crl", "ocsp_responder", "resolver"):
        setting = getattr(server, name)
        if setting.value is not None:
            yield f"  {name}={_set(setting)}"
    for name in ("certificates", "certificate_keys", "session_ticket_key", "protocols"):
        yield f"  {name}={' '.join(getattr(server, name).value) or '-'}"
    yield from _rest(server)
    for location in server.locations:
        yield from _location(location)


def _rest(server: TlsServer) -> Iterator[str]:
    yield f"  ocsp={server.ocsp.value} cache={_set(server.session_cache)} tickets={_set(server.session_tickets)}"
    yield "  logs=" + " ".join(f"{log.path or '-'}:{log.level}" for log in server.error_logs.value)
    for flag in ("reject_handshake", "early_data", "underscores_in_headers", "scripted"):
        value = getattr(server, flag)
        if value is True or (isinstance(value, Setting) and value.value):
            yield f"  {flag}"
    for command in server.conf_commands.value:
        yield f"  conf_command {' '.join(command)}"
    for page in server.error_pages:
        yield f"  error_page {' '.join(map(str, page.codes))} response={page.response} {page.target}"
    for guard in server.guards:
        yield f"  if {guard.variable}|{guard.operator}|{guard.operand} status={guard.status}"
    if server.returns:
        yield f"  return {server.returns.status}"


def _location(location: Location) -> Iterator[str]:
    said = {"internal": location.internal, "denied": location.access.denied, "scripted": location.scripted}
    marks = " ".join(name for name, holds in said.items() if holds)
    inside = f" in {' > '.join(location.parents)}" if location.parents else ""
    yield f"  location [{location.modifier}] {location.path}{inside} {marks}".rstrip()
    if location.module:
        yield f"    {location.module} {location.target.value}"
    for header in location.headers.value:
        yield f"    header {header.name}: {header.value}"
    for guard in location.guards:
        yield f"    if {guard.variable}|{guard.operator}|{guard.operand} status={guard.status}"
    if location.returns:
        yield f"    return {location.returns.status} {location.returns.text}".rstrip()
    up = location.upstream
    if up:
        yield f"    tls to {' '.join(up.addresses) or '?'} name={_set(up.name)} sni={_set(up.server_name)}"
        yield f"    verify={_set(up.verify)} depth={_set(up.verify_depth)} trusted={_set(up.trusted_certificate)}"
        yield f"    certificate={_set(up.certificate)} key={_set(up.certificate_key)} reuse={_set(up.session_reuse)}"
        for command in up.conf_commands.value:
            yield f"    conf_command {' '.join(command)}"


def _set(setting: Setting[object]) -> str:
    return f"{setting.value}@{setting.origin.line if setting.origin else 'default'}"
