"""The process that answers questions: a line of JSON in, a line of JSON out, the model of the last question kept in memory."""

from __future__ import annotations

import os
import sys

from pegbox.errors import PegboxError
from pegbox.inference.finished_model import FinishedModel
from pegbox.schemas.question import AnswerLine, QuestionLine
from pegbox.worker.processes.parent import die_with_parent


def main() -> None:
    """Answers until its input ends."""
    die_with_parent()
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print must not pass for an answer
    loaded: FinishedModel | None = None
    for line in sys.stdin:
        asked = QuestionLine.model_validate_json(line)
        try:
            if loaded is None or loaded.folder != asked.folder:
                loaded = None  # its memory goes before the next model comes
                loaded = FinishedModel(asked.folder)
            answer = loaded.answer(asked.question, max_new_tokens=asked.max_new_tokens)
        except PegboxError as error:
            answer = AnswerLine(error=error.message, status=error.status)
        except (MemoryError, RuntimeError) as error:  # torch reports exhausted memory as a RuntimeError
            loaded = None
            answer = AnswerLine(error=f"The model cannot answer: {str(error).splitlines()[0]}", status=503)
        answers.write(answer.model_dump_json() + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
