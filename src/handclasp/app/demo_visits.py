"""Visits to the demonstration's site: each with nginx's own words about it, from its access log and its error log."""

import json
import re
from dataclasses import dataclass

from handclasp.app.demo_stage import Stage
from handclasp.model.demo import Guest, Visit
from handclasp.model.plan import Expect
from handclasp.model.probe import ClientIdentity, ProbeRequest, TlsVersion

_VERIFY = re.compile(r"client SSL certificate verify error: \((\d+):([^)]+)\)")
_NONE_SENT = re.compile(r"client sent no required SSL certificate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """The site under test, and the logs of its nginx."""

    stage: Stage
    site: str
    port: int
    access_log: str
    error_log: str

    def knock(
        self, who: Guest, tls: TlsVersion, identity: ClientIdentity | None, must: Expect, session: bytes | None = None
    ) -> tuple[Visit, bytes | None]:
        """One visit, and the TLS session that nginx gave for a later one."""
        before = len(self._log(self.access_log)), len(self._log(self.error_log))
        seen = self.stage.gear.probe.ask(self._request(self.site, identity, tls, session))
        # nginx writes its access log after the answer. It has one worker, so once that has dealt with another caller (one
        # who asks for no site, and is not logged as a request) it has written.
        self.stage.gear.probe.ask(self._request(None, None, None, None))
        said = _VERIFY.search(self._log(self.error_log)[before[1] :])
        none_sent = _NONE_SENT.search(self._log(self.error_log)[before[1] :])
        return Visit(
            who=who,
            tls=tls,
            must=must,
            status=seen.status,
            title=seen.title or seen.error,
            verify=_verify(self._log(self.access_log)[before[0] :]),
            number=int(said[1]) if said else None,
            reason=said[2] if said else (none_sent[0] if none_sent else None),
            offered=session is not None,
            resumed=seen.resumed,
        ), seen.session

    def _request(
        self, sni: str | None, identity: ClientIdentity | None, tls: TlsVersion | None, session: bytes | None
    ) -> ProbeRequest:
        return ProbeRequest(
            address="127.0.0.1",
            port=self.port,
            sni=sni,
            host=f"{self.site}:{self.port}",
            identity=identity,
            tls=tls,
            session=session,
        )

    def _log(self, path: str) -> str:
        files = self.stage.gear.files
        return files.read(path).decode(errors="replace") if files.exists(path) else ""


def _verify(lines: str) -> str | None:
    """$ssl_client_verify of the only request in these lines of the access log; None when there is none."""
    found = [json.loads(line) for line in lines.splitlines()]
    return str(found[-1]["verify"]) if found else None
