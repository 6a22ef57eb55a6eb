"""Of many servers one is meant: findings about the others are left out, those of what decides for it are not."""

from pathlib import Path

from handclasp.diagnose.concern import concerns
from handclasp.diagnose.engine import diagnose
from tests.diagnose.rules.samples_placement import server
from tests.diagnose.rules.workshop import TLS, Workshop

_OPEN = "ssl_client_certificate ca.pem; ssl_verify_client optional;"
_APP = "location / { proxy_pass http://127.0.0.1:9000; }"


def site(name: str, more: str = "") -> str:
    return server(f"{TLS.replace('site.test', name)} {_OPEN} {more}", _APP)


def told(shop: Workshop, folder: Path) -> set[tuple[str, int | None]]:
    found = diagnose(shop.sends().say(server="b.test").evidence(), concerns).diagnosis.findings
    return {(one.cause, one.where.line) for one in found}


def lines_of(folder: Path, word: str) -> list[int]:
    text = (folder / "nginx.conf").read_text("utf-8")
    return [number for number, line in enumerate(text.splitlines(), 1) if word in line]


def test_the_doors_of_other_servers_are_not_its_own(tmp_path: Path) -> None:
    shop = Workshop(tmp_path).http(site("a.test") + site("b.test") + site("c.test"))
    found = told(shop, tmp_path)
    own = lines_of(tmp_path, "b.test")
    assert {line for cause, line in found if cause == "optional-not-enforced"} == set(own)


def test_early_data_of_the_default_server_is(tmp_path: Path) -> None:
    shop = Workshop(tmp_path).http(
        site("a.test", "ssl_early_data on; ssl_protocols TLSv1.3;") + site("b.test") + site("c.test")
    )
    found, default = told(shop, tmp_path), set(lines_of(tmp_path, "a.test"))
    kept = {cause for cause, line in found if line in default}
    assert "early-data-replayed" in kept
    assert "optional-not-enforced" not in kept


def test_what_stands_around_all_servers_is(tmp_path: Path) -> None:
    geo = "    geo $http_x_forwarded_for $lan { default 0; 10.0.0.0/8 1; }\n"
    shop = Workshop(tmp_path).http(geo + site("a.test") + site("b.test", "if ($lan = 0) { return 403; }"))
    assert ("header-spoofable", lines_of(tmp_path, "geo ")[0]) in told(shop, tmp_path)
