"""Generated handclasp.toml files, with sites of requests, gRPC and bytes, applied: everything is proven, and a second time
there is nothing to do.

HANDCLASP_TWICE=20 makes more of them.
"""

import json
import os
import random

import pytest

from handclasp.adapters.nginx_process import NginxProcess
from handclasp.nginxconf.render_stream import NAMES
from tests.app_apply.bench import Bench
from tests.nginx_rig import crl, free_port, make

_LISTS = ("", 'allow = ["alice"]', 'allow = ["@ops", "bob"]', 'allow = ["*"]')
_FREE = ("", 'free_from = ["10.0.0.0/8"]', 'free_from = ["any"]')
_TLS = (
    "",
    'tls = "modern"',
    'tls = { protocols = ["TLSv1.2", "TLSv1.3"], ciphers = ["ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384"] }',
)
_CA = ("", "", 'client_ca = "issuing"', 'client_ca = "root"')
_ELSEWHERE = 'client_ca = { file = "partner.pem", crl = "partner.crl" }'
_RATE = ("", 'rate = { clients = "1000r/s" }')
# Nobody is there: what is proven is who would come through.
_UPSTREAMS = (
    "",
    'upstream = { url = "http://127.0.0.1:9", websocket = true, client_cert = true }',
    'upstream = { url = "grpc://127.0.0.1:9" }',
    'upstream = { url = "https://127.0.0.1:9", ca = "ca/root.pem", name = "back.test" }',
    'upstream = { url = "grpcs://127.0.0.1:9", ca = "ca/bundle.pem", crl = "ca/crl.pem", name = "back.test" }',
)
_BYTES = (
    'upstream = { url = "tcp://127.0.0.1:9" }',
    'upstream = { url = "tls://127.0.0.1:9", ca = "ca/bundle.pem", name = "db.test" }',
)


def generated(chance: random.Random, *, named: bool) -> str:
    """A handclasp.toml. `named`: this nginx tells sites of bytes apart by name."""
    parts = ['[groups]\nops = ["alice"]\n']
    ports = [free_port() for _ in range(3)]
    tls = chance.choice(_TLS)  # of one address there is one: before nginx 1.29.2 the default server's holds for all
    bytes_ = _LISTS if named else chance.choice((_LISTS, _TLS))
    parts.append(f'[[site]]\nserver_names = ["db.app.test"]\nlisten = ["127.0.0.1:{ports[2]}"]\n{chance.choice(_BYTES)}\n')
    parts.append(f"{chance.choice(bytes_)}\n")
    for number in range(3):
        parts.append(f'[[site]]\nserver_names = ["s{number}.app.test"]\nlisten = ["127.0.0.1:{ports[number % 2]}"]\n{tls}\n')
        parts += [f"{line}\n" for choices in (_LISTS, _FREE, _CA, _UPSTREAMS, _RATE) if (line := chance.choice(choices))]
        for path in chance.sample(("/a", "/a/b", "/metrics"), chance.randint(0, 2)):
            lines = (line for choices in (_LISTS, _FREE) if (line := chance.choice(choices)))
            parts.append(f'[[site.path]]\npath = "{path}"\n' + "".join(f"{line}\n" for line in lines))
    # A CA from elsewhere, whose people have no names here; and beside the first another site of bytes, told apart by SNI.
    parts.append(f'[[site]]\nserver_names = ["partner.app.test"]\nlisten = ["127.0.0.1:{ports[0]}"]\n{tls}\n{_ELSEWHERE}\n')
    parts += [f"{line}\n" for choices in (_FREE, _UPSTREAMS) if (line := chance.choice(choices))]
    if named:
        parts.append(f'[[site]]\nserver_names = ["db2.app.test"]\nlisten = ["127.0.0.1:{ports[2]}"]\n{chance.choice(_BYTES)}\n')
        parts.append(f"{chance.choice(_CA)}\n")
    return "\n".join(parts)


@pytest.mark.parametrize("seed", range(int(os.environ.get("HANDCLASP_TWICE", "3"))))
def test_applied_twice_plans_nothing(bench: Bench, seed: int) -> None:
    file = bench.ca.home / "handclasp.toml"
    partner = make("Partner root", ca=True)
    (bench.ca.home / "partner.pem").write_bytes(partner.pem)
    (bench.ca.home / "partner.crl").write_bytes(crl(partner))
    file.write_text(generated(random.Random(seed), named=NginxProcess().build().version >= NAMES))
    first = json.loads(bench.ca.run("nginx", "apply", "--file", str(file), "--json").stdout)
    assert first["proven"]
    assert all(one["ok"] for one in first["proven"])
    planned = bench.ca.json("nginx", "plan", "--file", str(file))
    assert planned["files"] == []
    again = json.loads(bench.ca.run("nginx", "apply", "--file", str(file), "--json").stdout)
    assert (again["changed"], again["reloaded"]) == (False, False)
