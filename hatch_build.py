"""Build what is in C, where there is a compiler; without it the package works the same, and reads large logs more slowly."""

import hashlib
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCE = Path("src/handclasp/adapters/log_table.c")
LIBRARY = SOURCE.with_name("liblog_table.so")  # log_table.so would be a module to Python


class CustomBuildHook(BuildHookInterface[Any]):
    """Compiles beside the source: an editable installation finds it there, and a wheel takes it along."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """As hatchling calls it before it collects the files."""
        compiler = shutil.which("cc")
        if self.target_name != "wheel" or not compiler:
            return
        source, library = Path(self.root) / SOURCE, Path(self.root) / LIBRARY
        digest = hashlib.sha256(source.read_bytes()).hexdigest()
        made = library.with_suffix(".new")
        argv = [compiler, "-O3", "-shared", "-fPIC", f'-DSOURCE_DIGEST="{digest}"', "-o", str(made), str(source)]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if done.returncode:
            self.app.display_warning(f"{SOURCE} was not compiled: {done.stderr}")
            return
        made.replace(library)  # a process that has the old one open keeps it
        build_data["artifacts"].append(str(LIBRARY))
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"
