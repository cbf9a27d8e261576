//! What Tidings promises, the same on every transport: each scenario runs on a bus in this
//! process and on one over a nats-server of its own.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test's own functions fail it"
)]

mod delay;
mod durable;
mod env;
mod handler;
mod live;
mod message;
mod publish;
mod replay;
mod request;
mod shutdown;
mod subject;

use env::Env;

/// Makes two tests of each scenario.
macro_rules! scenarios {
    ($($module:ident: $($scenario:ident),* $(,)?;)*) => {
        mod memory {
            $(mod $module {
                $(#[tokio::test]
                async fn $scenario() {
                    crate::$module::$scenario(crate::Env::memory()).await;
                })*
            })*
        }

        mod nats {
            $(mod $module {
                $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $scenario() {
                    crate::$module::$scenario(crate::Env::nats().await).await;
                })*
            })*
        }
    };
}

scenarios! {
    subject:
        tokens_fill_the_template,
        a_value_that_is_no_token_is_refused_and_nothing_is_sent,
        what_subject_makes_the_filter_matches_and_the_parser_gives_back,
        a_foreign_subject_is_an_error_and_no_guess;
    publish:
        an_event_of_a_stream_is_stored_when_publish_returns,
        the_same_event_is_stored_once,
        a_rebuilt_event_is_the_same_by_its_id_fields,
        events_without_id_fields_are_all_stored,
        every_event_of_a_stream_has_an_id,
        fifty_publishers_of_one_event_store_it_once,
        publish_all_confirms_each_in_order,
        publish_all_says_which_failed,
        a_payload_over_the_limit_is_refused_with_both_sizes,
        headers_go_round,
        reserved_and_unwritable_headers_are_refused,
        a_missing_stream_is_named,
        expectations_hold_or_conflict,
        a_message_id_of_ones_own,
        a_time_to_live_is_whole_seconds,
        core_events_need_no_stream,
        a_borrowed_event_is_received_by_one_that_owns,
        generic_events_and_enums_go_round;
    live:
        publish_and_subscribe,
        one_region_only,
        an_enum_hears_all_its_events,
        a_queue_group_shares_and_never_doubles,
        an_undecodable_payload_is_an_error_and_the_flow_goes_on,
        an_unknown_version_is_an_error_that_names_both,
        a_dropped_subscription_hears_no_more,
        invalid_group_names_are_refused;
    replay:
        from_the_beginning_in_order,
        from_a_sequence_and_a_time,
        last_of_each_subject,
        only_new_ones,
        one_region_of_the_history,
        while_publishing_each_once_in_order;
    durable:
        a_new_consumer_gets_old_messages,
        what_is_acked_does_not_come_again,
        what_is_not_acked_comes_again_after_the_ack_wait,
        nak_brings_it_back_after_its_delay,
        progress_keeps_a_message,
        reject_ends_it,
        a_confirmed_ack,
        two_consumers_are_independent,
        two_readers_share_the_work,
        it_resumes_where_it_stopped,
        an_undecodable_message_can_be_settled,
        another_configuration_is_refused,
        a_missing_stream_is_named_when_consuming;
    handler:
        types_functions_and_closures_handle,
        acked_only_after_ok,
        an_error_is_a_retry,
        a_panic_is_a_retry_and_others_go_on,
        reject_and_undecodable_end_a_message,
        the_context_knows_the_message,
        what_a_handler_publishes_twice_is_stored_once,
        concurrency_is_bounded,
        two_registries_of_one_name_share,
        two_registries_of_two_names_each_get_all,
        an_enum_is_one_route,
        streams_and_consumers_are_created_by_name,
        bad_registries_are_refused;
    request:
        a_request_is_answered,
        a_declared_error_travels,
        an_undeclared_error_is_an_error_reply,
        a_panic_is_an_error_reply_at_once,
        an_undecodable_request_is_an_error_reply_at_once,
        nobody_there_is_known_at_once,
        a_slow_handler_times_out,
        a_reply_that_does_not_decode_keeps_its_bytes,
        a_thousand_at_once,
        a_cancelled_request_leaves_the_others,
        tokens_of_a_request_route_it;
    delay:
        a_delayed_event_comes_in_its_time_with_its_id,
        a_delayed_event_is_stored_once,
        what_can_not_be_delayed_is_refused;
    shutdown:
        running_handlers_finish_and_are_acked,
        a_handler_past_the_deadline_comes_again,
        what_was_not_begun_goes_to_another,
        serve_ends_with_its_signal,
        a_closed_bus_says_so;
}
