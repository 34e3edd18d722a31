"""The tests of Dramatiq that hold for its own classes only, and our test in place of each."""

from __future__ import annotations

from typing import NamedTuple


class Apart(NamedTuple):
    """Why a test of Dramatiq's is not run, and which in `test_behaviour.py` takes its place."""

    why: str
    ours: str


_STUB_QUEUES = "reaches into the queues of a StubBroker"
_COMMANDS = "replaces the commands of Dramatiq's own script by mocks"

APART = {
    "test_redis.py::test_redis_unacked_messages_can_be_requeued": Apart(
        "calls Dramatiq's own script and reads its __acks__ sets",
        "test_more_messages_than_lua_can_unpack_are_held_and_given_back",
    ),
    "test_redis.py::test_redis_dead_lettered_messages_are_cleaned_up": Apart(
        "sets Dramatiq's chance of maintenance and calls its own script",
        "test_failed_messages_leave_redis_after_their_time",
    ),
    "test_redis.py::test_redis_requeues_unhandled_delay_messages_on_shutdown": Apart(
        "reads the .DQ list, where ours are not kept",
        "test_a_delayed_message_outlives_a_worker_and_runs_on_time",
    ),
    "test_redis.py::test_redis_broker_can_connect_via_url": Apart(
        "is of Dramatiq's own class, at a fixed TCP address",
        "test_the_broker_sends_to_the_server_of_the_settings",
    ),
    "test_redis.py::test_redis_broker_can_connect_via_client": Apart(
        "is of Dramatiq's own class, at a fixed TCP address",
        "test_the_broker_has_a_client_for_tools",
    ),
    "test_redis.py::test_redis_consumer_ack_can_retry_on_connection_error": Apart(
        _COMMANDS, "test_an_end_is_sent_again_until_redis_is_back"
    ),
    "test_redis.py::test_redis_consumer_nack_can_retry_on_connection_error": Apart(
        _COMMANDS, "test_an_end_is_sent_again_until_redis_is_back"
    ),
    "test_redis.py::test_redis_join_race_condition": Apart(
        "asks Dramatiq's own script how many messages and acknowledgements there are",
        "test_join_waits_for_what_a_message_has_delayed",
    ),
    "test_results.py::test_actors_results_are_backwards_compatible[stub]": Apart(
        "writes under the key of a result what older versions of Dramatiq did",
        "test_a_result_that_no_worker_stored_is_found",
    ),
    "test_results.py::test_actors_results_are_backwards_compatible[redis]": Apart(
        "writes under the key of a result what older versions of Dramatiq did",
        "test_a_result_that_no_worker_stored_is_found",
    ),
    "test_worker.py::test_workers_process_messages_in_order[redis]": Apart(
        "expects in the worker's own queue, at once, what was sent a moment ago",
        "test_one_thread_runs_messages_in_the_order_of_sending",
    ),
    "test_actors.py::test_actors_can_prioritize_work[redis]": Apart(
        "expects a paused worker to have fetched twenty messages, where ours takes one",
        "test_of_what_a_worker_has_fetched_the_actor_of_the_lower_number_runs_first",
    ),
    "test_actors.py::test_actors_can_be_sent_messages[redis]": Apart(
        _STUB_QUEUES, "test_a_consumer_gives_the_message_that_was_sent"
    ),
    "test_actors.py::test_worker_handles_non_numeric_eta_and_logs_warning[redis]": Apart(
        _STUB_QUEUES, "test_a_message_of_others_without_a_valid_eta_runs"
    ),
    "test_actors.py::test_worker_handles_none_eta[redis]": Apart(
        _STUB_QUEUES, "test_a_message_of_others_without_a_valid_eta_runs"
    ),
}
