"""Counts what this process answered."""

from collections import Counter
from datetime import datetime
from threading import Lock

from handclasp.app.readiness import Figures
from handclasp.model.ocsp import OcspAnswer, OcspError, Status
from handclasp.present.metrics_text import Family, metrics_text

Labels = tuple[tuple[str, str], ...]


class Metrics:
    """Counters since the start of the process; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._answers: Counter[tuple[OcspError | tuple[Status, ...], bool]] = Counter()
        self._requests: Counter[Labels] = Counter()
        self._seconds = 0.0
        self._signed = 0

    def ocsp(self, answer: OcspAnswer, seconds: float, *, kept: bool) -> None:
        """One OCSP answer: `kept` if it had been signed before, and how long a new one took."""
        with self._lock:
            self._answers[answer.error or answer.statuses, kept and answer.error is None] += 1
            if not kept and answer.error is None:
                self._seconds += seconds
                self._signed += 1

    def request(self, route: str, status: int) -> None:
        """One HTTP answer of a route."""
        with self._lock:
            self._requests[("route", route), ("code", str(status))] += 1

    def text(self, figures: Figures, now: datetime) -> str:
        """Everything, with the figures of the registry."""
        with self._lock:
            answers, requests = _by_status(self._answers), dict(self._requests)
            seconds, signed = self._seconds, self._signed
        return metrics_text((*_counters(answers, requests, seconds, signed), *_gauges(figures, now)))


def _by_status(found: Counter[tuple[OcspError | tuple[Status, ...], bool]]) -> dict[Labels, int]:
    answers: Counter[Labels] = Counter()
    for (what, kept), count in found.items():
        words = [what.name.lower()] if isinstance(what, OcspError) else [status.value for status in what]
        for word in words:
            answers[("status", word), ("kept", "yes" if kept else "no")] += count
    return dict(answers)


def _counters(answers: dict[Labels, int], requests: dict[Labels, int], seconds: float, signed: int) -> tuple[Family, ...]:
    return (
        Family(name="handclasp_ocsp_answers_total", kind="counter", help="Statuses and errors given.", samples=answers),
        Family(name="handclasp_http_requests_total", kind="counter", help="HTTP answers by route.", samples=requests),
        Family(
            name="handclasp_ocsp_live_seconds_sum",
            kind="counter",
            help="Time spent looking up and signing.",
            samples={(): seconds},
        ),
        Family(
            name="handclasp_ocsp_live_seconds_count", kind="counter", help="Answers signed when asked.", samples={(): signed}
        ),
    )


def _gauges(figures: Figures, now: datetime) -> tuple[Family, ...]:
    def seconds(until: dict[str, datetime]) -> dict[Labels, float]:
        return {(("ca", label),): (end - now).total_seconds() for label, end in until.items()}

    certificates: dict[Labels, float] = {(("status", status),): float(count) for status, count in figures.certificates.items()}
    ending: dict[Labels, float] = {(("days", str(days)),): float(count) for days, count in figures.ending.items()}
    crls, responders = seconds(figures.crl_until), seconds(figures.responder_until)
    return (
        Family(name="handclasp_certificates", kind="gauge", help="Certificates in the register.", samples=certificates),
        Family(
            name="handclasp_certificates_ending", kind="gauge", help="Good ones that end within so many days.", samples=ending
        ),
        Family(name="handclasp_crl_seconds_left", kind="gauge", help="Until nextUpdate of the CRL.", samples=crls),
        Family(
            name="handclasp_responder_seconds_left", kind="gauge", help="Until the OCSP responder ends.", samples=responders
        ),
    )
