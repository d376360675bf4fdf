"""Whether a file is a bill of materials as the schema of CycloneDX 1.5 has it."""

import json
import sys
from importlib.util import find_spec
from pathlib import Path

from jsonschema import Draft7Validator
from referencing import Registry
from referencing.jsonschema import DRAFT7

folder = Path(find_spec("cyclonedx").origin).parent / "schema" / "_res"


def schema(name):
    return json.loads((folder / f"{name}.SNAPSHOT.schema.json").read_text())


beside = [schema("spdx"), schema("jsf-0.82")]
registry = Registry().with_resources((s["$id"], DRAFT7.create_resource(s)) for s in beside)
bill = json.loads(Path(sys.argv[1]).read_text())
errors = list(Draft7Validator(schema("bom-1.5"), registry=registry).iter_errors(bill))
for error in errors[:10]:
    print(f"{error.json_path}: {error.message[:200]}")
sys.exit(1 if errors else 0)
