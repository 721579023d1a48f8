"""The walls between the rooms of the house, found by reading the code, and what no file may hold."""

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = Path("layers/samklang/python")

AWS = re.compile(r"(boto3|botocore|s3transfer|aws_lambda_powertools|mypy_boto3_\w+)(\.|$)")
STORE = re.compile(r"samklang\.(\w+)\.store(\.|$)")
STORE_OR_SERVICE = re.compile(r"samklang\.\w+\.(store|service)(\.|$)")
NOT_CONTEXTS = {"formats", "platform"}

KEEPS_DATA = re.compile(r"(boto3|botocore|samklang\.platform\.dynamo(?!\.([A-Z]\w*|retrying)$))(\.|$)")
"""What reads and writes tables. Its types and limits are free: a service begins a transaction, hands it to
stores and meets its refusal."""

EVENT_SHAPES = re.compile(
    r"aws_lambda_powertools\.(event_handler\.openapi\.params|utilities\.(typing|data_classes))(\.|$)"
)
"""How an event and its parameters look: all that a function needs of Powertools; the rest is in platform."""


class Import(NamedTuple):
    """One thing that a line imports: ``a.b`` for ``import a.b`` and for ``from a import b``."""

    name: str
    line: int
    runs: bool
    """False for what only the type checker reads."""


class Breach(NamedTuple):
    """One line that breaks a rule."""

    path: str
    line: int
    problem: str


# ---------------------------------------------------------------- reading imports


def imports(source: str, module: str) -> Iterator[Import]:
    """Everything a module imports, wherever in it."""
    tree = ast.parse(source)
    unrun = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for statement in node.body
        for inner in ast.walk(statement)
    }
    for node in ast.walk(tree):
        for name in _named(node, module.rpartition(".")[0]):
            yield Import(name, getattr(node, "lineno", 0), id(node) not in unrun)


def _named(node: ast.AST, package: str) -> list[str]:
    match node:
        case ast.Import(names):
            return [alias.name for alias in names]
        case ast.ImportFrom(origin, names, level):
            parents = package.split(".")[: len(package.split(".")) - (level or 1) + 1] if level else []
            base = ".".join([*parents, *([origin] if origin else [])])
            return [f"{base}.{alias.name}" for alias in names]
        case ast.Call(func, [ast.Constant(str(name)), *_]) if ast.unparse(func).endswith(
            ("import_module", "__import__")
        ):
            return [name]
    return []


class House:
    """The code of a checkout: our package and the functions."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @cached_property
    def modules(self) -> dict[str, tuple[Path, list[Import]]]:
        """Every module of our package by its name, with its file and what it imports."""
        found = {}
        for path in sorted((self.root / PACKAGE / "samklang").rglob("*.py")):
            parts = path.relative_to(self.root / PACKAGE).with_suffix("").parts
            found[".".join(parts).removesuffix(".__init__")] = (path, list(_imports_of(path, parts)))
        return found

    def functions(self) -> Iterator[tuple[Path, list[Import]]]:
        """Every file of the functions, with what it imports."""
        for path in sorted((self.root / "functions").rglob("*.py")):
            yield path, list(_imports_of(path, (path.stem,)))

    def at(self, path: Path, line: int, problem: str) -> Breach:
        """A breach, with its place as one would type it."""
        return Breach(path.relative_to(self.root).as_posix(), line, problem)

    def way_to_aws(self, module: str, seen: frozenset[str] = frozenset()) -> list[str] | None:
        """The imports that lead from a module to AWS when it runs, or None."""
        for found in self.modules[module][1]:
            if not found.runs:
                continue
            if AWS.match(found.name):
                return [module, found.name]
            ours = next(
                (name for name in (found.name, found.name.rpartition(".")[0]) if name in self.modules), ""
            )
            if ours and ours not in seen and (way := self.way_to_aws(ours, seen | {module})):
                return [module, *way]
        return None


def _imports_of(path: Path, parts: tuple[str, ...]) -> Iterator[Import]:
    return imports(path.read_text(encoding="utf-8"), ".".join(parts))


# ---------------------------------------------------------------- the walls


def aws_in_pure_code(house: House) -> Iterator[Breach]:
    """Models and formats can be read, tested and moved without a cloud, whatever they import."""
    for module, (path, found) in house.modules.items():
        if not _is_pure(module):
            continue
        for each in found:
            if AWS.match(each.name):
                yield house.at(path, each.line, f"pure code imports {each.name}")
        way = house.way_to_aws(module)
        if way and len(way) > 2:
            yield house.at(path, 1, f"pure code reaches AWS: {' → '.join(way)}")


def upwards_in_pure_code(house: House) -> Iterator[Breach]:
    """What a thing is knows neither what is done with it nor how it is kept."""
    for module, (path, found) in house.modules.items():
        for each in found:
            if _is_pure(module) and STORE_OR_SERVICE.match(each.name):
                yield house.at(path, each.line, f"pure code imports {each.name}")


def foreign_stores(house: House) -> Iterator[Breach]:
    """A context asks another's service; how that one keeps things is its own affair."""
    for module, (path, found) in house.modules.items():
        for each in found:
            if (store := STORE.match(each.name)) and store[1] != _room(module):
                yield house.at(path, each.line, f"{_room(module)} imports {each.name}")


def tables_outside_stores(house: House) -> Iterator[Breach]:
    """Keys and transactions of a context are written in its store and nowhere else."""
    for module, (path, found) in house.modules.items():
        room, _, name = module.removeprefix("samklang.").partition(".")
        if room in NOT_CONTEXTS or name.split(".")[0] == "store":
            continue
        for each in found:
            if KEEPS_DATA.match(each.name):
                yield house.at(path, each.line, f"{module} imports {each.name}, only its store may")


def functions_that_do_more_than_hand_over(house: House) -> Iterator[Breach]:
    """A function reads the event and calls one use case: it needs us, the event's shape, and no store."""
    for path, found in house.functions():
        for each in found:
            top = each.name.partition(".")[0]
            known = top in {"samklang", *sys.stdlib_module_names} or EVENT_SHAPES.match(each.name)
            if not known or STORE.match(each.name) or each.name.startswith("samklang.platform.dynamo"):
                yield house.at(path, each.line, f"function imports {each.name}")


def _is_pure(module: str) -> bool:
    return module.endswith(".model") or ".model." in module or _room(module) == "formats"


def _room(module: str) -> str:
    return module.removeprefix("samklang.").partition(".")[0]


# ---------------------------------------------------------------- what no file may hold

TALKS_TO_THE_TERMINAL = ("local/", ".ci/", "tests/benchmarks/")

UNFINISHED = re.compile(r"\b(?:[T]ODO|[F]IXME)\b")
OF_THIS_MACHINE = re.compile(r"(?<![\w.})~])/(?:work|root|tmp)/")
REGISTRY = re.compile(
    r"\b(?:pypi\.org|files\.pythonhosted\.org|registry\.npmjs\.org|proxy\.golang\.org)\b|--(?:extra-)?index-url"
)
NOWHERE = {
    UNFINISHED: "is unfinished: finish it, or open an issue",
    OF_THIS_MACHINE: "names a path of one machine",
    REGISTRY: "names a package registry: which one is up to whoever installs",
}


def tracked_files(root: Path) -> list[Path]:
    """What git keeps, or will when it is added."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [root / name for name in names.split("\0") if name and (root / name).is_file()]


def forbidden_words(root: Path, files: list[Path]) -> Iterator[Breach]:
    """Notes to oneself, and names that mean something on one machine only."""
    for path in files:
        content = path.read_bytes()
        if b"\0" in content:
            continue
        for number, line in enumerate(content.decode("utf-8").splitlines(), 1):
            for pattern, problem in NOWHERE.items():
                if pattern.search(line):
                    yield Breach(path.relative_to(root).as_posix(), number, problem)


def forbidden_code(root: Path, files: list[Path]) -> Iterator[Breach]:
    """``print`` in what runs in the cloud, where logs are JSON; ``except:`` anywhere."""
    for path in files:
        if path.suffix != ".py":
            continue
        name = path.relative_to(root).as_posix()
        for node in ast.walk(ast.parse(path.read_bytes())):
            match node:
                case ast.Call(ast.Name("print")) if not name.startswith(TALKS_TO_THE_TERMINAL):
                    yield Breach(name, node.lineno, "prints")
                case ast.ExceptHandler(None):
                    yield Breach(name, node.lineno, "catches everything, Ctrl-C too")


# ---------------------------------------------------------------- the house as it stands

type Wall = Callable[[House], Iterator[Breach]]

WALLS: list[Wall] = [
    aws_in_pure_code,
    upwards_in_pure_code,
    foreign_stores,
    tables_outside_stores,
    functions_that_do_more_than_hand_over,
]


@pytest.mark.parametrize("wall", WALLS, ids=lambda wall: wall.__name__)
def test_wall_stands(wall: Wall) -> None:
    assert list(wall(House(ROOT))) == []


def test_files_hold_nothing_forbidden() -> None:
    assert list(forbidden_words(ROOT, tracked_files(ROOT))) == []


def test_code_neither_prints_nor_catches_everything() -> None:
    assert list(forbidden_code(ROOT, tracked_files(ROOT))) == []


# ---------------------------------------------------------------- planted breaches

SAMKLANG = f"{PACKAGE}/samklang"


def written(root: Path, files: dict[str, str]) -> list[Path]:
    """Files with these texts."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return [root / name for name in files]


@pytest.mark.parametrize(
    ("wall", "place", "line"),
    [
        (aws_in_pure_code, "ledger/model.py", "import boto3"),
        (aws_in_pure_code, "ledger/model.py", "def late():\n    from botocore.config import Config"),
        (aws_in_pure_code, "formats/camt.py", "from aws_lambda_powertools import Logger"),
        (aws_in_pure_code, "formats/camt.py", "if TYPE_CHECKING:\n    from mypy_boto3_s3 import S3Client"),
        (aws_in_pure_code, "formats/camt.py", "import importlib\nimportlib.import_module('boto3')"),
        (aws_in_pure_code, "ledger/model.py", "from samklang.platform.clients import dynamodb"),
        (aws_in_pure_code, "ledger/model.py", "from samklang.platform import through"),
        (upwards_in_pure_code, "ledger/model.py", "from samklang.ledger import service"),
        (upwards_in_pure_code, "ledger/model.py", "from . import store"),
        (upwards_in_pure_code, "formats/camt.py", "from ..ledger.store import vouchers"),
        (foreign_stores, "payments/service.py", "import samklang.ledger.store"),
        (foreign_stores, "payments/service.py", "from samklang.ledger.store import vouchers"),
        (foreign_stores, "payments/store.py", "from samklang.ledger import store as books"),
        (foreign_stores, "payments/service.py", "if TYPE_CHECKING:\n    from ..ledger import store"),
        (tables_outside_stores, "ledger/service.py", "import boto3"),
        (tables_outside_stores, "ledger/service.py", "from samklang.platform import dynamo"),
        (tables_outside_stores, "ledger/service.py", "from samklang.platform.dynamo import query"),
        (tables_outside_stores, "ledger/posting.py", "from samklang.platform.dynamo import *"),
    ],
)
def test_wall_catches_the_import_and_names_the_file(
    tmp_path: Path, wall: Wall, place: str, line: str
) -> None:
    written(
        tmp_path,
        {
            f"{SAMKLANG}/platform/clients.py": "import boto3\n",
            f"{SAMKLANG}/platform/through.py": "from samklang.platform import clients\n",
            f"{SAMKLANG}/{place}": f"{line}\n",
        },
    )
    assert {breach.path for breach in wall(House(tmp_path))} == {f"{SAMKLANG}/{place}"}


@pytest.mark.parametrize(
    "line",
    [
        "import boto3",
        "import lxml.etree",
        "from aws_lambda_powertools import Logger",
        "from samklang.ledger import store",
        "from samklang.ledger.store import vouchers",
        "from samklang.platform import dynamo",
        "import helper_beside_it",
    ],
)
def test_wall_catches_a_function_that_does_more_than_hand_over(tmp_path: Path, line: str) -> None:
    written(tmp_path, {"functions/ledger/app.py": f"from samklang.ledger import service\n{line}\n"})
    breaches = list(functions_that_do_more_than_hand_over(House(tmp_path)))
    assert [(breach.path, breach.line) for breach in breaches] == [("functions/ledger/app.py", 2)]


def test_walls_have_doors(tmp_path: Path) -> None:
    written(
        tmp_path,
        {
            f"{SAMKLANG}/platform/dynamo.py": "import boto3\n",
            f"{SAMKLANG}/platform/typed.py": "if TYPE_CHECKING:\n    from samklang.platform import dynamo\n",
            f"{SAMKLANG}/ledger/model.py": "import decimal\nfrom samklang.platform import typed\n",
            f"{SAMKLANG}/ledger/store.py": "from samklang.platform import dynamo\nfrom . import model\n",
            f"{SAMKLANG}/ledger/service.py": (
                "from samklang.ledger import store\n"
                "from samklang.invoicing import service\n"
                "from samklang.invoicing.model import Invoice\n"
                "from samklang.platform.dynamo import MAX_OPERATIONS, Transaction, retrying\n"
            ),
            "functions/ledger/app.py": (
                "import json\n"
                "from aws_lambda_powertools.utilities.typing import LambdaContext\n"
                "from samklang.ledger import model, service\n"
            ),
        },
    )
    assert [breach for wall in WALLS for breach in wall(House(tmp_path))] == []


@pytest.mark.parametrize(
    "split",
    [
        "# TO+DO: later",
        "FIX+ME",
        "see /+work/main",
        'open("/+tmp/x")',
        "HOME=/+root/x",
        "--index+-url x",
        "from https://py+pi.org/simple",
    ],
)
def test_forbidden_words_are_found_in_any_file(tmp_path: Path, split: str) -> None:
    line = split.replace("+", "")  # they are split to stand in this file
    files = written(tmp_path, {"docs/notes.md": f"First line\n{line}\n", "docs/fine.md": "fine\n"})
    assert [(found.path, found.line) for found in forbidden_words(tmp_path, files)] == [("docs/notes.md", 2)]


@pytest.mark.parametrize(
    "split", ["../wo+rk/here", "https://host.example/t+mp/x", "${Bucket.Arn}/wo+rk/*", "a methodology"]
)
def test_innocent_words_are_let_be(tmp_path: Path, split: str) -> None:
    text = split.replace("+", "")
    assert list(forbidden_words(tmp_path, written(tmp_path, {"a.md": text}))) == []


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("print('here')", "prints"),
        ("try:\n    pass\nexcept:\n    pass", "catches everything, Ctrl-C too"),
    ],
)
def test_forbidden_code_is_found_wherever_it_runs(tmp_path: Path, code: str, problem: str) -> None:
    files = written(tmp_path, {f"{SAMKLANG}/ledger/service.py": code})
    assert [found.problem for found in forbidden_code(tmp_path, files)] == [problem]


def test_what_talks_to_the_terminal_may_print(tmp_path: Path) -> None:
    files = written(tmp_path, {"local/demo.py": "print('hello')", "tests/x.py": "'print(1)'  # print(2)"})
    assert list(forbidden_code(tmp_path, files)) == []


def test_files_to_be_looked_at_are_those_git_keeps_or_would(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    new, *_ = written(tmp_path, {"new.md": "", "ignored/x.md": "", ".gitignore": "ignored/\n"})
    assert tracked_files(tmp_path) == [tmp_path / ".gitignore", new]
