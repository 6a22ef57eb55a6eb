"""Write src/handclasp/catalogue/causes/index.json anew; run it after editing a cause."""

from pathlib import Path

from handclasp.catalogue import causes

target = Path(causes.__file__).with_name(causes.INDEX)
text = causes.compile_index()
changed = not target.exists() or target.read_text("utf-8") != text
if changed:
    target.write_text(text, "utf-8")
print(f"{target.name}: {'written' if changed else 'already current'}")
