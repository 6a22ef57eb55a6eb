"""One year of a large CA, day by day, and one day of its OCSP, second by second: pure arithmetic with seeded chance."""

import random
from collections import Counter
from dataclasses import dataclass
from math import cos, pi
from statistics import mean, median
from typing import Any

DAY, HOUR = 86_400, 3_600
DAYS = 365


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    """What nobody can measure beforehand. Change them and run tools/scale.py --again."""

    certificates: int = 10_000_000
    hosts: int = 1_000
    lifetime_days: int = 90
    renewed_after_days: int = 60
    renewal_spread_days: int = 5
    revoked_a_year: float = 0.01
    incident_day: int = 200
    incident_share: float = 0.002
    visits_a_day: int = 10
    hosts_of_a_certificate: int = 2
    validity_hours: tuple[int, ...] = (1, 24, 168)
    poll_seconds: int = 5
    shards: tuple[int, ...] = (1, 10, 100)
    seed: int = 8


def simulate(given: Assumptions) -> dict[str, Any]:
    """Everything that the page says of the year."""
    chance = random.Random(given.seed)  # noqa: S311 - a simulation
    return {
        **_year(given, chance),
        "ocsp": [_ocsp_day(given, hours, random.Random(given.seed)) for hours in given.validity_hours],  # noqa: S311
        "polls": _polls(given, chance),
    }


def _year(given: Assumptions, chance: random.Random) -> dict[str, Any]:
    """Renewals by day of issue, revocations by chance, and how long each stays on its CRL: until its certificate ends."""
    due: Counter[int] = Counter()
    for day in range(given.renewed_after_days):
        due[day] = given.certificates // given.renewed_after_days
    leaves: Counter[int] = Counter()
    spread = range(-given.renewal_spread_days, given.renewal_spread_days + 1)
    listed, issues, revocations, lengths, fetches = 0, [], [], [], []
    for day in range(DAYS):
        gone = _about(given.certificates * given.revoked_a_year / DAYS, chance)
        gone += round(given.certificates * given.incident_share) if day == given.incident_day else 0
        for _ in range(gone):
            age = chance.randrange(given.renewed_after_days)
            leaves[day + given.lifetime_days - age] += 1
            due[day + given.renewed_after_days - age] -= 1
        made = due[day] + gone  # who was revoked gets another certificate
        for offset in spread:
            due[day + given.renewed_after_days + offset] += made // len(spread)
        due[day + given.renewed_after_days] += made % len(spread)
        listed += gone - leaves[day]
        issues.append(made)
        revocations.append(gone)
        lengths.append(listed)
        fetches.append(len({chance.randrange(DAY) // given.poll_seconds for _ in range(gone)}))
    return {
        "issues": sum(issues),
        "issues_a_day": round(mean(issues)),
        "issues_most": max(issues),
        "revocations": sum(revocations),
        "revocations_a_day": round(mean(revocations)),
        "revocations_most": max(revocations),
        "listed_usual": round(median(lengths[given.lifetime_days :])),
        "listed_most": max(lengths),
        "changes_a_day": round(median(fetches)),
        "changes_most": max(fetches),
        "months": [{"day": day, "listed": lengths[day], "issues": issues[day]} for day in range(30, DAYS, 30)],
    }


def _about(wanted: float, chance: random.Random) -> int:
    """Around what is wanted, as independent events vary."""
    return max(0, round(chance.gauss(wanted, wanted**0.5)))


def _ocsp_day(given: Assumptions, hours: int, chance: random.Random) -> dict[str, Any]:
    """A sample of certificates: nginx keeps an answer until nextUpdate, the responder signs when half of it is over."""
    sample, span = 1_000, 2 + 2 * hours // 24
    validity = hours * HOUR
    asked: Counter[int] = Counter()
    signed: Counter[int] = Counter()
    for _ in range(sample):
        made = -chance.random() * validity / 2
        at_hosts = {host: chance.random() * validity for host in range(given.hosts_of_a_certificate)}
        for moment in sorted(_moment(chance, day) for day in range(span) for _ in range(given.visits_a_day)):
            host = chance.randrange(given.hosts_of_a_certificate)
            if at_hosts[host] > moment:
                continue
            asked[int(moment // HOUR)] += 1
            if moment - made >= validity / 2:
                made = moment
                signed[int(moment // HOUR)] += 1
            at_hosts[host] = made + validity
    window = range(24, span * 24)  # how the first day began is over
    scale = given.certificates / sample
    rate = {
        name: [counts[hour] * scale / HOUR for hour in window]
        for name, counts in (("questions", asked), ("signatures", signed))
    }
    return {
        "hours": hours,
        **{name: round(mean(values)) for name, values in rate.items()},
        **{f"{name}_most": round(max(values)) for name, values in rate.items()},
        "all_ahead": round(given.certificates / (validity / 2)),
    }


def _moment(chance: random.Random, day: int) -> float:
    """A time of that day: four times as likely at noon as at midnight."""
    while True:
        moment = chance.random() * DAY
        if chance.random() * 1.6 < 1 - 0.6 * cos(2 * pi * moment / DAY):
            return day * DAY + moment


def _polls(given: Assumptions, chance: random.Random) -> dict[str, Any]:
    """Hosts that started at any time and ask at a fixed pace, each a little late each time, for an hour."""
    moments: list[float] = []
    for _ in range(given.hosts):
        moment = chance.random() * given.poll_seconds
        while moment < HOUR:
            moments.append(moment)
            moment += given.poll_seconds + chance.expovariate(20)
    return {
        "a_second": round(len(moments) / HOUR),
        "most_in_a_second": max(Counter(int(moment) for moment in moments).values()),
    }
