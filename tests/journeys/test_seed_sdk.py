"""The Python example of the second published API, with only import and address changed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.stack import ROOT, Stack

EXAMPLE = """
from pegbox import Client as SparkTrainerClient

client = SparkTrainerClient(
    base_url="{address}",
    api_key="your-api-key"
)

# Submit a job
job = client.jobs.create(
    name="my-training-job",
    command="{command}",
    gpu_count=0  # as many as any machine has
)

# Stream metrics
for metrics in client.jobs.stream_metrics(job.id):
    print(f"Step {{metrics.step}}: loss={{metrics.loss}}")
"""
TRAINING = 'for step in (1, 2, 3): print(f\'METRIC:{{"step": {step}, "loss": {1 / step}}}\', flush=True)\n'


def test_the_published_example(home: Path, tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(TRAINING)
    with Stack(home, {"PEGBOX_TOKEN": "your-api-key"}) as stack:
        stack.start("worker")
        example = EXAMPLE.format(address=stack.backend_url, command=f"{sys.executable} {script}")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PEGBOX_")}
        answer = subprocess.run(
            [sys.executable, "-c", example],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.splitlines() == ["Step 1: loss=1.0", "Step 2: loss=0.5", "Step 3: loss=0.3333333333333333"]
