"""The functions of a Trackio Space. Their order defines their numbers in Gradio's protocol."""

from __future__ import annotations

from functools import cache

from monitor.dialects.functions import Function, Registry


@cache
def registry() -> Registry:
    """Imported at the first foreign call, because plots import NumPy, which an idle monitor never loads."""
    from monitor.dialects.spaces import demo, experiments, plots  # noqa: PLC0415

    return Registry(
        Function.of(run)
        for run in (
            experiments.create_experiment_interface,
            experiments.log_metrics_interface,
            experiments.log_parameters_interface,
            experiments.get_experiment_details,
            experiments.list_experiments_interface,
            experiments.update_experiment_status_interface,
            plots.create_metrics_plot,
            plots.create_experiment_comparison,
            demo.simulate_training_data,
            demo.create_demo_experiment,
        )
    )
