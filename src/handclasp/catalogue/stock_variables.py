"""The variables of http{} that nginx sets by itself, and where its directives read variables.

Measured; see tools/variable_table.py.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

_BEGINNINGS = (
    "http_", "sent_http_", "sent_trailer_", "upstream_http_", "upstream_trailer_", "upstream_cookie_", "cookie_", "arg_",
    "proxy_protocol_tlv_",
)  # fmt: skip
"""How variables begin that are made for any name."""

_STREAM = frozenset(
    """binary_remote_addr bytes_received bytes_sent connection geoip_area_code geoip_city geoip_city_continent_code
    geoip_city_country_code geoip_city_country_code3 geoip_city_country_name geoip_country_code geoip_country_code3
    geoip_country_name geoip_dma_code geoip_latitude geoip_longitude geoip_org geoip_postal_code geoip_region
    geoip_region_name hostname limit_conn_status msec nginx_version pid protocol proxy_protocol_addr proxy_protocol_port
    proxy_protocol_server_addr proxy_protocol_server_port realip_remote_addr realip_remote_port remote_addr remote_port
    server_addr server_name server_port session_time ssl_preread_alpn_protocols ssl_preread_protocol ssl_preread_server_name
    status time_iso8601 time_local upstream_addr upstream_bytes_received upstream_bytes_sent upstream_connect_time
    upstream_first_byte_time upstream_session_time""".split()  # noqa: SIM905
)


def is_known_in_stream(name: str) -> bool:
    """The same for stream{}; its TLS variables have the names of those of http{}."""
    tls = name.startswith("ssl_") and name in _tables()[0]
    return tls or name in _STREAM or name.startswith("proxy_protocol_tlv_")


def is_known(name: str) -> bool:
    """Whether some nginx has this variable by itself; `name` is in small letters, without the "$"."""
    return name in _tables()[0] or name.startswith(_BEGINNINGS)


def places(name: str, count: int) -> tuple[int, ...]:
    """In which of so many arguments a directive reads variables, from 0; of many, what holds for the last of those measured."""
    rows = _tables()[1].get(name)
    if rows is None:
        return ()
    most = max(rows)
    if count <= most:
        return rows.get(count, ())
    last = rows[most]
    return (*last, *range(most, count)) if most - 1 in last else last


@cache
def _tables() -> tuple[frozenset[str], Mapping[str, Mapping[int, tuple[int, ...]]]]:
    variables: set[str] = set()
    found: dict[str, dict[int, tuple[int, ...]]] = {}
    text = files("handclasp.catalogue").joinpath("stock_variables.tsv").read_text("utf-8")
    for line in text.splitlines():
        name, words = line.split("\t")
        if name == "$":
            variables.add(words)
        else:
            pairs = (word.partition(":") for word in words.split())
            found[name] = {int(count): tuple(map(int, at.split(","))) for count, _, at in pairs}
    return frozenset(variables), found
