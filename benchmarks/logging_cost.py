"""What `log()` costs a script, and how fast its values are durable: Pegbox beside other trackers, the same work in turns.

Usage: python benchmarks/logging_cost.py [--steps 10000] [--rounds 5] [--peers-python PATH]

Claims: `log()` of five values takes at most 4 µs and 0.3 x Trackio's; five values at each of 10,000 steps are durable on the
server at 2 x Trackio's points per second and 20 x MLflow's (which gets a tenth of the steps). TensorBoard's writer and Aim write
to files of this machine and stand beside for comparison. Peers are run with the interpreter of --peers-python, which has trackio
(0.43), mlflow, aim and tensorboard with torch; what it lacks is said and left out.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from peers.metrics_server import ROOT, monitor

VALUES = 5
PEERS = {"trackio": 1.0, "mlflow": 0.1, "tensorboard": 1.0, "aim": 1.0}
"""Share of the steps that each does."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers-python", default=sys.executable)
    options = parser.parse_args()
    results: dict[str, list[dict[str, float]]] = {}
    absent: set[str] = set()
    for number in range(options.rounds):
        results.setdefault("pegbox", []).append(run_pegbox(options.steps))
        for name, share in PEERS.items():
            if name in absent:
                continue
            result = run_peer(options.peers_python, name, int(options.steps * share))
            if result is None:
                absent.add(name)
            else:
                results.setdefault(name, []).append(result)
        print(f"round {number + 1} of {options.rounds} done (load {os.getloadavg()[0]:.1f})", flush=True)
    return report(results, options.steps)


def run_pegbox(steps: int) -> dict[str, float]:
    """One run against a monitor with an empty data folder."""
    with tempfile.TemporaryDirectory() as name, monitor(Path(name) / "monitor") as server:
        env = {**os.environ, "PYTHONPATH": str(ROOT), "PEGBOX_HOME": str(Path(name) / "client")}
        result = run([sys.executable, "log_pegbox.py", server.url, str(steps)], env)
    if result is None:
        raise SystemExit("Pegbox's own run failed")
    return {**result, "points_per_second": steps * VALUES / result["durable_seconds"]}


def run_peer(python: str, name: str, steps: int) -> dict[str, float] | None:
    """One run of a peer; None when it does not work here."""
    result = run([python, f"log_{name}.py", str(steps)], dict(os.environ))
    return None if result is None else {**result, "points_per_second": steps * VALUES / result["durable_seconds"]}


def run(command: list[str], env: dict[str, str]) -> dict[str, float] | None:
    python, script, *rest = command
    done = subprocess.run(
        [python, str(Path(__file__).parent / "peers" / script), *rest],
        env=env,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    if done.returncode:
        print(f"{script} failed: {(done.stderr.strip().splitlines() or ['no message'])[-1][:200]}", flush=True)
        return None
    result: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


def report(results: dict[str, list[dict[str, float]]], steps: int) -> int:
    """Prints medians and ratios; 1 when a claim is missed."""
    print(
        f"\n{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}; {steps} steps x {VALUES}"
    )
    middle = {
        name: {key: statistics.median(one[key] for one in rounds) for key in rounds[0]}
        for name, rounds in results.items()
    }
    for name, values in middle.items():
        print(f"{name:12} log() {values['log_us']:9.2f} µs   durable {values['points_per_second']:9,.0f} points/s")
    ours = middle["pegbox"]
    checks = [("log() of five values, µs", ours["log_us"], "<=", 4.0)]
    if "trackio" in middle:
        checks.append(("log(), ratio to Trackio", ours["log_us"] / middle["trackio"]["log_us"], "<=", 0.3))
    for name, least in (("trackio", 2.0), ("mlflow", 20.0)):
        if name in middle:
            ratio = ours["points_per_second"] / middle[name]["points_per_second"]
            checks.append((f"durable, ratio to {name}", ratio, ">=", least))
    missed = 0
    for label, value, sign, limit in checks:
        is_met = value <= limit if sign == "<=" else value >= limit
        missed += not is_met
        print(f"{label:28} {value:8.2f} ({sign} {limit}) {'' if is_met else 'MISSED'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
