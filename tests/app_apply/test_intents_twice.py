"""Generated handclasp.toml files, applied: everything is proven, and a second time there is nothing to do."""

import json
import random

import pytest

from tests.app_apply.bench import Bench
from tests.nginx_rig import free_port

_LISTS = ("", 'allow = ["alice"]', 'allow = ["@ops", "bob"]', 'allow = ["*"]')
_FREE = ("", 'free_from = ["10.0.0.0/8"]', 'free_from = ["any"]')
_TLS = (
    "",
    'tls = "modern"',
    'tls = { protocols = ["TLSv1.2", "TLSv1.3"], ciphers = ["ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384"] }',
)
_RATE = ("", 'rate = { clients = "1000r/s" }')


def generated(chance: random.Random) -> str:
    parts = ['[groups]\nops = ["alice"]\n']
    for number in range(2):
        port = free_port()
        parts.append(f'[[site]]\nserver_names = ["s{number}.app.test"]\nlisten = ["127.0.0.1:{port}"]\n')
        parts += [f"{line}\n" for choices in (_LISTS, _FREE, _TLS, _RATE) if (line := chance.choice(choices))]
        for path in chance.sample(("/a", "/a/b", "/metrics"), chance.randint(0, 2)):
            lines = (line for choices in (_LISTS, _FREE) if (line := chance.choice(choices)))
            parts.append(f'[[site.path]]\npath = "{path}"\n' + "".join(f"{line}\n" for line in lines))
    return "\n".join(parts)


@pytest.mark.parametrize("seed", range(3))
def test_applied_twice_plans_nothing(bench: Bench, seed: int) -> None:
    file = bench.ca.home / "handclasp.toml"
    file.write_text(generated(random.Random(seed)))
    first = json.loads(bench.ca.run("nginx", "apply", "--file", str(file), "--json").stdout)
    assert first["proven"]
    assert all(one["ok"] for one in first["proven"])
    planned = bench.ca.json("nginx", "plan", "--file", str(file))
    assert planned["files"] == []
    again = json.loads(bench.ca.run("nginx", "apply", "--file", str(file), "--json").stdout)
    assert (again["changed"], again["reloaded"]) == (False, False)
