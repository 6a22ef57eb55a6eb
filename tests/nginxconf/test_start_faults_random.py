"""Configurations thrown together at random: whether nginx refuses, and its first words, must be foreseen for every one."""

import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from handclasp.nginxconf.effective import effective
from handclasp.nginxconf.gathered import tree_from_files
from handclasp.nginxconf.start_faults import start_faults
from tests.nginx_rig import MAIN, Issued, Rig, crl, rig

RUNS = 300
_FILES = ("root.pem", "junk", "no", "bad64", "root.crl", "chain", "chainwrong", "server.pem", "empty")
_PAIR = "ssl_certificate server.pem; ssl_certificate_key server.key;"
# Directive and values; the pair of a good certificate stands thrice, so that other faults get their turn.
_SETTINGS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("ssl_verify_client", ("on", "off", "optional", "optional_no_ca", "OFF", "maybe")),
    ("ssl_client_certificate", _FILES),
    ("ssl_trusted_certificate", _FILES),
    ("ssl_crl", _FILES),
    ("ssl_verify_depth", ("0", "1", "x", "-1")),
    ("ssl_ocsp", ("on", "off", "leaf", "x")),
    ("ssl_certificate", _FILES),
    ("ssl_certificate_key", ("server.key", "other.key", "no")),
    ("ssl_reject_handshake", ("on", "off")),
    ("ssl", ("on", "off")),
    ("ssl_session_cache", ("none", "shared:A:1m", "shared:A:2m", "x")),
    ("ssl_session_ticket_key", ("junk", "no")),
    ("proxy_ssl_verify", ("on", "off")),
    ("proxy_ssl_trusted_certificate", _FILES),
    ("proxy_ssl_crl", _FILES),
    ("proxy_ssl_certificate", ("server.pem", "junk", "chainwrong")),
    ("proxy_ssl_certificate_key", ("server.key", "other.key", "no")),
    ("grpc_ssl_verify", ("on",)),
    ("error_page", ("495 /x", "200 /x")),
    ("ssl_ca", ("x",)),
)
_PASSES = ("proxy_pass https://[::1]:1;", "proxy_pass http://[::1]:1;", "grpc_pass grpcs://[::1]:1;", "return 200;", "")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with rig(tmp_path_factory.mktemp("random") / "prefix") as made:
        made.write("junk", "hello\n")
        made.write("empty", "")
        made.write("bad64", "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n")
        made.write("chain", made.server.pem + made.root.pem)
        made.write("chainwrong", made.root.pem + made.server.pem)
        made.write("root.crl", crl(made.root))
        made.write("other.key", made.bob.key_pem)
        yield made


def _settings(chance: random.Random, most: int) -> list[str]:
    lines = [f"{name} {chance.choice(values)};" for name, values in chance.choices(_SETTINGS, k=chance.randint(0, most))]
    return lines + [_PAIR] * (chance.random() < 0.7)


def _location(chance: random.Random, number: int) -> str:
    inside = [chance.choice(_PASSES)]
    if chance.random() < 0.4:
        inside.append(chance.choice(("proxy_ssl_verify on;", "proxy_ssl_verify off;", "proxy_ssl_crl no;")))
    return f"location /{number} {{ {' '.join(inside)} }}"


def _server(chance: random.Random) -> str:
    listen = [
        f"listen 127.0.0.1:{port}{chance.choice(('', ' ssl', ' ssl'))}{chance.choice(('', '', '', ' default_server'))};"
        for port in chance.sample((8443, 8444), chance.randint(1, 2))
    ]
    locations = [_location(chance, number) for number in range(chance.randint(0, 2))]
    return "server {\n" + "\n".join((*listen, *_settings(chance, 3), *locations)) + "\n}"


def _spki(item: Issued) -> bytes:
    return item.certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def test_what_nginx_says_of_random_configurations_is_foreseen(bench: Rig) -> None:
    folder, build = Path(bench.prefix), bench.nginx.build()
    files: dict[str, bytes | None] = {str(path): path.read_bytes() for path in folder.iterdir() if path.is_file()}
    files[f"{folder}/no"] = None
    keys = {f"{folder}/server.key": _spki(bench.server), f"{folder}/other.key": _spki(bench.bob)}
    chance, said = random.Random(495), {True: 0, False: 0}
    for _ in range(RUNS):
        servers = "\n".join(_server(chance) for _ in range(chance.randint(1, 3)))
        text = MAIN.format(http="\n".join((*_settings(chance, 1), servers)), user="user root;")
        bench.write("nginx.conf", text)
        tree = tree_from_files(bench.config, files | {bench.config: text.encode()})
        config = effective(tree, build.version)
        faults = start_faults(tree, config, files, keys, build.version, build.series)
        tested = bench.nginx.test(prefix=bench.prefix, config=bench.config)
        found = re.search(r"\[emerg\] \d+#\d+: (.*)", tested.output)
        assert (faults[0].message if faults else "") == (found[1] if found else ""), text
        said[tested.ok] += 1
    assert min(said.values()) > RUNS // 20, "both answers must occur"
