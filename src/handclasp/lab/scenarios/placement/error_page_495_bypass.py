"""error_page turns the refusal into 200, or is written for 400, which never comes."""

from handclasp.lab import setup
from handclasp.lab.scenario import Scenario, lets_in
from handclasp.lab.setup import NOBODY, STRANGER, Setup
from handclasp.ports.stage import Performance

_APP = 'location /app {\n    return 200 "welcome\\n";\n}'


def _page(line: str) -> Setup:
    made = setup.client(1)
    made.server += [line, _APP]
    return made


def _static(made: Setup) -> None:
    made.server = [
        "error_page 495 496 /refused.html;",
        'location = /refused.html {\n    internal;\n    return 403 "certificate needed\\n";\n}',
    ]


def _refuses(seen: Performance) -> bool:
    return bool(seen.results) and not lets_in(seen, NOBODY) and not lets_in(seen, STRANGER)


SCENARIO = Scenario(
    cause="error-page-495-bypass",
    broken={"error_page-496-=200-to-app": lambda: _page("error_page 495 496 =200 /app;")},
    control={"no-error-page": lambda: setup.client(1)},
    remedies={"static-refusal-page": _static},
    good=_refuses,
)
