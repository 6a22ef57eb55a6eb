"""What is rendered passes the doctor's own rules, and a configuration that does not pass them is told why."""

from collections.abc import Iterator

import pytest

from handclasp.adapters.file_tree import PosixFileTree
from handclasp.app.evidence import Given, gather
from handclasp.app.nginx_status import nginx_check
from handclasp.model.finding import Finding, Severity
from handclasp.model.intent import AdmittedCertificate, PathIntent, RateIntent, SiteIntent, UpstreamIntent
from handclasp.model.nginx import NginxVersion
from handclasp.nginxconf.render import render_sites
from handclasp.nginxconf.render_main import render_main
from tests.nginx_rig import NOW
from tests.nginxconf_write.site_rig import SiteRig, issuer_dn, serial

VERSIONS = [NginxVersion(1, 18, 0), NginxVersion(1, 22, 1), NginxVersion(1, 26, 3), NginxVersion(1, 29, 7)]


def sites(rig: SiteRig) -> Iterator[SiteIntent]:
    tls = UpstreamIntent(
        url="https://127.0.0.1:9", name="back.test", trusted_certificate=rig.path("root.pem"), client_cert=True
    )
    plain = UpstreamIntent(url="http://127.0.0.1:9", websocket=True)
    paths = (PathIntent(path="/x", allow=("bob",)), PathIntent(path="/h", free_from=("any",)))
    yield rig.intent(upstream=tls)
    yield rig.intent(server_names=("b.test",), allow=("alice",), upstream=plain)
    yield rig.intent(
        server_names=("c.test",), free_from=("10.0.0.0/8",), paths=paths, rate=RateIntent(rate="1r/s"), upstream=plain
    )


def findings(rig: SiteRig, version: NginxVersion) -> tuple[Finding, ...]:
    given = Given(config=rig.config, nginx_version=str(version))
    checked = nginx_check(gather(given, PosixFileTree(), now=NOW, build=None))
    assert checked.faults == ()
    return tuple(finding for finding in checked.findings if finding.severity is not Severity.NOTICE)


@pytest.mark.parametrize("version", VERSIONS, ids=str)
def test_rendered_sites_are_clean(rig: SiteRig, version: NginxVersion) -> None:
    admitted = tuple(
        AdmittedCertificate(identity=name, issuer_dn=issuer_dn(rig.clients[name]), serial=serial(rig.clients[name]))
        for name in ("alice", "bob")
    )
    material = rig.material(admitted=admitted)
    for number, text in enumerate(render_sites([(site, material) for site in sites(rig)], version)):
        rig.write(f"sites/{number}.conf", text)
    rig.write("nginx.conf", render_main(str(rig.prefix)))
    assert findings(rig, version) == ()
    # The same with one hole: so the rules were asked.
    spoilt = (rig.prefix / "sites/1.conf").read_text().replace("error_page 495 =400 @", "error_page 495 =200 @")
    rig.write("sites/1.conf", spoilt)
    assert [finding.severity for finding in findings(rig, version)][:1] == [Severity.ERROR]
