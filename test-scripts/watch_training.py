"""Follows a training on the monitor's WebSocket, and checks that REST returns the same values.

    python test-scripts/watch_training.py JOB_ID [--monitor http://127.0.0.1:8001] [--after SEQ]

Ends with the job; exit code 1 when a message differed from what `/api/training/losses` says of the step.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import Any
from urllib.parse import quote, urlencode

import httpx2
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect


def watch(monitor: str, job_id: str, after: int, token: str | None) -> list[dict[str, Any]]:
    """Prints each message; returns all messages when the server has closed the stream."""
    query = urlencode({"after": after, **({"token": token} if token else {})})
    address = f"{monitor.replace('http', 'ws', 1)}/ws/training/{quote(job_id, safe='')}?{query}"
    messages: list[dict[str, Any]] = []
    with connect(address, open_timeout=10) as socket:
        try:
            while True:
                message = json.loads(socket.recv())
                messages.append(message)
                print(line(message), flush=True)
        except ConnectionClosed as closed:
            code = closed.rcvd.code if closed.rcvd else 1006
            print(f"the stream ended with {code}" + (" (unknown job)" if code == 4404 else ""))
            if code != 1000:
                sys.exit(2)
    return messages


def line(message: dict[str, Any]) -> str:
    """A message as one line of text."""
    training, resources = message["training"], message["resources"]
    return (
        f"{message['timestamp']}  {message['iteration'] + 1:>6}/{message['total']}"
        f"  step {training['step']:>6}  epoch {training['epoch']}"
        f"  loss {training['train_loss']}  validation {training['validation_loss']}"
        f"  cpu {resources['cpu_percent']:.0f} %  gpu {resources['gpu_percent']:.0f} %  [{message['status']}]"
    )


def differing(monitor: str, messages: list[dict[str, Any]], token: str | None) -> list[int]:
    """The steps for which REST returns other values. REST covers the current training only."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with httpx2.Client(base_url=monitor, headers=headers, timeout=10) as client:
        summary = client.get("/api/training/summary")
        if summary.status_code == 503 or not messages or summary.json()["job_id"] != messages[-1]["job_id"]:
            print("another training is in focus: nothing to compare with")
            return []
        records = {record["step"]: record for record in client.get("/api/training/losses?last_n=10000").json()}
    newest = {
        message["training"]["step"]: message["training"] for message in messages
    }  # after a rewind the last value counts
    return [step for step, training in newest.items() if step in records and records[step] != training]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("job_id")
    parser.add_argument("--monitor", default=os.environ.get("PEGBOX_MONITOR_URL", "http://127.0.0.1:8001"))
    parser.add_argument("--after", type=int, default=0, help="only messages with a greater seq")
    arguments = parser.parse_args()
    token = os.environ.get("PEGBOX_TOKEN")
    messages = watch(arguments.monitor.rstrip("/"), arguments.job_id, arguments.after, token)
    wrong = differing(arguments.monitor.rstrip("/"), messages, token)
    print(f"{len(messages)} messages; " + (f"REST differs at steps {wrong[:20]}" if wrong else "REST agrees"))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
