"""Writes functions/reference/openapi.json from the code, or with --check tells whether it is up to date."""

import importlib.util
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "functions" / "reference" / "openapi.json"
TAGS = {
    "collaboration": "Collaboration",
    "invoicing": "Invoicing",
    "invoice_output": "Invoicing",
    "registers": "Invoicing",
    "payments": "Payments",
    "ledger": "Ledger",
    "books": "Ledger",
    "sie": "Ledger",
    "payables": "Payables",
    "dunning": "Dunning",
    "vat_return": "VAT",
    "documents": "Documents",
    "overview": "Overview",
    "reference": "Reference",
}

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-north-1")
os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "openapi")
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "Samklang")

from samklang.platform import openapi  # noqa: E402 - after the environment is set

if TYPE_CHECKING:
    from samklang.platform.http import Api


def _api(function: str) -> "Api":
    path = ROOT / "functions" / function / "app.py"
    spec = importlib.util.spec_from_file_location(f"function_{function}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    api: Api = module.api
    return api


def generate() -> str:
    """The document as the code has it now."""
    apis = {function: _api(function) for function in TAGS}
    open_paths = {path for _, path in apis["reference"].routes}
    return openapi.as_text(openapi.build([(TAGS[name], api) for name, api in apis.items()], open_paths))


def main() -> int:
    """Write the document, or compare."""
    text = generate()
    if "--check" not in sys.argv:
        TARGET.write_text(text, encoding="utf-8")
        return 0
    if TARGET.read_text(encoding="utf-8") == text:
        return 0
    print("functions/reference/openapi.json is not what the code says: run `make openapi`.")
    return 1


if __name__ == "__main__":
    sys.exit(main())
