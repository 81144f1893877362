"""Trackio's functions. Their order defines their numbers in Gradio's protocol."""

from __future__ import annotations

from functools import cache

from monitor.dialects.functions import Function, Registry


@cache
def registry() -> Registry:
    """Imported at the first foreign call, because reading points imports NumPy, which an idle monitor never loads."""
    from monitor.dialects.trackio import files, points, reads, writes  # noqa: PLC0415

    functions = (
        *(Function.of(run) for run in (writes.log, writes.bulk_log, writes.bulk_log_system, writes.bulk_alert)),
        *(Function.of(run) for run in (files.bulk_upload_media, files.bulk_upload_artifact_blob)),
        *(
            Function.of(run)
            for run in (files.check_artifact_blobs, files.log_artifact_use, files.get_artifact_consumers)
        ),
        *(
            Function.of(run, answers_paths=True)
            for run in (
                files.artifact_log,
                files.get_artifact_manifest,
                files.get_artifacts,
                files.list_artifacts,
                files.get_run_artifacts,
                files.get_project_files,
            )
        ),
        *(
            Function.of(run)
            for run in (
                reads.get_all_projects,
                reads.get_runs_for_project,
                reads.get_run_configs,
                reads.get_project_summary,
                reads.get_run_summary,
                reads.get_alerts,
                reads.get_traces,
                reads.get_trace_steps,
                reads.get_settings,
                reads.get_run_mutation_status,
                reads.get_tab_availability,
            )
        ),
        *(
            Function.of(run)
            for run in (
                points.get_metrics_for_run,
                points.get_system_metrics_for_run,
                points.get_metric_values,
                points.get_snapshot,
                points.get_logs,
                points.get_logs_batch,
                points.get_system_logs,
                points.get_system_logs_batch,
            )
        ),
    )
    return Registry(functions)
