"""The training of the overhead and first-step benchmarks as a plain TRL script, without Pegbox.

Usage: bare_sft.py MODEL CSV OUTPUT STEPS; the seconds of each step go to OUTPUT/steps.json, with the time of the first.
"""

import csv
import json
import sys
import time
from pathlib import Path

from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
from trl import SFTConfig, SFTTrainer

model_folder, csv_file, output, steps = sys.argv[1:5]


class StepTimes(TrainerCallback):
    """Seconds from one logged step to the next."""

    def __init__(self):
        self.marks = []

    def on_train_begin(self, args, state, control, **_):
        self.marks.append(time.perf_counter())

    def on_log(self, args, state, control, logs=None, **_):
        if "loss" in (logs or {}):
            self.marks.append(time.perf_counter())
            if len(self.marks) == 2:
                self.first_step_at = time.time()


with open(csv_file, newline="", encoding="utf-8") as file:
    rows = [
        {
            "prompt": [{"role": "user", "content": row["input"]}],
            "completion": [{"role": "assistant", "content": row["output"]}],
        }
        for row in csv.DictReader(file)
    ]
times = StepTimes()
trainer = SFTTrainer(
    model=AutoModelForCausalLM.from_pretrained(model_folder),
    args=SFTConfig(
        output_dir=output,
        max_steps=int(steps),
        per_device_train_batch_size=16,
        learning_rate=3e-3,
        lr_scheduler_type="cosine",
        warmup_steps=10,
        weight_decay=0.01,
        optim="adamw_torch",
        logging_steps=1,
        use_cpu=True,
        bf16=False,
        gradient_checkpointing=False,
        dataloader_pin_memory=False,
        pad_to_multiple_of=8,
        save_strategy="no",
        report_to="none",
    ),
    train_dataset=Dataset.from_list(rows),
    processing_class=AutoTokenizer.from_pretrained(model_folder),
    callbacks=[times],
)
trainer.train()
Path(output, "steps.json").write_text(
    json.dumps(
        {
            "seconds": [later - earlier for earlier, later in zip(times.marks, times.marks[1:], strict=False)],
            "first_step_at": times.first_step_at,
        }
    )
)
