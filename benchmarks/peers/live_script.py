"""A training script that logs five values: `python live_script.py MONITOR RUN SECONDS TIMES_PER_SECOND`."""

from __future__ import annotations

import random
import sys
import time

import pegbox


def main(url: str, run_id: str, seconds: float, rate: float) -> None:
    run = pegbox.init(experiment="benchmark", id=run_id, url=url)
    chance = random.Random(1)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        time.sleep(chance.uniform(0.6, 1.4) / rate)  # never in step with the sender's interval
        sent = time.time()
        run.log({"sent": sent, "train_loss": 0.5, "learning_rate": 2e-4, "grad_norm": 1.0, "epoch": 0.1})
    run.finish()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4]))
