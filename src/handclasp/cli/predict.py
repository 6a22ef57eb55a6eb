"""handclasp predict."""

from typing import Any

import click

from handclasp.cli.evidence_options import evidence_options
from handclasp.cli.frame import Frame, framed


@click.command("predict")
@evidence_options
@framed
def command(frame: Frame, **options: Any) -> int:
    r"""Say what nginx will answer, and why, without running it.

    Every error is listed in the order in which OpenSSL raises it; nginx reports only the last. Without --client-cert the client
    sends no certificate. With -v the certification path is drawn, with the candidates that were not taken.

    \b
    Examples:
      handclasp predict --config /etc/nginx/nginx.conf --server api.example.test --client-cert alice/chain.pem -v
      handclasp predict --config nginx.conf --upstream --upstream-chain backend.pem --engine 3.5
    """
    from handclasp.catalogue.openssl_releases import unmeasured
    from handclasp.cli.gathering import evidence_of
    from handclasp.present.verdict import verdict_fields, verdict_text
    from handclasp.verdict.predict import Stage, predict

    evidence = evidence_of(frame, options)
    verdict = predict(evidence)
    remark = unmeasured(Stage(evidence).openssl)
    if frame.json:
        frame.document("predict", {"verdict": verdict_fields(verdict), "measured": remark is None})
    else:
        frame.out(verdict_text(verdict, drawn=frame.verbose > 0))
    if remark:
        frame.hint(remark)
    return 0 if verdict.admitted else 1
