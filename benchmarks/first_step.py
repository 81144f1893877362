"""How long until something is seen: POST /api/jobs to the first logged step, beside a bare TRL script's start to first step.

Usage: python benchmarks/first_step.py [--rounds 3]

Claim: with a warm worker the first step is there sooner than in the bare script, because torch is imported already. What is left
is shown in parts: from the request to the claim, to the training's phases, to the first step.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from peers.services import Services, call, running_services
from training_overhead import HYPERPARAMETERS, build_model

from pegbox.sample import SAMPLE_CSV


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    bare: list[float] = []
    job: list[float] = []
    parts: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = build_model(folder / "starter")
        with running_services(folder) as services:
            for number in range(rounds):
                bare.append(run_bare(model, folder / f"bare-{number}"))
                for part, seconds in run_job(services, model).items():
                    parts.setdefault(part, []).append(seconds)
                job.append(parts["first step"][-1])
                print(
                    f"round {number + 1}: bare {bare[-1]:.1f} s, Pegbox {job[-1]:.1f} s (load {os.getloadavg()[0]:.1f})",
                    flush=True,
                )
    print("\nPegbox, seconds after POST /api/jobs (median):")
    for part, seconds in parts.items():
        print(f"  {part:12} {statistics.median(seconds):6.2f}")
    print(f"bare script, start to first step (median): {statistics.median(bare):.2f} s")
    ratio = statistics.median(job) / statistics.median(bare)
    print(f"ratio {ratio:.2f} (limit 1.00)")
    return 0 if ratio <= 1 else 1


def run_bare(model: Path, output: Path) -> float:
    """Seconds from the start of the script to its first logged step."""
    output.mkdir()
    began = time.time()
    command = [sys.executable, str(Path(__file__).parent / "peers" / "bare_sft.py"), model, SAMPLE_CSV, output, "3"]
    with (output / "log").open("w") as log:
        environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
        subprocess.run([str(word) for word in command], check=True, stdout=log, stderr=log, env=environment)
    return float(json.loads((output / "steps.json").read_text())["first_step_at"]) - began


def run_job(services: Services, model: Path) -> dict[str, float]:
    """Seconds from the request to each phase and to the first step."""
    uid = services.submit(SAMPLE_CSV, model, {**HYPERPARAMETERS, "max_steps": 3, "eval_steps": 3})
    dataset = call("GET", f"{services.backend}/api/jobs/{uid}")["configuration"]["dataset"]["uid"]
    services.wait(uid)
    services.wait_until_idle()
    began = time.time()
    uid = services.create(dataset, str(model), {**HYPERPARAMETERS, "max_steps": 3, "eval_steps": 3})
    services.wait(uid)
    services.wait_until_idle()
    events = call("GET", f"{services.monitor}/api/runs/{uid}/feed?after=0")
    phases = {
        envelope["data"]["title"]: envelope["data"]["time"] - began
        for envelope in events
        if envelope["kind"] == "event" and envelope["data"]["kind"] == "phase"
    }
    phases["first evaluation"] = services.points(uid, "validation_loss")[0][0] - began
    first_step = services.points(uid, "train_loss")[0][0] - began
    early = {name: seconds for name, seconds in phases.items() if seconds < first_step}
    return {**early, "first step": first_step}


if __name__ == "__main__":
    sys.exit(main())
