"""Sound lines spoiled at random: nothing that nginx takes is called a fault, and little that it refuses is not foreseen."""

import random
import re
from collections import Counter

from handclasp.adapters.file_tree import PosixFileTree
from handclasp.adapters.system_clock import SystemClock
from handclasp.app.evidence import Given, gather
from handclasp.model.errors import InputError
from handclasp.nginxconf.start_faults import evidence_faults
from handclasp.verdict.predict import Stage
from tests.nginx_rig import Rig
from tests.nginxconf.mutants import mutant, sound_lines

RUNS = 160
_STREAM = "/usr/lib/nginx/modules/ngx_stream_module.so"
_WITH_FILES = re.compile(r"ssl_\w*(?:certificate|crl|dhparam|file|key)")


def _foreseen(bench: Rig) -> str:
    build = bench.nginx.build()
    given = Given(config=bench.config, prefix=bench.prefix, nginx_version=str(build.version), engine=build.openssl)
    try:
        stage = Stage(gather(given, PosixFileTree(), now=SystemClock().now(), build=None))
        faults = evidence_faults(stage.evidence, stage.tree, stage.config, stage.version, stage.openssl)
    except InputError as error:
        return error.what
    return faults[0].message if faults else ""


def test_what_nginx_says_of_spoiled_lines(bench: Rig) -> None:
    chance, said = random.Random(2027), Counter[tuple[bool, bool]]()
    lines = [line for line in sound_lines() if not (line.asks_for_names or _WITH_FILES.match(line.text))]
    wrong: list[str] = []
    for _ in range(RUNS):
        text = mutant(chance, lines).text(stream=_STREAM, limits=True, port=bench.port)
        bench.write("nginx.conf", text)
        refused = not bench.nginx.test(prefix=bench.prefix, config=bench.config).ok
        foreseen = _foreseen(bench)
        if foreseen and not refused:
            wrong.append(f"{foreseen}\n{text}")
        said[refused, bool(foreseen)] += 1
    assert wrong == []
    assert said[True, True] > 10 * said[True, False]
    assert said[False, False] > RUNS // 10
