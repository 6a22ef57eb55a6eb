"""Counts what this process answered."""

from bisect import bisect_left
from collections import Counter
from datetime import datetime
from threading import Lock

from handclasp.app.readiness import Figures
from handclasp.model.ocsp import OcspAnswer, OcspError, Status
from handclasp.present.metrics_text import Family, Histogram, metrics_text

BOUNDS = (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Seconds: a signature with an EC key takes the first, waiting for a disk or a database the last."""

Labels = tuple[tuple[str, str], ...]


class Metrics:
    """Counters since the start of the process; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._answers: Counter[tuple[OcspError | tuple[Status, ...], bool]] = Counter()
        self._requests: Counter[Labels] = Counter()
        self._refused: Counter[Labels] = Counter()
        self._signed = _Times("handclasp_ocsp_sign_seconds", "Looking up and signing an OCSP answer that was not known.")
        self._called = _Times("handclasp_api_seconds", "Answering a request to the API.")

    def ocsp(self, answer: OcspAnswer, seconds: float, *, kept: bool) -> None:
        """One OCSP answer: `kept` if it had been signed before, and how long a new one took."""
        with self._lock:
            self._answers[answer.error or answer.statuses, kept and answer.error is None] += 1
            if not kept and answer.error is None:
                self._signed.add(seconds)

    def request(self, route: str, status: int) -> None:
        """One HTTP answer of a route."""
        with self._lock:
            self._requests[("route", route), ("code", str(status))] += 1

    def call(self, seconds: float) -> None:
        """How long one answer of the API took."""
        with self._lock:
            self._called.add(seconds)

    def refused(self, by: str, why: str) -> None:
        """A client that got nothing: by TLS or by the API, and why, in words of which there are few."""
        with self._lock:
            self._refused[("by", by), ("why", why)] += 1

    def text(self, figures: Figures, now: datetime) -> str:
        """Everything, with the figures of the registry."""
        with self._lock:
            counters = _counters(_by_status(self._answers), dict(self._requests), dict(self._refused))
            times = (self._signed.histogram(), self._called.histogram())
        return metrics_text((*counters, *times, *_gauges(figures, now)))


class _Times:
    """How long something took, each time."""

    def __init__(self, name: str, about: str) -> None:
        self._name, self._help = name, about
        self._counts = [0] * (len(BOUNDS) + 1)
        self._total = 0.0

    def add(self, seconds: float) -> None:
        self._counts[bisect_left(BOUNDS, seconds)] += 1
        self._total += seconds

    def histogram(self) -> Histogram:
        return Histogram(name=self._name, help=self._help, bounds=BOUNDS, counts=tuple(self._counts), total=self._total)


def _by_status(found: Counter[tuple[OcspError | tuple[Status, ...], bool]]) -> dict[Labels, int]:
    answers: Counter[Labels] = Counter()
    for (what, kept), count in found.items():
        words = [what.name.lower()] if isinstance(what, OcspError) else [status.value for status in what]
        for word in words:
            answers[("status", word), ("kept", "yes" if kept else "no")] += count
    return dict(answers)


def _counters(answers: dict[Labels, int], requests: dict[Labels, int], refused: dict[Labels, int]) -> tuple[Family, ...]:
    return (
        Family(name="handclasp_ocsp_answers_total", kind="counter", help="Statuses and errors given.", samples=answers),
        Family(name="handclasp_http_requests_total", kind="counter", help="HTTP answers by route.", samples=requests),
        Family(
            name="handclasp_refused_clients_total",
            kind="counter",
            help="Clients refused in the TLS handshake or by the API.",
            samples=refused,
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
