"""Where rendered sites go, and what is left to do there by hand."""

from collections.abc import Callable
from dataclasses import dataclass

from handclasp.app.site import RenderedSite


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A kind of place. `folder`: where the files go by custom; `then`: commands once they are there (home, folder, sites)."""

    folder: str
    then: Callable[[str, str, tuple[RenderedSite, ...]], tuple[str, ...]]


def _reload(_home: str, _folder: str, _sites: tuple[RenderedSite, ...]) -> tuple[str, ...]:
    return ("nginx -t && nginx -s reload",)


def _enable(_home: str, folder: str, sites: tuple[RenderedSite, ...]) -> tuple[str, ...]:
    enabled = folder.removesuffix("sites-available") + "sites-enabled/"
    links = tuple(f"ln -s {folder}/{site.name} {enabled}" for site in sites)
    return (*links, "nginx -t && nginx -s reload")


def _container(home: str, folder: str, sites: tuple[RenderedSite, ...]) -> tuple[str, ...]:
    """Only what nginx reads is mounted: never the home as a whole, which holds the CA's keys."""
    own = f"{home}/"
    known = [site.material for site in sites]
    paths = [path for one in known for path in (one.client_certificate, one.certificate, one.certificate_key)]
    # The home's own files, wherever nginx sees it, have one of these in their path.
    ends = (path.rpartition(part)[0] for path in paths for part in ("/ca/bundle.pem", "/identities/") if part in path)
    inside = next(ends, "")
    parts = dict.fromkeys(path[len(inside) + 1 :].rpartition("/")[0] for path in paths if path.startswith(f"{inside}/"))
    mounts = [f"-v {own}{part}:{inside}/{part}:ro" for part in parts]
    # Files of a CA from elsewhere are named by the place that they have here.
    strange = dict.fromkeys(
        path for one in known for path in (one.client_certificate, one.crl) if path and not path.startswith(f"{inside}/")
    )
    mounts += [f"-v {path}:{path}:ro" for path in strange]
    return (" ".join(("docker run", *mounts, f"-v {folder}:/etc/nginx/conf.d:ro", "-p 443:443 nginx")),)


TARGETS = {
    "conf.d": Target(folder="/etc/nginx/conf.d", then=_reload),
    "sites-available": Target(folder="/etc/nginx/sites-available", then=_enable),
    "docker": Target(folder="./conf.d", then=_container),
}
"""The places that are known by name."""
