"""What is settled where the two published APIs collide: each point, and the tests that hold it. None loses its tests unnoticed.

Row 29, the addresses of served models, comes with deployments.
"""

from __future__ import annotations

import ast
from functools import cache

import pytest

from tests.project.tree import ROOT

CONTRACT = "backend/test_published_contract.py"
KINDS = "backend/jobs/test_two_kinds.py"
CREATE = "backend/jobs/test_create.py"
COMMANDS = "backend/jobs/test_commands.py"
LISTS = "backend/jobs/test_lists.py"
DATASETS = "backend/datasets/test_datasets.py"
MODELS = "backend/models/test_models.py"
STAGES = "backend/models/test_tags.py"
ERRORS = "backend/test_errors.py"
RATES = "security/test_rate_limits.py"
TOKENS = "security/test_tokens.py"
SYSTEM = "pegbox/web/test_system_routes.py"

ROWS: dict[int, tuple[str, tuple[str, ...]]] = {
    1: (
        "one path takes jobs of both forms",
        (
            f"{KINDS}::test_what_both_kinds_take",
            f"{CREATE}::test_bodies_that_do_not_fit",
            f"{CONTRACT}::test_create_job",
            f"{COMMANDS}::test_the_seeds_example",
        ),
    ),
    2: (
        "both answers to a new job are one object",
        (
            f"{KINDS}::test_both_answers_in_one_object",
            f"{CONTRACT}::test_create_job",
            f"{COMMANDS}::test_the_seeds_example",
        ),
    ),
    3: ("a new job is a 201", (f"{CONTRACT}::test_create_job", f"{COMMANDS}::test_the_seeds_example")),
    4: (
        "a job goes by its uid and by its id",
        (
            f"{KINDS}::test_ids_of_both_kinds",
            f"{KINDS}::test_either_name_of_a_command_does_in_every_path",
            "monitor/live/test_job_stream.py::test_either_name_of_a_job_does",
            f"{LISTS}::test_unknown_jobs",
        ),
    ),
    5: (
        "status words per kind, one stored state",
        (
            f"{KINDS}::test_status_is_the_word_of_the_kind_and_state_the_stored_one",
            f"{LISTS}::test_status_filter",
        ),
    ),
    6: (
        "lists of jobs as an object or an array",
        (
            f"{CONTRACT}::test_get_jobs",
            f"{LISTS}::test_all_jobs_unless_a_page_is_asked_for",
            "pegbox/sdk/test_retries.py::test_lists_are_read_bare_or_in_their_object",
        ),
    ),
    7: (
        "all jobs, or a page",
        (
            f"{LISTS}::test_all_jobs_unless_a_page_is_asked_for",
            f"{LISTS}::test_bad_pages",
            f"{KINDS}::test_status_is_the_word_of_the_kind_and_state_the_stored_one",
        ),
    ),
    8: (
        "fixed words before ids",
        (f"{CONTRACT}::test_get_current_and_past_jobs", f"{CONTRACT}::test_get_job_statistics"),
    ),
    9: (
        "times in UTC, in both spellings",
        ("backend/test_times.py::test_both_spellings_of_every_time", f"{CREATE}::test_both_spellings_of_one_job"),
    ),
    10: (
        "what counts as past and as success",
        (f"{LISTS}::test_statistics_of_many_jobs", f"{CONTRACT}::test_get_job_statistics"),
    ),
    11: (
        "live numbers of running jobs only",
        (
            f"{CONTRACT}::test_live_metrics_are_there_while_the_job_runs",
            f"{CONTRACT}::test_get_job_by_uid",
            "backend/jobs/test_lifecycle.py::test_any_order_of_actions_keeps_to_the_lifecycle",
        ),
    ),
    12: (
        "all keys for both kinds, secrets masked",
        (
            f"{KINDS}::test_every_key_is_there_for_both_kinds_and_the_absent_side_null",
            f"{COMMANDS}::test_secrets_are_never_shown_but_reach_the_worker",
        ),
    ),
    13: (
        "logs as text or JSON, two streams",
        (
            "backend/jobs/test_logs.py::test_plain_text_unless_json_is_asked_for",
            f"{LISTS}::test_logs_apart_and_from_the_end",
            "journeys/test_commands.py::test_output_environment_secrets_and_metrics",
        ),
    ),
    14: (
        "one log of points, streamed on both ports",
        (
            "backend/streams/test_relay.py::test_both_ports_say_the_same",
            "backend/streams/test_relay.py::test_unknown_jobs",
            "backend/streams/test_relay.py::test_access",
            "monitor/live/test_ws_training.py::test_a_message_looks_as_published",
            "monitor/live/test_job_stream.py::test_a_finished_job_is_replayed_and_ends",
            f"{TOKENS}::test_a_ticket_opens_streams_for_a_minute_and_nothing_else",
        ),
    ),
    15: (
        "models as an object or an array",
        (f"{CONTRACT}::test_get_models", f"{MODELS}::test_array_view"),
    ),
    16: (
        "one collection of base models and of what jobs made",
        (
            f"{STAGES}::test_one_collection_for_base_models_and_what_jobs_made",
            "backend/queue/test_results.py::test_an_adapter_is_named_as_one",
        ),
    ),
    17: (
        "ids of models with a slash",
        (
            f"{CONTRACT}::test_add_check_and_remove_model",
            f"{MODELS}::test_ids_with_slashes_and_numbers",
            f"{STAGES}::test_a_model_is_tagged_by_whichever_name",
        ),
    ),
    18: (
        "adding a model twice, tags and stages",
        (
            f"{CONTRACT}::test_model_already_exists",
            f"{STAGES}::test_the_seed_tags_a_model",
            f"{STAGES}::test_stages_exclude_each_other_and_tags_do_not",
            f"{STAGES}::test_one_model_of_a_name_is_in_production",
        ),
    ),
    19: (
        "datasets as a bare array, with both sizes",
        (f"{CONTRACT}::test_get_datasets", f"{DATASETS}::test_the_list_is_bare_with_both_sizes"),
    ),
    20: (
        "a dataset goes by its uid and by its slug",
        (f"{DATASETS}::test_uid_and_slug_are_equal", f"{DATASETS}::test_slugs_are_unique"),
    ),
    21: (
        "a dataset from a form or from JSON",
        (f"{DATASETS}::test_multipart_and_json_end_in_the_same_record",),
    ),
    22: (
        "a CSV without its two columns",
        (
            "backend/datasets/test_preview.py::test_missing_columns_are_listed_with_a_suggestion",
            f"{CONTRACT}::test_csv_validation_error",
            f"{DATASETS}::test_mapping",
        ),
    ),
    23: (
        "what is too large, with the number",
        (f"{CONTRACT}::test_file_too_large", f"{DATASETS}::test_a_dataset_has_a_limit_of_its_own"),
    ),
    24: (
        "one body for every error",
        (
            f"{ERRORS}::test_shape",
            f"{ERRORS}::test_findings_are_listed_and_the_detail_stays_a_sentence",
            f"{ERRORS}::test_a_broken_database_is_a_500_of_the_same_shape",
            f"{RATES}::test_refusals_before_any_route_have_the_one_body",
            "pegbox/web/test_access.py::test_every_error_has_the_one_shape",
            "monitor/training/test_training_contract.py::test_unknown_job",
        ),
    ),
    25: (
        "422 for the schema, 400 for the content",
        (
            f"{ERRORS}::test_the_schema_is_422_and_content_that_parses_but_cannot_be_used_400",
            "pegbox/sdk/test_retries.py::test_both_ways_to_refuse_what_was_sent_are_one_error",
        ),
    ),
    26: (
        "who is asked, and that nothing is open to others",
        (
            f"{TOKENS}::TestOpen::test_who_sends_nothing_may_do_everything",
            f"{TOKENS}::TestOpen::test_a_sent_token_must_be_valid",
            f"{TOKENS}::TestOpen::test_off_asks_nobody",
            "pegbox/web/test_access.py::test_nothing_is_open_off_loopback",
            "pegbox/web/test_access.py::test_an_open_bind_needs_somebody_who_can_sign_in",
            "security/test_sites.py::test_a_name_that_was_led_here_gets_nothing",
            "security/test_sites.py::test_json_as_text_of_another_site_changes_nothing",
            f"{COMMANDS}::test_only_json_submits_a_command",
        ),
    ),
    27: (
        "how many requests a user may send",
        (
            f"{RATES}::test_a_standard_user_has_100_a_minute_a_premium_user_1000",
            f"{RATES}::test_searches_count_per_address",
            f"{RATES}::test_uploads_count_per_user",
            f"{RATES}::test_1000_an_hour_for_standard_users",
            f"{RATES}::test_every_answer_of_the_api_says_where_one_stands",
            f"{RATES}::test_beyond_the_limit_429_says_when_to_come_back",
            f"{RATES}::test_where_nobody_must_sign_in_it_is_counted_and_never_refused",
        ),
    ),
    28: (
        "ports and pages of the reference",
        (
            f"{SYSTEM}::test_the_page_needs_nothing_from_elsewhere",
            f"{SYSTEM}::test_yaml_and_json_are_the_same_document",
            f"{SYSTEM}::test_on_another_port_the_published_addresses_work",
        ),
    ),
    30: (
        "one sampler, bytes and GiB",
        (
            "backend/resources/test_resources.py::test_one_sample_in_bytes_here_and_in_gib_at_the_monitor",
            "backend/resources/test_resources.py::test_gpus_as_published",
            "monitor/resources/test_sampler.py::test_two_gpus_on_the_wire",
        ),
    ),
    31: (
        "priority, zero unless it is said",
        (
            f"{KINDS}::test_without_a_word_the_priority_is_zero",
            "backend/queue/test_claim.py::test_higher_priority_first_then_the_oldest",
        ),
    ),
    32: (
        "tags of experiments as an object or a list",
        (
            "backend/experiments/test_published_examples.py::test_create_experiment",
            "backend/experiments/test_experiments.py::test_a_list_of_tags_means_true_for_each",
        ),
    ),
}


@cache
def names_in(path: str) -> frozenset[str]:
    """`function` and `Class::method` of a file of tests, nothing of it imported."""
    found = set()
    for node in ast.parse((ROOT / "tests" / path).read_text()).body:
        if isinstance(node, ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.ClassDef):
            found |= {f"{node.name}::{inner.name}" for inner in node.body if isinstance(inner, ast.FunctionDef)}
    return frozenset(found)


def test_no_row_is_left_out() -> None:
    assert set(ROWS) == set(range(1, 33)) - {29}


@pytest.mark.parametrize("row", ROWS)
def test_the_tests_of_a_row_exist(row: int) -> None:
    subject, tests = ROWS[row]
    assert subject
    assert tests
    gone = [test for test in tests if test.partition("::")[2] not in names_in(test.partition("::")[0])]
    assert gone == []
