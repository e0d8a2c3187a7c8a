"""`make demo`: a local ftrack, the listener, and a coordinator who clicks.

Each is a process of its own, as in a studio: they know nothing of each other but server, user and key. Keeps
serving until Ctrl-C; with `ONCE=1` or `CI` in the environment it ends after the file.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "demo-output"
#: Seconds until the sandbox, with its demo studio, and the listener must be ready.
READY_S = 60.0


def main() -> int:
    """Run the demo; returns the exit code."""
    once = bool(os.environ.get("ONCE") or os.environ.get("CI"))
    # Ctrl-C reaches every process of the terminal: each stops by itself, and this one waits for them.
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    processes: list[subprocess.Popen[bytes]] = []
    with tempfile.TemporaryDirectory(prefix="ftrack-jobs-demo-") as folder:
        try:
            return play(Path(folder), processes, once)
        except KeyboardInterrupt:
            print("\nStopped.")
            return 0
        finally:
            stop(processes)


def play(folder: Path, processes: list[subprocess.Popen[bytes]], once: bool) -> int:
    """Start everything, click, and keep serving unless it is to be done *once*."""
    address = folder / "address.env"
    port = os.environ.get("FTRACK_SANDBOX_PORT", "0" if once else "8090")
    print("Starting a local ftrack with the demo studio ...", flush=True)
    log = (folder / "server.log").open("wb")
    processes.append(
        start(["ftrack_sandbox", "serve", "--port", port, "--env-file", str(address)], stdout=log, stderr=log)
    )
    if not ready(address, processes[-1]):
        print((folder / "server.log").read_text(encoding="utf-8", errors="replace"), end="", file=sys.stderr)
        return 1
    environment = read(address)
    # One schema cache for this demo alone: the client keeps one file for all servers (protocol reference
    # 1.8).
    environment["FTRACK_API_SCHEMA_CACHE_PATH"] = str(folder)
    environment["FTRACK_JOBS_READY_FILE"] = str(folder / "listening")
    print(f"Serving at {environment['FTRACK_SERVER']}. Starting the listener ...", flush=True)
    OUTPUT.mkdir(exist_ok=True)
    listening = OUTPUT / "listener.log"
    processes.append(
        start(
            ["ftrack_jobs", "listen", "--plugin-path", str(ROOT / "plugins")],
            environment,
            stdout=listening.open("wb"),
            stderr=subprocess.STDOUT,
        )
    )
    if not ready(folder / "listening", processes[-1]):
        print(listening.read_text(encoding="utf-8", errors="replace"), end="", file=sys.stderr)
        return 1
    clicked = subprocess.run(
        [sys.executable, str(ROOT / "demo" / "click.py"), str(OUTPUT)],
        env={**os.environ, **environment},
        check=False,
    )
    if clicked.returncode or once:
        return clicked.returncode
    print(f"\nThe listener's own words are in {listening}.")
    print("The server and the listener keep running; point your own scripts at them:\n")
    for name in ("FTRACK_SERVER", "FTRACK_API_USER", "FTRACK_API_KEY"):
        print(f"  export {name}={environment[name]}")
    print("\nCtrl-C stops both.", flush=True)
    while all(process.poll() is None for process in processes):
        time.sleep(0.5)
    return 1


def start(
    arguments: list[str], environment: dict[str, str] | None = None, **options: object
) -> subprocess.Popen[bytes]:
    """Start one of our programs with this Python."""
    module, *rest = arguments
    # `module.cli` is what the console script calls; named so, it needs no PATH.
    code = f"import sys; from {module}.cli import main; sys.argv[0] = '{module.replace('_', '-')}'; main()"
    return subprocess.Popen(
        [sys.executable, "-c", code, *rest],
        env={**os.environ, **(environment or {})},
        **options,  # type: ignore[call-overload]
    )


def ready(path: Path, process: subprocess.Popen[bytes]) -> bool:
    """Wait until *process* wrote *path*; returns whether it did."""
    deadline = time.monotonic() + READY_S
    while not path.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def read(path: Path) -> dict[str, str]:
    """Return the `NAME=value` lines of an env file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def stop(processes: list[subprocess.Popen[bytes]]) -> None:
    """End what was started, the listener before its server."""
    for process in reversed(processes):
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


if __name__ == "__main__":
    sys.exit(main())
