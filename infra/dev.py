"""The one command line. Makes the project's virtual environment on first use, then hands over to infra/cli.py in it."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"


def main() -> None:
    install()
    os.environ["PYTHONPATH"] = str(ROOT)
    os.execv(PYTHON, [str(PYTHON), "-P", "-m", "infra.cli", *sys.argv[1:]])  # noqa: S606 - that is the point


def install() -> None:
    """Install what requirements.txt asks for, unless that has been done for these very lines."""
    stamp = VENV / f"installed-{fingerprint()}"
    if stamp.exists():
        return
    print("First use: installing Attune's requirements into .venv (a minute or two)", file=sys.stderr)
    if not PYTHON.exists():
        run(sys.executable, "-m", "venv", str(VENV))
    run(
        str(PYTHON),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "-r",
        str(ROOT / "requirements.txt"),
    )
    for old in VENV.glob("installed-*"):
        old.unlink()
    stamp.touch()


def fingerprint() -> str:
    """Of every requirements file's text."""
    files = [*sorted(ROOT.glob("functions/*/requirements.txt")), *sorted(ROOT.glob("requirements*.txt"))]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


def run(*command: str) -> None:
    try:
        subprocess.run(command, check=True)
    except subprocess.CalledProcessError as error:
        hint = "what it printed is above. On Debian, venv is in the package python3-venv."
        sys.exit(f"{' '.join(command)} failed with exit code {error.returncode}; {hint}")


if __name__ == "__main__":
    main()
