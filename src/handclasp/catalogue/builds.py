"""The nginx builds that symptoms of the catalogue name, and which of them fit what is known of an engine."""

from collections.abc import Callable
from dataclasses import dataclass

from handclasp.model.nginx import NginxVersion, OpensslSeries


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """One build: `id` as symptoms write it, `label` as people read it, `lab` when the lab runs it."""

    id: str
    nginx: NginxVersion
    series: OpensslSeries
    label: str
    lab: bool = True


BUILDS: dict[str, Build] = {
    build.id: build
    for build in (
        Build(
            id="1.18/1.0.1",
            nginx=NginxVersion(1, 18, 0),
            series=OpensslSeries.V1_0_2,
            label="OpenSSL 1.0.1 and older",
            lab=False,
        ),
        Build(id="1.18/1.0.2", nginx=NginxVersion(1, 18, 0), series=OpensslSeries.V1_0_2, label="OpenSSL 1.0.2", lab=False),
        Build(
            id="1.18/1.1.1",
            nginx=NginxVersion(1, 18, 0),
            series=OpensslSeries.V1_1_1,
            label="nginx 1.18.0 + OpenSSL 1.1.1",
        ),
        Build(id="1.22/3.0", nginx=NginxVersion(1, 22, 1), series=OpensslSeries.V3_0, label="nginx 1.22.1 + OpenSSL 3.0"),
        Build(id="1.26/3.5", nginx=NginxVersion(1, 26, 3), series=OpensslSeries.V3_5, label="nginx 1.26.3 + OpenSSL 3.5"),
        Build(id="1.30/3.6", nginx=NginxVersion(1, 30, 6), series=OpensslSeries.V3_6, label="nginx 1.30.6 + OpenSSL 3.6"),
        Build(
            id="1.31/3.0",
            nginx=NginxVersion(1, 31, 5),
            series=OpensslSeries.V3_0,
            label="nginx 1.31.5 + OpenSSL 3.0",
            lab=False,
        ),
    )
}

# From this version on nginx lets OpenSSL go on after an upstream's first verification error and reports the last one.
LAST_UPSTREAM_ERROR = NginxVersion(1, 19, 1)


def lab_builds(fits: Callable[[Build], bool]) -> tuple[str, ...]:
    """Ids of the lab's builds that fit, oldest first."""
    return tuple(build.id for build in BUILDS.values() if build.lab and fits(build))


def fitting(series: OpensslSeries | None, version: NginxVersion | None) -> tuple[str, ...]:
    """Ids of the builds that stand for `series` and `version`; None does not narrow. Never empty.

    The OpenSSL series decides first; one that no build has is stood for by the newest below it that some build has. An nginx
    version narrows only by the side of 1.19.1 it is on, because that is where the reporting of upstream errors changed; when
    nothing fits both, the series alone decides.
    """
    by_series = [build for build in BUILDS.values() if series is None or build.series is _stand_in(series)]
    if version is not None:
        late = version >= LAST_UPSTREAM_ERROR
        narrowed = [build.id for build in by_series if (build.nginx >= LAST_UPSTREAM_ERROR) == late]
        if narrowed:
            return tuple(narrowed)
    return tuple(build.id for build in by_series)


def _stand_in(series: OpensslSeries) -> OpensslSeries:
    return max((build.series for build in BUILDS.values() if series.since(build.series)), key=lambda item: item.numbers)
