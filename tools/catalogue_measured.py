"""Write measured.json and pictures.json of the catalogue anew, from the lab's recorded runs and its scenarios."""

from pathlib import Path

from handclasp.catalogue import measured, pictures
from handclasp.lab import pictures as drawing
from handclasp.lab.counts import counted, to_json
from handclasp.lab.report import recorded
from handclasp.lab.scenarios import scenarios

folder = Path(measured.__file__).parent
made = {measured.DATA: to_json(counted(recorded())), pictures.DATA: drawing.to_json(drawing.drawn(scenarios().values()))}
for name, data in made.items():
    target = folder / name
    changed = not target.exists() or target.read_bytes() != data
    if changed:
        target.write_bytes(data)
    print(f"{name}: {'written' if changed else 'already current'}")
