"""Draw the picture of the README: a broken set-up, and what the doctor really says of it here and now.

Usage: .venv/bin/python tools/picture.py
"""

import io
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.diagnose.scenes import SCENES  # noqa: E402 - the path above comes first


def main() -> None:
    """Write docs/doctor.svg."""
    make, _ = SCENES["depth-sent"]
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder)).write()
        argv = ["doctor", "--config", f"{folder}/nginx.conf", "--client-cert", f"{folder}/peer.pem"]
        ran = subprocess.run([sys.executable, "-c", _IN_COLOUR, *argv], capture_output=True, text=True, check=False)
    said = ran.stdout.replace(folder, "/etc/nginx")
    console = Console(record=True, width=130, file=io.StringIO())
    console.print(Text.from_ansi(said))
    console.save_svg(str(ROOT / "docs" / "doctor.svg"), title="handclasp doctor", unique_id="doctor")
    print("docs/doctor.svg")


# The terminal decides about colour; here there is none, so it is told.
_IN_COLOUR = "import sys; sys.stdout.isatty = lambda: True; from handclasp.cli import main; sys.exit(main(sys.argv[1:]))"

if __name__ == "__main__":
    main()
