"""What can be said against a site before there is a CA or an nginx, each with the key of handclasp.toml that it is about."""

from collections.abc import Callable, Iterator
from functools import partial

from handclasp.model.errors import PolicyError
from handclasp.model.intent import ClientCaIntent, SiteIntent, UpstreamIntent
from handclasp.nginxconf.render_limits import limit_zones
from handclasp.nginxconf.render_stream import refuse_request_key, request_keys
from handclasp.nginxconf.render_tls import policy_of
from handclasp.nginxconf.render_upstream import upstream_maps
from handclasp.nginxconf.render_upstream_tls import SECURE, parts, upstream_tls
from handclasp.nginxconf.render_zones import rule_path, zone_maps

_SLUG = "site"

Check = Callable[[], object]


def checked(site: SiteIntent) -> SiteIntent:
    """The site, when nothing can be said against it; PolicyError for the first thing that can."""
    for _key, _value, check in checks_of(site):
        check()
    return site


def checks_of(site: SiteIntent) -> Iterator[tuple[str, str | None, Check]]:
    """Checks that raise PolicyError, in the order of the file; each with its key in the site's table, and the value there."""
    yield "tls", None, partial(policy_of, site)
    if site.client_ca is not None and site.client_ca.file is not None:
        yield "client_ca", None, partial(_of_strange_ca, site, site.client_ca)
    for number, zone in enumerate(site.paths):
        yield f"path[{number}].path", zone.path, partial(rule_path, zone.path)
    if site.upstream is not None:
        yield from _of_upstream(site, site.upstream)
    if site.zoned and not site.stream:
        yield "path", None, partial(zone_maps, _SLUG, site)
    yield "rate", None, partial(limit_zones, _SLUG, site)


def _of_upstream(site: SiteIntent, upstream: UpstreamIntent) -> Iterator[tuple[str, str | None, Check]]:
    yield "upstream.url", upstream.url, partial(parts, upstream.url)
    scheme, host, _ = parts(upstream.url)
    if site.stream:
        for key in request_keys(site, upstream):
            yield key, None, partial(refuse_request_key, key, upstream)
    if scheme in SECURE:
        yield "upstream", None, partial(upstream_tls, upstream, host)
    yield "upstream.websocket", None, partial(upstream_maps, _SLUG, upstream)


def _of_strange_ca(site: SiteIntent, ca: ClientCaIntent) -> None:
    """PolicyError for what this home cannot know of the clients of another CA, or must not leave open."""
    if site.listed is not None:
        raise PolicyError(
            f"the people of a list are those of this home, and {ca.file} is another CA's",
            hint="leave allow out: whoever that CA issued a certificate to may enter",
        )
    if ca.crl is None and site.ocsp is None:
        raise PolicyError(
            f"nobody whom the CA in {ca.file} revokes would be refused",
            hint="add crl: a PEM file with a CRL of every CA in it; or say ocsp for the site",
        )
