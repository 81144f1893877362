"""What differs between runs, which is better, who answered what."""

from __future__ import annotations

from backend.runs.comparison import compare_answers, compare_metrics, compare_settings, flatten


def test_only_what_differs_is_marked() -> None:
    rows = compare_settings(
        [{"Learning rate": "0.003", "Epochs": "3"}, {"Learning rate": "0.001", "Epochs": "3", "x": "1"}]
    )
    assert [(row.label, row.values, row.differs) for row in rows] == [
        ("Learning rate", ["0.003", "0.001"], True),
        ("Epochs", ["3", "3"], False),
        ("x", ["–", "1"], True),
    ]


def test_nested_settings_become_names_with_dots() -> None:
    config = {"optimizer": {"name": "adam", "betas": [0.9, 0.999]}, "amp": True, "seed": None, "lr": 3e-4}
    assert flatten(config) == {
        "optimizer.name": "adam",
        "optimizer.betas": "0.9, 0.999",
        "amp": "yes",
        "seed": "–",
        "lr": "0.0003",
    }


def test_the_better_value_depends_on_the_metric() -> None:
    rows = compare_metrics(
        [
            {"validation_loss": 0.5, "accuracy": 0.7, "epoch": 3, "note": "x"},
            {"validation_loss": 0.4, "accuracy": 0.8, "epoch": 2},
            {"validation_loss": "NaN"},
        ]
    )
    assert [(row.name, row.best) for row in rows] == [("accuracy", 1), ("epoch", None), ("validation_loss", 1)]
    assert rows[2].values == [0.5, 0.4, None]
    assert rows[2].delta(1) == 0.4 - 0.5
    assert rows[2].delta(2) is None


def test_equal_values_have_no_best() -> None:
    assert compare_metrics([{"loss": 1.0}, {"loss": 1.0}])[0].best is None


def test_answers_stand_beside_each_other_where_two_were_asked() -> None:
    first = [{"prompt": "a", "expected": "A", "answer": "x"}, {"prompt": "b", "expected": "B", "answer": "B"}]
    second = [{"prompt": "b", "expected": "B", "answer": "no"}, {"prompt": "c", "expected": "C", "answer": "C"}]
    (row,) = compare_answers([first, second, []], 10)
    assert (row.prompt, row.expected, row.answers) == ("b", "B", ["B", "no", None])
    assert len(compare_answers([first], 10)) == 2
    assert len(compare_answers([first], 1)) == 1
