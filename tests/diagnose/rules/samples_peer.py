"""The rules about certificates, by the scenes that the doctor is judged on, and healthy hierarchies for silence."""

from collections.abc import Callable

from handclasp.lab import extensions as ext
from handclasp.lab.mint import PAST
from handclasp.model.verdict import Side
from tests.diagnose.rules.workshop import ANSWER, ASKS, Sample, Workshop
from tests.diagnose.scenes import CLIENT, SCENES, UPSTREAM

_UNUSABLE_CA = "client-intermediate-eku-lacks-clientauth"
_SERVER = f"    server {{ {ASKS} {ANSWER} }}"


def scene(name: str) -> Callable[[Workshop], Workshop]:
    def make(shop: Workshop) -> Workshop:
        shop.scene = SCENES[name][0](shop.folder)
        shop.side = shop.scene.draft.side
        shop.scene.write()
        empty = not (shop.folder / "peer.pem").stat().st_size
        return shop.sends("") if empty else shop.sends()

    return make


def healthy(shop: Workshop) -> Workshop:
    if shop.side is Side.CLIENT:
        shop.scene.nginx = CLIENT
    else:
        shop.scene.location = UPSTREAM
    shop.scene.write()
    return shop.sends()


def with_crls(shop: Workshop) -> Workshop:
    shop.draft.with_crls()
    shop.scene.nginx = f"{CLIENT} ssl_crl crl.pem;"
    shop.scene.write()
    return shop.sends()


def rekeyed(shop: Workshop) -> Workshop:
    """A root of the old name with another key, and a leaf that does not say which key signed it."""
    made = shop.draft.authority(shop.draft.root.subject)
    shop.draft.leaf.authority_key = None
    shop.scene.trust = [made]
    return healthy(shop)


def unexplained(shop: Workshop) -> Workshop:
    line = (
        "2026/01/02 03:04:05 [info] 7#7: *9 client SSL certificate verify error: "
        "(21:unable to verify the first certificate) while reading client request headers, "
        'client: 192.0.2.1, server: site.test, request: "GET / HTTP/1.1", host: "site.test"'
    )
    return healthy(shop).changed("ca.pem").say(lines=(line,))


def two_faults(shop: Workshop) -> Workshop:
    shop.draft.leaf.not_after = PAST
    shop.draft.leaf.put("extKeyUsage", ext.extended_key_usage("serverAuth"))
    return healthy(shop)


def weak(shop: Workshop) -> Workshop:
    shop.draft.leaf.digest = "sha1"
    return healthy(shop)


def constrained(shop: Workshop) -> Workshop:
    shop.draft.root.put("nameConstraints", ext.name_constraints(permitted=(("dns", "inside.test"),)), critical=True)
    shop.draft.leaf.put("subjectAltName", ext.general_names(("dns", "outside.test")))
    return healthy(shop)


def rekeyed_with_lists(shop: Workshop) -> Workshop:
    """The same, and the CRL is of the CA's own key: no fault of the list."""
    shop.draft.with_crls()
    shop.scene.nginx = f"{CLIENT} ssl_crl crl.pem;"
    made = shop.draft.authority(shop.draft.root.subject)
    shop.draft.leaf.authority_key = None
    for blank in shop.draft.crls or ():
        blank.authority_key = None
    shop.scene.trust = [made]
    shop.scene.write()
    return shop.sends()


def upstream_root_expired(shop: Workshop) -> Workshop:
    shop.draft.root.not_after = PAST
    return healthy(shop)


def nobody_known(shop: Workshop) -> Workshop:
    """Both CAs are in the file, and nobody says who the clients are."""
    shop.scene.trust = shop.draft.tiers[1:]
    shop.scene.nginx = CLIENT
    shop.scene.write()
    return shop


def pinned(shop: Workshop) -> Workshop:
    """Certificates of single persons stand among the trusted, one of them self-signed: no CA is broken."""
    own = shop.draft.end_entity(shop.draft.leaf.subject, None)
    shop.scene.trust = [*shop.draft.tiers, own]
    shop.scene.nginx = CLIENT
    shop.scene.write()
    return shop


def below_it_nobody(shop: Workshop) -> Workshop:
    shop.draft.tiers[1].put("extKeyUsage", ext.extended_key_usage("serverAuth"))
    return nobody_known(shop)


def quiet_log(shop: Workshop) -> Workshop:
    return shop.http(_SERVER).sends()


SAMPLES = (
    Sample("no-certificate", "nothing", scene("nothing-sent"), "client-sent-no-cert"),
    Sample("no-certificate", "healthy", healthy),
    Sample("chain", "other-ca", scene("ca-not-trusted"), "client-ca-not-trusted"),
    Sample("chain", "upstream", scene("upstream-ca"), "upstream-ca-not-trusted"),
    Sample("chain", "healthy", healthy),
    Sample("chain", "healthy-upstream", healthy, side=Side.UPSTREAM),
    Sample("depth", "sent", scene("depth-sent"), "client-verify-depth-too-small"),
    Sample("depth", "healthy", healthy, intermediates=1),
    Sample("purpose", "eku", scene("eku"), "client-eku-lacks-clientauth"),
    Sample("purpose", "healthy", healthy, intermediates=1),
    Sample("revocation", "revoked", scene("revoked"), "client-cert-revoked"),
    Sample("revocation", "healthy", with_crls, intermediates=1),
    Sample("signature", "rekeyed", rekeyed, "client-ca-rekeyed-same-name"),
    Sample("signature", "rekeyed-with-lists", rekeyed_with_lists, "client-ca-rekeyed-same-name"),
    Sample("signature", "healthy", healthy),
    Sample("standing", "below-it-nobody", below_it_nobody, _UNUSABLE_CA, "warning", intermediates=1),
    Sample("standing", "healthy", nobody_known, intermediates=1),
    Sample("standing", "pinned", pinned, intermediates=1),
    Sample("dates", "expired", scene("expired"), "client-cert-expired"),
    Sample("dates", "upstream-root", upstream_root_expired, "upstream-cert-expired", side=Side.UPSTREAM, intermediates=1),
    Sample("dates", "healthy", healthy),
    Sample("strength", "sha1", weak, "client-cert-weak-signature"),
    Sample("strength", "healthy", healthy),
    Sample("constraints", "outside", constrained, "client-name-constraints"),
    Sample("constraints", "healthy", healthy),
    Sample("name", "other", scene("upstream-name"), "upstream-name-mismatch"),
    Sample("name", "healthy", healthy, side=Side.UPSTREAM),
    Sample("reload", "new-ca", lambda shop: healthy(shop).changed("ca.pem"), "ca-changed-without-reload", severity="warning"),
    Sample(
        "reload", "new-crl", lambda shop: with_crls(shop).changed("crl.pem"), "client-crl-changed-without-reload", "warning"
    ),
    Sample("reload", "unexplained-line", unexplained, "ca-changed-without-reload"),
    Sample("reload", "other-file", lambda shop: healthy(shop).changed("server.pem")),
    Sample("masked", "two-faults", two_faults, "client-mask-expired-hides-untrusted", severity="notice"),
    Sample("masked", "healthy", healthy),
    Sample("log-level", "error", scene("silent-log"), "error-log-level-hides-reason", severity="warning"),
    Sample("log-level", "info", quiet_log),
)
