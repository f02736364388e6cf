"""What `make run` installs is all that the product imports: a test's packages must not hide a missing one."""

import json
import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parent.parent.parent
IMPORT_ALL = """
import importlib, json, pkgutil, sys
import pbx
for module in pkgutil.walk_packages(pbx.__path__, "pbx."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def test_every_import_of_the_product_is_locked_for_make_run() -> None:
    run = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL], cwd=ROOT, capture_output=True, text=True, check=True
    )
    imported = set(json.loads(run.stdout))
    locked = set(re.findall(r"^([a-z0-9.-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    owners = {
        name: {re.sub(r"[-_.]+", "-", owner).lower() for owner in owned}
        for name, owned in packages_distributions().items()
        if name in imported
    }
    assert "gunicorn" in owners
    missing = {name for name, owned in owners.items() if not owned & (locked | {"warden-voip"})}
    assert not missing
