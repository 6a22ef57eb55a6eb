"""Write src/handclasp/catalogue/measured.json anew from the lab's recorded runs; run it after recording them."""

from pathlib import Path

from handclasp.catalogue import measured
from handclasp.lab.counts import counted, to_json
from handclasp.lab.report import recorded

target = Path(measured.__file__).with_name(measured.DATA)
data = to_json(counted(recorded()))
changed = not target.exists() or target.read_bytes() != data
if changed:
    target.write_bytes(data)
print(f"{target.name}: {'written' if changed else 'already current'}")
