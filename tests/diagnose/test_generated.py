"""Configurations that a program wrote: the cause is found all the same, and the change is sent to where it lasts."""

from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from handclasp.adapters.file_tree import PosixFileTree
from handclasp.app.evidence import Given, gather
from handclasp.app.fix import fixes
from handclasp.app.nginx_status import nginx_check
from handclasp.app.proven import Proven
from handclasp.catalogue.generators import generators, line_writer, writer
from handclasp.diagnose.engine import Reasoned, diagnose
from handclasp.lab.draft import Draft, healthy
from handclasp.lab.mint import name
from handclasp.model.evidence import Evidence
from handclasp.model.finding import Applicability, Finding
from handclasp.model.verdict import Side
from handclasp.nginxconf.dump import split_dump
from handclasp.present.diagnosis import diagnosis_text
from handclasp.present.diagnosis_data import diagnosis_fields
from handclasp.present.nginx_status import check_fields, check_text
from tests.diagnose.scenes import blank_pem

NOW = datetime(2026, 6, 1, tzinfo=UTC)
FOLDER = Path(__file__).with_name("generated")
TRUST = {
    "ingress-nginx": "/etc/ingress-controller/ssl/ca-default-clients.pem",
    "nginx-ingress": "/etc/nginx/secrets/default-clients-ca.crt",
    "nginx-proxy-manager": "/data/custom_ssl/clients.pem",
    "nginx-proxy": "/etc/nginx/certs/ca.crt",
    "gitlab": "/etc/gitlab/ssl/ca.crt",
    "home-assistant": "/ssl/clients.pem",
    "swag": "/config/keys/clients.pem",
}


def chain(intermediates: int) -> Draft:
    return healthy(Random(7), Side.CLIENT, intermediates)


def stranger() -> bytes:
    """The certificate of another CA."""
    return blank_pem(chain(0).authority(name(("O", "Elsewhere"), ("CN", "Elsewhere Root")))).encode()


def evidence(program: str, intermediates: int = 1, *, trust: bytes | None = b"") -> Evidence:
    """A dump of a program, and a client whose chain has so many intermediates; `trust` None: the CA file is not at hand."""
    draft = chain(intermediates)
    files: dict[str, bytes | None] = {"/tmp/dump": (FOLDER / f"{program}.txt").read_bytes()}
    if trust is not None:
        files[TRUST[program]] = trust or blank_pem(draft.root).encode()
    presented = "".join(blank_pem(item) for item in draft.presented).encode()
    return Evidence(at=NOW, root="/tmp/dump", files=files, server="site.test", presented=presented)


def as_tree(given: Evidence) -> Evidence:
    """The same as files of this machine."""
    assert given.root is not None
    content = given.files[given.root]
    assert content is not None
    files = split_dump(content.decode())
    rest = {path: content for path, content in given.files.items() if path != given.root}
    server = chain(0)
    own = blank_pem(server.leaf).encode()
    named = {word.rstrip(";") for text in files.values() for word in text.decode().split() if word.startswith("/")}
    certificates = {path: own for path in named if path.endswith((".crt", "fullchain.pem")) and path not in rest}
    return Evidence(
        at=NOW, root=next(iter(files)), files={**certificates, **files, **rest}, server=given.server, presented=given.presented
    )


def found(reasoned: Reasoned, cause: str) -> Finding:
    return next(item for item in reasoned.diagnosis.findings if item.cause == cause)


DEPTH = {
    "ingress-nginx": 'nginx.ingress.kubernetes.io/auth-tls-verify-depth: "2"',
    "nginx-ingress": "spec.ingressMTLS.verifyDepth: 2",
    "nginx-proxy-manager": None,
    "nginx-proxy": None,
    "gitlab": "nginx['ssl_verify_depth'] = \"2\"",
    "swag": None,
}


@pytest.mark.parametrize("program", DEPTH)
def test_a_chain_too_long_for_the_depth(program: str) -> None:
    first = diagnose(evidence(program, 2)).diagnosis.findings[0]
    assert (first.cause, first.where.directive) == ("client-verify-depth-too-small", "ssl_verify_depth")
    told = first.remedies[0].generated
    assert told is not None
    assert told.id == program
    assert told.settings == ((DEPTH[program],) if DEPTH[program] else ())
    assert first.remedies[0].commands == told.commands


@pytest.mark.parametrize("program", DEPTH)
def test_a_ca_that_is_not_in_the_file(program: str) -> None:
    other = stranger()
    first = diagnose(evidence(program, 0, trust=other)).diagnosis.findings[0]
    assert first.cause == "client-ca-not-trusted"
    assert first.where.file is not None


def test_the_ca_of_ingress_nginx_is_a_secret() -> None:
    other = stranger()
    given = evidence("ingress-nginx", 0, trust=other)
    told = diagnose(given).diagnosis.findings[0].remedies[0].generated
    assert told is not None
    assert told.settings == ("nginx.ingress.kubernetes.io/auth-tls-secret: NAMESPACE/SECRET (key ca.crt)",)


def test_a_certificate_that_need_not_be_shown() -> None:
    hole = found(diagnose(evidence("nginx-proxy")), "optional-not-enforced")
    assert hole.generated is not None
    assert hole.generated.edit.en.startswith("/etc/nginx/vhost.d/HOST")
    assert hole.generated.settings[0].startswith("label com.github.nginx-proxy.nginx-proxy.ssl_verify_client")


def test_an_upstream_that_nobody_verifies() -> None:
    hole = found(diagnose(evidence("ingress-nginx")), "upstream-verify-off-by-default")
    assert hole.where.directive == "proxy_ssl_verify"
    assert hole.remedies[0].generated is not None
    assert hole.remedies[0].generated.settings == ('nginx.ingress.kubernetes.io/proxy-ssl-verify: "on"',)


def test_what_lua_decides_is_no_finding() -> None:
    """The placeholder of the balancer is never asked, and Lua sends plain requests on."""
    causes = {item.cause for item in diagnose(evidence("ingress-nginx")).diagnosis.findings}
    assert not causes & {"upstream-is-plain-http", "listen-without-ssl"}


def test_a_redirect_that_lua_is_told_not_to_make_is_one() -> None:
    given = evidence("ingress-nginx")
    dump = given.files["/tmp/dump"]
    assert dump is not None
    given.files["/tmp/dump"] = dump.replace(b"ssl_redirect = true", b"ssl_redirect = false")
    assert found(diagnose(given), "listen-without-ssl").generated is not None


@pytest.mark.parametrize(("scheme", "told"), [(b"http", False), (b"https", True)])
def test_the_scheme_that_nginx_proxy_manager_sets(scheme: bytes, told: bool) -> None:
    given = evidence("nginx-proxy-manager")
    dump = given.files["/tmp/dump"]
    assert dump is not None
    given.files["/tmp/dump"] = dump.replace(b"$forward_scheme http;", b"$forward_scheme %s;" % scheme)
    causes = {item.cause for item in diagnose(given).diagnosis.findings}
    assert ("upstream-verify-off-by-default" in causes) is told


@pytest.mark.parametrize("program", sorted(TRUST))
def test_files_of_the_other_machine_are_asked_for(program: str) -> None:
    diagnosis = diagnose(evidence(program, trust=None)).diagnosis
    assert diagnosis.verdict is None
    assert any(TRUST[program] in item.give.en for item in diagnosis.could_not_tell)


def test_each_missing_file_is_asked_for_once_and_no_private_key(tmp_path: Path) -> None:
    (tmp_path / "dump").write_bytes((FOLDER / "gitlab.txt").read_bytes())
    (tmp_path / "client.pem").write_text("".join(blank_pem(item) for item in chain(1).presented))
    given = Given(config=str(tmp_path / "dump"), client_certificate=str(tmp_path / "client.pem"))
    asked = [item.give.en for item in diagnose(gather(given, PosixFileTree(), now=NOW, build=None)).diagnosis.could_not_tell]
    assert sum("/etc/gitlab/ssl/ca.crt" in give for give in asked) == 1
    assert not [give for give in asked if ".key" in give or "permission" in give]


@pytest.mark.parametrize("program", sorted(TRUST))
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_words(program: str, lang: str) -> None:
    """In both languages, in the doctor and in the check: the whole line once, and the data beside it."""
    given = evidence(program, 2)
    diagnosis = diagnose(given).diagnosis
    checked = nginx_check(given)
    sentence = {"en": ("make it in", "make the change in"), "zh": ("应在以下位置修改",)}[lang]
    written = [item.generated for item in checked.findings if item.generated]
    for text, files in (
        (diagnosis_text(diagnosis, lang), {one.remedies[0].generated for one in diagnosis.findings if one.remedies}),
        (check_text(checked, lang), set(written)),
    ):
        assert sum(text.count(words) for words in sentence) == len({one.file for one in files if one})
    shown: Any = diagnosis_fields(diagnosis, lang)
    assert [item["generated"] and item["generated"]["by"] for item in shown["findings"]] == [
        item.generated and item.generated.id for item in diagnosis.findings
    ]
    assert [item["generated"] for item in check_fields(checked)["findings"] if item["generated"]]


@pytest.mark.parametrize(("program", "kept"), [("nginx-proxy", True), ("gitlab", True), ("swag", False)])
def test_no_fix_changes_a_generated_file_by_itself(program: str, kept: bool) -> None:
    given = as_tree(evidence(program, 2))
    reasoned = diagnose(given)
    depth = found(reasoned, "client-verify-depth-too-small").remedies[0]
    assert depth.edits
    assert depth.applicability is (Applicability.REVIEW if kept else Applicability.SAFE)

    def examine(now: Evidence) -> Proven:
        return Proven(diagnosis=diagnose(now).diagnosis)

    alone = fixes(given, examine(given), examine, lambda _step: False)
    assert bool(alone.edits) is not kept
    agreed = fixes(given, examine(given), examine, lambda step: step.remedy.id == depth.id)
    assert agreed.edits


def test_what_a_program_leaves_to_people_is_theirs() -> None:
    """The include of the add-on is edited where it is; only the way to put it in force is the add-on's."""
    depth = found(diagnose(evidence("home-assistant", 2)), "client-verify-depth-too-small").remedies[0]
    assert depth.generated is None
    assert depth.applicability is Applicability.SAFE
    assert depth.commands == ("ha addons restart core_nginx_proxy",)


FILES = [
    ("plesk", "/var/www/vhosts/system/site.test/conf/nginx.conf", ""),
    ("plesk", "/etc/nginx/x.conf", "#ATTENTION!\n#\n#DO NOT MODIFY THIS FILE BECAUSE IT WAS GENERATED AUTOMATICALLY,\n"),
    (None, "/var/www/vhosts/system/site.test/conf/vhost_nginx.conf", ""),
    ("cpanel", "/etc/nginx/conf.d/users/alice.conf", ""),
    (None, "/etc/nginx/conf.d/users/alice/site.test/own.conf", ""),
    ("ispconfig", "/etc/nginx/sites-enabled/100-site.test.vhost", ""),
    ("aapanel", "/www/server/panel/vhost/nginx/site.test.conf", ""),
    ("aapanel", "/etc/nginx/x.conf", "server {\n    #SSL-START SSL相关配置\n    #SSL-END\n}\n"),
    ("hestia", "/home/alice/conf/web/site.test/nginx.ssl.conf", ""),
    (None, "/home/alice/conf/web/site.test/nginx.ssl.conf_mtls", ""),
    ("synology", "/etc/nginx/sites-enabled/server.ReverseProxy.conf", ""),
    ("docker-template", "/etc/nginx/templates/default.conf.template", ""),
    ("docker-template", "/etc/nginx/conf.d/default.conf", "server { listen ${PORT} ssl; }"),
    (None, "/etc/nginx/conf.d/default.conf", "set $BACKEND b.test;\nproxy_pass https://${BACKEND};"),
    ("certbot", "/etc/letsencrypt/options-ssl-nginx.conf", ""),
    ("handclasp", "/etc/nginx/conf.d/handclasp-site.test.conf", ""),
    (None, "/data/nginx/custom/server_proxy.conf", ""),
    (None, "/etc/nginx/vhost.d/site.test", ""),
    (None, "/etc/nginx/sites-enabled/site", "server { listen 443 ssl; include /etc/nginx/vhost.d/site; }"),
]


@pytest.mark.parametrize(("program", "path", "text"), FILES)
def test_whose_a_file_is(program: str | None, path: str, text: str) -> None:
    wrote = writer(path, text)
    assert (wrote.id if wrote else None) == program


def test_only_the_lines_of_certbot_are_its() -> None:
    text = "server {\n    listen 443 ssl; # managed by Certbot\n    ssl_verify_client on;\n}\n"
    first, second = (line_writer(line) for line in text.splitlines()[1:3])
    assert first is not None
    assert first.id == "certbot"
    assert second is None
    assert writer("/etc/nginx/sites-enabled/site", text) is None


def test_a_line_of_certbot_is_said_to_be_its_and_the_file_is_not() -> None:
    given = evidence("swag")
    lines = (
        b"# configuration file /etc/nginx/nginx.conf:\nevents { }\nhttp {\nserver {\nlisten 443 ssl; server_name site.test;",
        b"ssl_client_certificate /config/keys/clients.pem;",
        b"ssl_verify_client optional; # managed by Certbot",
        b"ssl_certificate /config/keys/cert.crt; ssl_certificate_key /config/keys/cert.key;",
        b"location / { return 204; }\n}\n}\n\n",
    )
    given.files["/tmp/dump"] = b"\n".join(lines)
    hole = found(diagnose(given), "optional-not-enforced")
    assert hole.generated is not None
    assert (hole.generated.id, hole.generated.line, hole.generated.overwritten) == ("certbot", hole.where.line, False)


def test_every_program_has_a_mark_and_a_way() -> None:
    for each in generators():
        assert each.path or each.text or each.lines
        assert each.commands
        assert each.edit.zh
    assert len({each.id for each in generators()}) == len(generators())


def test_a_variable_of_a_template_that_was_never_set_is_a_file_that_is_not_there(tmp_path: Path) -> None:
    """As nginx says it: no variable names what is trusted, so that the name is taken as it stands."""
    own = blank_pem(chain(0).leaf)
    (tmp_path / "own.pem").write_text(own)
    (tmp_path / "nginx.conf").write_text(
        "events { }\nhttp { server { listen 8443 ssl; server_name site.test; ssl_certificate own.pem;\n"
        "ssl_certificate_key own.key; ssl_verify_client on;\nssl_client_certificate ${CLIENT_CA};\n} }\n"
    )
    given = Given(config=str(tmp_path / "nginx.conf"), client_certificate=str(tmp_path / "own.pem"))
    first = diagnose(gather(given, PosixFileTree(), now=NOW, build=None)).diagnosis
    assert first.verdict is not None
    fault = next(item for item in first.findings if item.where.directive == "ssl_client_certificate")
    assert f"{tmp_path}/${{CLIENT_CA}}" in fault.summary.en
    assert fault.generated is not None
    assert fault.generated.id == "docker-template"
    checked = nginx_check(gather(given, PosixFileTree(), now=NOW, build=None))
    assert [one.id for one in checked.generated] == ["docker-template"]
    assert "a ${NAME} that is left was not set" in check_text(checked, "en")
    assert check_fields(checked)["generated"][0]["by"] == "docker-template"
