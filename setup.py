"""Metadata of ftrack-jobs, and `build_plugin`, which makes the bundle that ftrack Connect installs.

    python setup.py build_plugin

stages `build/connect/ftrack-jobs-<version>/` and zips it to `dist/ftrack-jobs-<version>.zip`. *Source*:
protocol reference 10.2.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from setuptools import Command, find_packages, setup

ROOT = Path(__file__).resolve().parent
SOURCE = ROOT / "source"

#: What an installation needs at run time. All of it must be pure Python: Connect's frozen interpreter has
#: no compiler. Every lower bound has been installed and the tests run on it.
REQUIREMENTS = [
    "ftrack-python-api>=3.1,<4",
    "ftrack-action-handler>=0.3.1",
    "requests>=2.31,<3",
    "click>=8.2",
    "rich>=13.7",
]

SANDBOX_REQUIREMENTS = [
    "SQLAlchemy>=2.0.30,<3",
    "lark>=1.1.9,<2",
    "starlette>=0.39",
    "uvicorn>=0.41",
    "websockets>=12.0",
    "pillow>=10.3",
]

#: ruff is held to one minor version, because another one formats differently.
TEST_REQUIREMENTS = [
    *SANDBOX_REQUIREMENTS,
    "pytest>=8.2",
    "pytest-timeout>=2.3",
    "pytest-xdist>=3.6",
    "hypothesis>=6.100",
    "setuptools>=70.1",
    "ruff>=0.17,<0.18",
    "mypy>=1.18,<3",
    "types-requests",
]

#: Distributions that ftrack Connect brings along; a second copy of them in a bundle can break the host.
#: *Source*: protocol reference 10.2.
SHIPPED_WITH_CONNECT = {
    "arrow",
    "certifi",
    "clique",
    "darkdetect",
    "ftrack-action-handler",
    "ftrack-constants",
    "ftrack-framework-core",
    "ftrack-python-api",
    "ftrack-utils",
    "packaging",
    "platformdirs",
    "pyparsing",
    "pyside6",
    "pyyaml",
    "qtawesome",
    "requests",
    "urllib3",
    "websocket-client",
}

#: Needed by click on Windows only. One bundle serves every platform, so it is always in.
BUNDLE_EXTRAS = ["colorama"]

#: The Python that Connect runs.
CONNECT_PYTHON = "3.13"

#: Data files that belong to the packages, at any depth.
PACKAGE_DATA = [
    "py.typed",
    "**/*.lark",
    "**/*.schema",
    "**/*.txt",
    "**/*.csv",
    "**/*.json",
    "**/*.html",
    "**/*.css",
    "**/*.js",
    "**/*.svg",
    "**/*.png",
    "**/*.jpg",
]


def read_version() -> str:
    """Return the version written in `ftrack_jobs/__init__.py`, without importing it."""
    text = (SOURCE / "ftrack_jobs" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__(?:: str)? = "([^"]+)"', text, flags=re.MULTILINE)
    if found is None:
        raise SystemExit('setup.py: source/ftrack_jobs/__init__.py has no line `__version__ = "..."`')
    return found.group(1)


def distribution_name(requirement: str) -> str:
    """Return the normalised distribution name at the start of a requirement line."""
    name = re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


class BuildPlugin(Command):
    """Stage and zip the bundle for ftrack Connect."""

    description = "build the ftrack Connect bundle into dist/"
    user_options: ClassVar[list[tuple[str, str | None, str]]] = [
        ("build-base=", None, "folder to stage in (default: build)"),
        ("dist-dir=", None, "folder for the zip (default: dist)"),
    ]

    build_base: str
    dist_dir: str

    def initialize_options(self) -> None:
        """Set the defaults."""
        self.build_base = str(ROOT / "build")
        self.dist_dir = str(ROOT / "dist")

    def finalize_options(self) -> None:
        """Leave the options as they came: nothing depends on another command."""

    def run(self) -> None:
        """Build the bundle; ends the process with a sentence when something does not fit."""
        version = read_version()
        if not re.fullmatch(r"\d+\.\d+(\.\d+)?(rc\d+)?", version):
            raise SystemExit(f"build_plugin: Connect reads versions such as 1.2.3 or 1.2rc1, not {version}")
        name = f"ftrack-jobs-{version}"
        bundle = Path(self.build_base).resolve() / "connect" / name
        shutil.rmtree(bundle, ignore_errors=True)
        bundle.mkdir(parents=True)
        self.stage_files(bundle, version)
        self.stage_dependencies(bundle / "dependencies")
        archive = Path(self.dist_dir).resolve() / name
        archive.parent.mkdir(parents=True, exist_ok=True)
        written = shutil.make_archive(str(archive), "zip", root_dir=bundle.parent, base_dir=name)
        print(f"built {written}")

    def stage_files(self, bundle: Path, version: str) -> None:
        """Copy our own files. Only `hook/` is executed by Connect, so the plugins stay beside it."""
        leave_out = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")
        for source, target in (("hooks", "hook"), ("plugins", "plugins"), ("resource", "resource")):
            shutil.copytree(ROOT / source, bundle / target, ignore=leave_out)
        shutil.copytree(SOURCE / "ftrack_jobs", bundle / "dependencies" / "ftrack_jobs", ignore=leave_out)
        shutil.copy2(ROOT / "LICENSE", bundle / "LICENSE")
        (bundle / "__version__.py").write_text(f'__version__ = "{version}"\n', encoding="utf-8", newline="\n")

    def stage_dependencies(self, target: Path) -> None:
        """Install what Connect lacks, with its dependencies, in a form fit for Connect's own Python."""
        wanted = [line for line in REQUIREMENTS if distribution_name(line) not in SHIPPED_WITH_CONNECT]
        pins = self.resolve([*wanted, *BUNDLE_EXTRAS])
        self.pip("--quiet", "--no-deps", "--no-compile", "--target", str(target), *pins)
        shutil.rmtree(target / "bin", ignore_errors=True)
        compiled = [path for path in target.rglob("*") if path.suffix in {".so", ".pyd", ".dylib", ".dll"}]
        if compiled:
            name = compiled[0].relative_to(target)
            raise SystemExit(f"build_plugin: {name} is compiled; a bundle is pure Python")

    def resolve(self, requirements: Sequence[str]) -> list[str]:
        """Return `name==version` of everything the requirements pull in, less what Connect ships."""
        report = self.pip("--quiet", "--dry-run", "--ignore-installed", "--report", "-", *requirements)
        found = [entry["metadata"] for entry in json.loads(report)["install"]]
        return sorted(
            f"{each['name']}=={each['version']}"
            for each in found
            if distribution_name(each["name"]) not in SHIPPED_WITH_CONNECT
        )

    def pip(self, *arguments: str) -> str:
        """Run `pip install` for pure wheels on Connect's Python; returns what it printed."""
        pure = ["--only-binary", ":all:", "--platform", "any", "--implementation", "py", "--abi", "none"]
        command = [sys.executable, "-m", "pip", "install", *pure, "--python-version", CONNECT_PYTHON]
        command += arguments
        if "--target" not in arguments:
            command += ["--target", str(Path(self.build_base) / "connect" / "unused")]
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
        if done.returncode:
            raise SystemExit(
                "build_plugin: pip could not collect the bundle's dependencies. Each must have a wheel in"
                f" pure Python that suits Python {CONNECT_PYTHON}; pip says:\n{done.stderr.strip()}"
            )
        return done.stdout


if __name__ == "__main__":
    setup(
        name="ftrack-jobs",
        version=read_version(),
        description="ftrack actions that run as Jobs, and a local ftrack to try them on",
        long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
        long_description_content_type="text/markdown",
        license="Apache-2.0",
        packages=find_packages("source"),
        package_dir={"": "source"},
        package_data={"": PACKAGE_DATA},
        python_requires=">=3.10",
        install_requires=REQUIREMENTS,
        extras_require={"sandbox": SANDBOX_REQUIREMENTS, "test": TEST_REQUIREMENTS},
        entry_points={
            "console_scripts": [
                "ftrack-jobs = ftrack_jobs.cli:main",
                "ftrack-sandbox = ftrack_sandbox.cli:main",
            ],
            # Named like their modules, so that pytest sees an installed plugin and `-p <module>` as one
            # and the same.
            "pytest11": [
                "ftrack_jobs.pytest_plugin = ftrack_jobs.pytest_plugin",
                "ftrack_sandbox.pytest_plugin = ftrack_sandbox.pytest_plugin",
            ],
        },
        cmdclass={"build_plugin": BuildPlugin},
        classifiers=[
            "Development Status :: 3 - Alpha",
            "Intended Audience :: Developers",
            "Operating System :: OS Independent",
            "Programming Language :: Python :: 3",
            "Programming Language :: Python :: 3.10",
            "Programming Language :: Python :: 3.11",
            "Programming Language :: Python :: 3.12",
            "Programming Language :: Python :: 3.13",
            "Typing :: Typed",
        ],
    )
