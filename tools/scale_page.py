"""docs/scale.md from what tools/scale.py saved: every figure with the unit cost behind it."""

from typing import Any

from handclasp.catalogue.profiles import CANARY

GB, MB, KB, DAY = 1e9, 1e6, 1e3, 86_400
PEM = 65 / 48  # octets of PEM for each of DER


def page(saved: dict[str, Any]) -> str:
    """The page."""
    cost = {name: unit["value"] for name, unit in saved["units"].items()}
    given, year = saved["assumptions"], saved["year"]
    parts = [
        _top(saved),
        _assumed(given, year),
        _units(saved["units"]),
        _crl(given, year, cost),
        _ocsp(given, year, cost),
        _database(given, year, cost),
        _signing(year, cost),
        _hosts(given, year, cost),
        _CONCLUSIONS,
    ]
    return "\n".join(parts)


def _lines(rows: list[str]) -> str:
    return "\n".join(rows)


def _top(saved: dict[str, Any]) -> str:
    machine = saved["measured"]["machine"]
    return f"""# {saved["assumptions"]["certificates"]:,} certificates, {saved["assumptions"]["hosts"]:,} nginx hosts

What a CA of that size would need, from two things: what one piece costs, measured, and a year that is played day by day
with seeded chance (`tools/scale_year.py`). Written by `tools/scale.py`; other assumptions: change them there, `--again`.
The unit costs are of one machine with {machine["cores"]} busy cores. Nobody has run this CA at this size.
"""


def _assumed(given: dict[str, Any], year: dict[str, Any]) -> str:
    renewed, spread = given["renewed_after_days"], given["renewal_spread_days"]
    life, hosts = CANARY.lifetime.days, given["hosts"]
    new = hosts / (life * 2 // 3)
    return f"""## Assumptions

- Certificates live {given["lifetime_days"]} days and are renewed after {renewed}, give or take {spread}.
- {given["revoked_a_year"]:.0%} are revoked in a year; on day {given["incident_day"]} another {given["incident_share"]:.1%}
  in one day, all replaced at once.
- Each comes {given["visits_a_day"]} times a day, four times as often at noon as at midnight, to
  {given["hosts_of_a_certificate"]} of the hosts.
- Each host's agent asks for its orders every {given["poll_seconds"]} seconds.
- Each host proves the CRL by a canary ([serve.md](serve.md)), a new one every {life * 2 // 3} days: {new:.1f} new CRLs a day
  and {hosts * 3 // 2:,} entries on the average, beside those of {year["revocations_a_day"]:,} revocations a day.
"""


_UNITS = {
    "crl_entry_bytes": ("octets of a CRL entry", "{:,.1f}"),
    "crl_entry_worker_bytes": ("memory of a CRL entry in each nginx worker, octets", "{:,.0f}"),
    "crl_entry_reload_s": ("`nginx -t` and reload, microseconds for each CRL entry", "{:,.1f}"),
    "reload_s": ("`nginx -t` and reload with an empty CRL, seconds", "{:.2f}"),
    "crl_entries": ("CRL entries written and signed in a second", "{:,.0f}"),
    "signatures": ("P-256 signatures in a second and core, OpenSSL alone", "{:,.0f}"),
    "fleet": ("certificates in a CPU second, in bulk", "{:,.0f}"),
    "issue": ("certificates in a CPU second, one by one", "{:,.0f}"),
    "ahead_s": ("an OCSP answer signed ahead, microseconds of CPU", "{:,.0f}"),
    "publish_s": ("an OCSP answer signed and written by `publish`, microseconds of CPU", "{:,.0f}"),
    "publish_kept_s": ("one that `publish` finds to be good still, microseconds of CPU", "{:,.0f}"),
    "publish_bytes": ("octets on the disk for the published answers about a certificate", "{:,.0f}"),
    "publish_files": ("files and folders (inodes) for them", "{:,.2f}"),
    "answer_bytes": ("octets of an OCSP answer", "{:,.0f}"),
    "static": ("OCSP answers in a second, published files behind nginx", "{:,.0f}"),
    "kept": ("OCSP answers in a second, `serve`, known", "{:,.0f}"),
    "live": ("OCSP answers in a second, `serve`, signed live", "{:,.0f}"),
    "sqlite_row": ("octets of a certificate in SQLite, with indexes", "{:,.0f}"),
    "postgresql_row": ("octets of a certificate in PostgreSQL, with indexes", "{:,.0f}"),
    "sqlite_event": ("octets of an audit event in SQLite", "{:,.0f}"),
    "postgresql_event": ("octets of an audit event in PostgreSQL", "{:,.0f}"),
    "polls_kept_1": ("unchanged polls in a second, 1 host, connection kept, as the agent asks", "{:,.0f}"),
    "polls_kept_10": ("unchanged polls in a second, 10 hosts, connections kept", "{:,.0f}"),
    "polls_apart_1": ("the same with a TLS connection each, 1 host", "{:,.0f}"),
    "polls_apart_10": ("the same, 10 hosts; the clients share the machine", "{:,.0f}"),
    "poll_kept_10_s": ("an unchanged poll, connection kept, microseconds of the server's CPU", "{:,.0f}"),
    "poll_apart_10_s": ("an unchanged poll with its connection, microseconds of the server's CPU", "{:,.0f}"),
}
_MICRO = {"crl_entry_reload_s", "ahead_s", "publish_s", "publish_kept_s", "poll_kept_10_s", "poll_apart_10_s"}


def _units(units: dict[str, Any]) -> str:
    rows = []
    for name, (words, form) in _UNITS.items():
        value = units[name]["value"] * (1e6 if name in _MICRO else 1)
        rows.append(f"| {words} | {form.format(value)} | {units[name]['from']} |")
    return "\n".join(["## Unit costs", "", "| what | cost | measured by |", "|---|---:|---|", *rows, ""])


def _crl(given: dict[str, Any], year: dict[str, Any], cost: dict[str, float]) -> str:
    rows = []
    for shards in given["shards"]:
        usual, most = year["listed_usual"] / shards, year["listed_most"] / shards
        per_day = min(year["changes_a_day"] / shards, DAY / given["poll_seconds"])
        traffic = per_day * usual * cost["crl_entry_bytes"] * PEM * given["hosts"]
        rows.append(
            f"| {shards} | {usual:,.0f} | {most:,.0f} | {most * cost['crl_entry_bytes'] / KB:,.0f} kB"
            f" | {most * cost['crl_entry_worker_bytes'] / MB:,.1f} MB"
            f" | {cost['reload_s'] + most * cost['crl_entry_reload_s']:.2f} s | {per_day:,.1f} | {traffic / GB:,.1f} GB |"
        )
    seconds, at_once = given["poll_seconds"], year["listed_most"] / cost["crl_entries"]
    return f"""## CRLs

A revocation stays listed until its certificate ends: {year["listed_usual"]:,} entries in a usual month,
{year["listed_most"]:,} after the incident, which are written and signed in {at_once:.2f} s.

A shard is a home of its own, with CAs and hosts of its own: nginx needs the CRL of every CA below the roots that it
trusts, and a home gives its hosts all of its CRLs. Several issuing CAs in one home split the signing, not what nginx loads.

| shards | entries, usual | most | CRL, most | in each worker | test and reload | reloads a day and host | CRLs sent a day |
|---:|---:|---:|---:|---:|---:|---:|---:|
{_lines(rows)}

Reloads: {year["changes_a_day"]} of the day's intervals of {seconds} s have a revocation ({year["changes_most"]:,} on the day
of the incident). Each makes every host of that shard fetch the whole CRL; sent, by all shards together:
reloads x usual entries x octets, as PEM, x hosts.
"""


def _ocsp(given: dict[str, Any], year: dict[str, Any], cost: dict[str, float]) -> str:
    rows = []
    for day in year["ocsp"]:
        cores = day["all_ahead"] * cost["ahead_s"]
        rows.append(
            f"| {day['hours']} h | {day['questions']:,} | {day['questions_most']:,} | {day['signatures']:,}"
            f" | {day['signatures_most']:,} | {day['signatures_most'] * cost['ahead_s']:.2f} | {day['all_ahead']:,}"
            f" | {cores:.2f} |"
        )
    files = 2 * given["certificates"]
    stored = files * cost["answer_bytes"] / GB
    signing, looking = (files * cost[name] / 60 for name in ("publish_s", "publish_kept_s"))
    room, inodes = (given["certificates"] * cost[f"publish_{what}"] / by for what, by in (("bytes", GB), ("files", MB)))
    return f"""## OCSP

nginx (`ssl_ocsp`) keeps an answer until nextUpdate; `serve` signs anew when half of that is over and somebody asks.
The simulation plays the visits of a sample for each validity; the most is in the busiest hour. *All ahead* signs for
every certificate each half validity, whether anybody asks or not.

| validity | questions /s | most | signatures /s | most | cores for them | all ahead, signatures /s | cores |
|---:|---:|---:|---:|---:|---:|---:|---:|
{_lines(rows)}

One process answers {cost["kept"]:,.0f} known questions a second and signs {1 / cost["ahead_s"]:,.0f} answers ahead.
All answers, for both CertID hashes, at {cost["answer_bytes"]:,.0f} octets are {stored:,.1f} GB: not for memory.
`serve` keeps 50,000, those of the newest certificates first, and signs the others when asked.
`publish` signs and writes all of them in {signing:,.0f} minutes of one core, and finds them good still in {looking:,.0f}
(`--check`), the revoked ones first. There they take {room:,.0f} GB and {inodes:,.0f} million inodes.
A revocation is seen by an nginx that kept an answer at nextUpdate only: the CRL that the agent brings is faster.
"""


def _database(given: dict[str, Any], year: dict[str, Any], cost: dict[str, float]) -> str:
    rows = given["certificates"] + year["issues"]
    events = year["issues"] + 2 * year["revocations"]
    lines = [
        f"| {name} | {rows * cost[f'{kind}_row'] / GB:,.0f} GB | {events * cost[f'{kind}_event'] / GB:,.0f} GB"
        f" | {year['issues_a_day'] * (cost[f'{kind}_row'] + cost[f'{kind}_event']) / MB:,.0f} MB |"
        for name, kind in (("SQLite", "sqlite"), ("PostgreSQL", "postgresql"))
    ]
    return f"""## Registry

Nothing is ever deleted: after a year {rows:,} certificates and {events:,} audit events. Counted are one event
for each certificate, two for each revocation and its CRL; certificates issued in bulk share theirs.

| registry | certificates | audit log | growth a day |
|---|---:|---:|---:|
{_lines(lines)}
"""


def _signing(year: dict[str, Any], cost: dict[str, float]) -> str:
    mean, most = year["issues_a_day"] / DAY, year["issues_most"] / DAY
    rows = [
        f"| {name} | {cost[key]:,.0f} | {mean / cost[key]:.4f} | {most / cost[key]:.4f} |"
        for name, key in (("one by one", "issue"), ("in bulk", "fleet"))
    ]
    return f"""## Signing

{year["issues"]:,} certificates in the year: {mean:.1f} a second, {most:.1f} on the busiest day.

| how | a CPU second | cores, mean | cores, busiest day |
|---|---:|---:|---:|
{_lines(rows)}

Signatures are no limit: {cost["signatures"]:,.0f} a second and core. Disks are: who is issued alone waits for them.
"""


def _hosts(given: dict[str, Any], year: dict[str, Any], cost: dict[str, float]) -> str:
    polls = year["polls"]
    rows = [
        f"| {name} | {cost[key] * 1e6:,.0f} us | {polls['a_second'] * cost[key]:.2f}"
        f" | {polls['most_in_a_second'] * cost[key]:.2f} |"
        for name, key in (("a connection each", "poll_apart_10_s"), ("a kept connection, as the agent asks", "poll_kept_10_s"))
    ]
    seconds = given["poll_seconds"]
    sent = given["hosts"] * year["listed_usual"] * cost["crl_entry_bytes"] * PEM / GB
    return f"""## Hosts

{given["hosts"]:,} hosts that ask every {seconds} s are {polls["a_second"]} polls a second, {polls["most_in_a_second"]}
in the busiest. An unchanged poll asks the registry for its version, not for its content.

| poll | CPU | cores, mean | cores, busiest second |
|---|---:|---:|---:|
{_lines(rows)}

After a revocation all of one home's hosts fetch its CRL. If all have one home that is {sent:,.2f} GB within {seconds} s,
{sent / seconds * 8:,.2f} Gbit/s.
"""


_CONCLUSIONS = """## The plan

1. **PostgreSQL**, because several `serve` processes share it; its size is that of a usual database.
2. **Ten homes**, each with its own CAs, hosts and CRL. What a single home costs is the traffic and the reloads after each
   revocation, not memory: hosts that all trust one CA all load its whole CRL.
3. **A longer poll** (`handclasp agent --every`) where a minute until a revocation is in force will do: reloads and traffic
   shrink with it, because revocations of one interval are one reload.
4. **OCSP by `serve`** near the hosts, signing when asked. Signing everything ahead pays with a validity of a day or more,
   and `publish` then needs no process in the path.
5. **Two `serve` processes for each home**, for one that is down. Neither polls nor OCSP need more.

## What is known to stand in the way

- What is about everybody at once reads every record: `list`, `status` and `renew --due` one by one, in seconds for a million
  (docs/benchmarks/ca.md); `publish` with OCSP answers writes two files for each the
  first time and at each half life, though only what changed in between; the probes of an apply on the CA's own machine
  keep all who may enter in memory. Issuing, renewing and revoking by name, CRLs, OCSP and polls do not.
- There are no delta CRLs and no CRLs in parts by distribution point: nginx reads neither.
- Expired certificates stay in the registry for good. No command moves them to an archive.
"""
