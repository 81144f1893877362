"""What Pegbox costs per training step: the same training as a bare TRL script and as a Pegbox job, in turns.

Usage: python benchmarks/training_overhead.py [--steps 60] [--rounds 10] [--same-settings]

Claim: the job's median step time is at most 1.03 x the bare script's. Both train the starter model (192 x 3) on the sample data
with the same hyperparameters and log every step; the job runs in a whole `pegbox up`, so that the backend, the monitor with its
sampler, the worker's heartbeats and the metric stream compete for the same cores. The first 10 steps are left out (warm-up).
With --same-settings the bare script gets the thread and heap settings of the trainer too.
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

from peers.services import Services, running_services

from pegbox.sample import SAMPLE_CSV
from pegbox.worker.processes.cpu_settings import HEAP, THREADS

LIMIT = 1.03
WARM_UP = 10
HYPERPARAMETERS = {
    "method": "full",
    "learning_rate": 3e-3,
    "batch_size": 16,
    "validation_split": 0.1,
    "precision": "fp32",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--same-settings", action="store_true")
    options = parser.parse_args()
    bare: list[float] = []
    job: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = build_model(folder / "starter")
        with running_services(folder) as services:
            for number in range(options.rounds):
                bare += run_bare(model, folder / f"bare-{number}", options.steps, same_settings=options.same_settings)
                job += run_job(services, model, options.steps)
                print(
                    f"round {number + 1}: so far bare {statistics.median(bare) * 1000:.1f} ms, "
                    f"Pegbox {statistics.median(job) * 1000:.1f} ms (median step; load {os.getloadavg()[0]:.1f})",
                    flush=True,
                )
    ratio = statistics.median(job) / statistics.median(bare)
    print(f"\n{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"{len(bare)} and {len(job)} steps, {options.rounds} rounds in turns")
    for label, values in (("bare TRL script", bare), ("Pegbox job", job)):
        low, high = statistics.quantiles(values, n=10)[0], statistics.quantiles(values, n=10)[-1]
        print(
            f"{label:16} median {statistics.median(values) * 1000:6.1f} ms   10-90 %: {low * 1000:.1f}-{high * 1000:.1f} ms"
        )
    print(f"ratio {ratio:.3f} (limit {LIMIT})")
    return 0 if ratio <= LIMIT else 1


def build_model(target: Path) -> Path:
    """The starter in a process of its own, so that this one stays free of torch."""
    script = (
        "import sys; from pathlib import Path; from pegbox.sample import SAMPLE_CSV; from pegbox.data.rows import read_rows; "
        "from pegbox.inference.starter import build_starter; build_starter(Path(sys.argv[1]), read_rows(SAMPLE_CSV), seed=42)"
    )
    root = str(Path(__file__).parents[1])
    subprocess.run([sys.executable, "-c", script, str(target)], check=True, env={**os.environ, "PYTHONPATH": root})
    return target


def run_bare(model: Path, output: Path, steps: int, *, same_settings: bool) -> list[float]:
    """Seconds of each step of the bare script."""
    output.mkdir()
    command = [
        sys.executable,
        str(Path(__file__).parent / "peers" / "bare_sft.py"),
        model,
        SAMPLE_CSV,
        output,
        str(steps),
    ]
    env = {**os.environ, "HF_HUB_OFFLINE": "1", **({**THREADS, **HEAP} if same_settings else {})}
    with (output / "log").open("w") as log:
        subprocess.run([str(word) for word in command], check=True, stdout=log, stderr=log, env=env)
    seconds: list[float] = json.loads((output / "steps.json").read_text())["seconds"]
    return seconds[WARM_UP:]


def run_job(services: Services, model: Path, steps: int) -> list[float]:
    """Seconds of each step of the same training as a job."""
    uid = services.submit(SAMPLE_CSV, model, {**HYPERPARAMETERS, "max_steps": steps, "eval_steps": steps})
    services.wait(uid)
    services.wait_until_idle()
    return [seconds for _, seconds in services.points(uid, "step_seconds")][WARM_UP:]


if __name__ == "__main__":
    sys.exit(main())
