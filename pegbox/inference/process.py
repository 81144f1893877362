"""The process that answers questions: reads and writes lines of JSON. Keeps the model of the last question in memory."""

from __future__ import annotations

import os
import sys

from pegbox.errors import PegboxError
from pegbox.inference.finished_model import FinishedModel
from pegbox.schemas.question import AnswerLine, QuestionLine
from pegbox.worker.processes.parent import die_with_parent


def main() -> None:
    """Answers questions until the end of stdin."""
    die_with_parent()
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # output of libraries must not mix with answers
    loaded: FinishedModel | None = None
    for line in sys.stdin:
        question = QuestionLine.model_validate_json(line)
        try:
            if loaded is None or loaded.folder != question.folder:
                loaded = None  # frees the memory before the next model is loaded
                loaded = FinishedModel(question.folder)
            answer = loaded.answer(question.question, max_new_tokens=question.max_new_tokens)
        except PegboxError as error:
            answer = AnswerLine(error=error.message, status=error.status)
        except (MemoryError, RuntimeError) as error:  # torch reports exhausted memory as a RuntimeError
            loaded = None
            answer = AnswerLine(error=f"The model cannot answer: {str(error).splitlines()[0]}", status=503)
        answers.write(answer.model_dump_json() + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
