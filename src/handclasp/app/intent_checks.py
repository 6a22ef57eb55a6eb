"""What can be said against a site before there is a CA or an nginx, each with the key of handclasp.toml that it is about."""

from collections.abc import Callable, Iterator
from functools import partial

from handclasp.model.intent import SiteIntent, UpstreamIntent
from handclasp.nginxconf.render_limits import limit_zones
from handclasp.nginxconf.render_stream import refuse_request_key, request_keys
from handclasp.nginxconf.render_tls import policy_of
from handclasp.nginxconf.render_upstream import upstream_maps
from handclasp.nginxconf.render_upstream_tls import SECURE, parts, upstream_tls
from handclasp.nginxconf.render_zones import rule_path, zone_maps

_SLUG = "site"

Check = Callable[[], object]


def checks_of(site: SiteIntent) -> Iterator[tuple[str, str | None, Check]]:
    """Checks that raise PolicyError, in the order of the file; each with its key in the site's table, and the value there."""
    yield "tls", None, partial(policy_of, site)
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
