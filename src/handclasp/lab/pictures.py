"""The chain of each scenario's first form, as the verdict model follows it: data for the pictures of the knowledge base."""

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from handclasp.catalogue.builds import BUILDS
from handclasp.catalogue.pictures import Link, Picture
from handclasp.lab.exhibit import exhibit
from handclasp.lab.scenario import Scenario
from handclasp.model.errors import InputError
from handclasp.model.nginx import NginxBuild
from handclasp.model.verdict import Source, Verdict
from handclasp.verdict.predict import predict

# The lab's certificates are good at this time unless they are meant not to be; the build is Debian's.
AT = datetime(2030, 1, 1, tzinfo=UTC)
BUILD = "1.22/3.0"


def drawn(scenarios: Iterable[Scenario]) -> dict[str, Picture]:
    """The pictures of all scenarios whose verification fails on a chain."""
    found = ((scenario.cause, _picture(scenario)) for scenario in scenarios)
    return {cause: picture for cause, picture in found if picture}


def to_json(pictures: dict[str, Picture]) -> bytes:
    """The file: one cause a line."""
    encode = msgspec.json.Encoder(order="deterministic").encode
    rows = (b'"%s":%s' % (cause.encode(), encode(picture)) for cause, picture in sorted(pictures.items()))
    return b"{\n" + b",\n".join(rows) + b"\n}\n"


def _picture(scenario: Scenario) -> Picture | None:
    engine = BUILDS[BUILD]
    build = NginxBuild(path="nginx", version=engine.nginx, openssl=f"{engine.series}.0", debug=True)
    variant = next(scenario.variants())
    try:
        verdict = predict(exhibit(variant).evidence(at=AT, build=build))
    except InputError:  # no TLS to an upstream, for instance: nothing to draw
        return None
    return _of_verdict(variant.form, verdict) if verdict.path and verdict.errors else None


def _of_verdict(form: str, verdict: Verdict) -> Picture:
    top = verdict.path[-1].certificate
    return Picture(
        form=form,
        links=tuple(
            Link(
                subject=step.certificate.subject_text or "-",
                sent=step.source is Source.PRESENTED,
                errors=tuple(dict.fromkeys(error.number for error in verdict.errors if error.depth == step.depth)),
            )
            for step in verdict.path
        ),
        missing=None if top.self_issued else top.issuer_text,
    )
