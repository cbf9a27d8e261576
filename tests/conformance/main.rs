//! What Tidings promises, the same on every transport: each scenario runs on a bus in this
//! process and on one over a nats-server of its own.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test's own functions fail it"
)]

mod handle;
mod lifecycle;
mod publish;
mod settle;
mod subscribe;
mod support;
mod topology;

use support::env::Env;

/// Makes tests of each scenario: on a bus in this process with its time paused, so that what waits
/// waits for nothing, and on one over a nats-server; where it matters that things really happen at
/// once, also on a bus in this process on two threads. What needs a feature is a test only where
/// it is.
macro_rules! scenarios {
    (
        every bus { $($room:ident::$module:ident: $($scenario:ident),* $(,)?;)* }
        every bus, also on threads { $($busy_room:ident::$busy:ident: $($crowded:ident),* $(,)?;)* }
        a bus with restart { $($special_room:ident::$special:ident: $($needy:ident),* $(,)?;)* }
    ) => {
        mod memory {
            const _: () = assert!(!crate::Env::MEMORY.restart, "its tests have to be made here");

            $(mod $module {
                $(#[tokio::test(start_paused = true)]
                async fn $scenario() {
                    crate::$room::$module::$scenario(crate::Env::memory()).await;
                })*
            })*
            $(mod $busy {
                $(#[tokio::test(start_paused = true)]
                async fn $crowded() {
                    crate::$busy_room::$busy::$crowded(crate::Env::memory()).await;
                })*
            })*
        }

        mod threads {
            $(mod $busy {
                $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $crowded() {
                    crate::$busy_room::$busy::$crowded(crate::Env::memory()).await;
                })*
            })*
        }

        mod nats {
            const _: () = assert!(crate::Env::NATS.restart, "there is nothing to make tests of");

            $(mod $module {
                $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $scenario() {
                    crate::$room::$module::$scenario(crate::Env::nats().await).await;
                })*
            })*
            $(mod $busy {
                $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $crowded() {
                    crate::$busy_room::$busy::$crowded(crate::Env::nats().await).await;
                })*
            })*
            $(mod $special {
                $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $needy() {
                    crate::$special_room::$special::$needy(crate::Env::nats().await).await;
                })*
            })*
        }
    };
}

scenarios! {
    every bus {
        publish::subject:
            tokens_fill_the_template,
            a_value_that_is_no_token_is_refused_and_nothing_is_sent,
            what_subject_makes_the_filter_matches_and_the_parser_gives_back,
            a_foreign_subject_is_an_error_and_no_guess;
        subscribe::wildcard:
            a_filter_matches_its_tokens_and_any_others,
            a_stream_keeps_all_that_is_below_and_not_its_root;
        publish::confirm:
            an_event_of_a_stream_is_stored_when_publish_returns,
            publish_all_confirms_each_in_order,
            publish_all_says_which_failed,
            a_payload_over_the_limit_is_refused_with_both_sizes,
            a_missing_stream_is_named,
            a_missing_stream_is_named_though_somebody_listens,
            what_another_stream_confirms_names_both,
            expectations_hold_or_conflict,
            a_time_to_live_is_whole_seconds,
            core_events_need_no_stream,
            who_only_listens_does_not_answer_for_the_stream,
            a_borrowed_event_is_received_by_one_that_owns,
            generic_events_and_enums_go_round;
        topology::consumer_limit:
            a_stream_has_no_more_consumers_than_it_may,
            a_limit_below_what_consumers_have_is_refused,
            a_replay_is_kept_no_longer_than_its_stream_lets_it,
            a_consumer_that_nobody_reads_ends_where_its_stream_says,
            the_last_consumer_takes_all_that_interest_kept,
            what_interest_let_go_makes_room,
            what_is_gone_is_not_pending;
        subscribe::delete_marker:
            a_marker_is_no_event_to_any_reader,
            a_marker_takes_the_place_of_the_last_message,
            a_marker_is_taken_from_a_work_queue,
            a_time_to_live_below_the_markers_is_refused,
            a_time_to_live_below_undeclared_markers_is_lengthened,
            markers_bring_what_they_need;
        publish::read_back:
            what_nobody_could_read_is_refused_and_named,
            every_way_to_publish_reads_back,
            requests_and_their_answers_are_read_back,
            what_can_be_read_is_not_refused,
            a_tests_bus_reads_back_in_any_build;
        publish::atomic:
            a_batch_is_stored_as_one_and_in_order,
            a_batch_is_heard_and_handled_like_any_events,
            a_thousand_at_most,
            a_batch_again_is_a_duplicate_and_stored_once,
            one_that_is_stored_already_keeps_out_the_others,
            what_is_refused_is_heard_once,
            of_several_faults_the_server_names_one_at_once,
            what_can_not_be_in_a_batch_is_refused_when_it_is_added,
            an_event_that_is_too_large_keeps_out_the_others,
            expectations_are_those_of_the_whole_batch,
            a_full_stream_takes_all_or_nothing,
            a_stream_that_does_not_allow_it_is_named_with_the_attribute,
            a_batch_without_its_stream_names_it,
            a_batch_that_is_dropped_leaves_nothing,
            batches_beside_each_other_do_not_mix,
            the_same_batch_from_many_sides_is_stored_once,
            events_of_a_batch_can_wait,
            what_a_handler_publishes_as_one_is_stored_once;
        publish::fast_ingest:
            each_of_many_is_confirmed_where_it_is,
            what_the_stream_has_is_not_stored_again,
            one_that_is_given_twice_is_stored_once,
            the_same_events_from_two_sides_are_confirmed_where_they_are,
            events_known_again_and_others_keep_their_order,
            beside_other_publishers_each_is_confirmed_where_it_is,
            one_that_is_refused_keeps_no_other_out,
            where_the_stream_does_not_allow_it_nothing_else_is_different,
            events_of_both_kinds_keep_their_order,
            many_that_are_dropped_half_way_are_stored_up_to_there;
        publish::delay:
            a_delayed_event_comes_in_its_time_with_its_id,
            a_delayed_event_is_stored_once,
            a_delayed_event_waits_for_its_new_time,
            every_way_to_publish_moves_a_delayed_event,
            a_delayed_event_that_many_move_comes_once,
            a_second_run_keeps_the_first_delay,
            what_waits_is_no_event_to_any_reader,
            a_consumer_whose_acks_cancel_is_refused,
            what_can_not_be_delayed_is_refused,
            what_would_not_come_is_refused;
        publish::dedup:
            the_same_event_is_stored_once,
            a_rebuilt_event_is_the_same_by_its_id_fields,
            events_without_id_fields_are_all_stored,
            fifty_publishers_of_one_event_store_it_once,
            a_message_id_of_ones_own,
            a_longer_window_brings_no_id_back,
            an_id_of_what_nobody_wanted_is_forgotten_with_its_window,
            after_the_window_the_same_event_is_a_new_one;
        publish::header:
            every_event_of_a_stream_has_an_id,
            headers_go_round,
            reserved_and_unwritable_headers_are_refused;
        subscribe::live:
            publish_and_subscribe,
            one_region_only,
            an_enum_hears_all_its_events,
            an_enum_hears_its_events_in_order_and_no_others,
            an_undecodable_payload_is_an_error_and_the_flow_goes_on,
            an_unknown_version_is_an_error_that_names_both;
        subscribe::durable:
            a_new_consumer_gets_old_messages,
            two_consumers_are_independent,
            two_readers_share_the_work,
            it_resumes_where_it_stopped,
            an_undecodable_message_can_be_settled,
            another_configuration_is_refused,
            a_missing_stream_is_named_when_consuming;
        settle::redelivery:
            what_is_acked_does_not_come_again,
            a_confirmed_ack,
            nothing_comes_twice_within_the_ack_wait,
            what_is_not_acked_comes_again_after_the_ack_wait,
            nak_brings_it_back_after_its_delay,
            progress_keeps_a_message,
            reject_ends_it;
        subscribe::max_ack_pending:
            a_consumer_holds_no_more_than_its_limit,
            a_route_begins_no_more_than_its_limit;
        topology::retention:
            a_work_queue_removes_what_is_settled,
            a_handled_task_leaves_its_work_queue,
            interest_keeps_a_message_until_all_have_settled_it;
        handle::handler:
            types_functions_and_closures_handle,
            the_context_knows_the_message,
            a_context_that_is_kept_is_that_of_its_message,
            concurrency_is_bounded,
            an_enum_is_one_route,
            a_slow_handler_keeps_its_message_with_progress;
        settle::failure:
            acked_only_after_ok,
            an_error_is_a_retry,
            a_failure_says_itself_when_to_come_again,
            a_panic_is_a_retry_and_others_go_on,
            reject_and_undecodable_end_a_message;
        handle::batch:
            a_batch_is_what_came_in_order,
            a_batch_does_not_wait_for_ever,
            each_event_of_a_batch_is_settled_by_itself,
            the_error_of_a_batch_is_that_of_all_that_were_not_marked,
            a_panic_and_a_deadline_fail_a_whole_batch,
            what_a_batch_publishes_for_an_event_is_stored_once,
            a_shutdown_handles_no_half_batch_twice,
            events_without_a_stream_come_in_batches,
            bad_batches_are_refused;
        handle::user_panic:
            no_text_ends_a_route_of_requests,
            no_text_ends_a_route_of_a_stream,
            no_text_ends_a_route_of_core_events,
            what_a_handler_holds_may_panic_when_its_deadline_drops_it;
        settle::dead_letter:
            a_letter_that_does_not_fit_refers_to_its_original,
            a_letter_that_refers_keeps_its_original_in_a_work_queue,
            letters_that_are_purged_by_their_subject_let_their_originals_go,
            a_sequence_is_one_condition_among_others,
            a_last_attempt_that_is_never_settled_says_how_many_there_were,
            a_letter_of_the_longest_subject_is_stored_and_put_back,
            a_letter_is_the_message_byte_for_byte,
            a_letter_says_why,
            where_letters_find_no_room_the_original_stays,
            letters_are_listed_by_what_they_say,
            what_there_is_not_is_named,
            without_letters_a_message_is_only_given_up;
        settle::redrive:
            id_order_and_headers_are_kept,
            what_fails_again_remembers_how_often,
            what_its_handler_published_before_is_not_stored_twice,
            only_the_consumer_that_failed,
            two_at_once_put_everything_back_once,
            where_the_stream_is_gone_letters_stay,
            purged_letters_are_those_that_are_meant;
        settle::retry:
            waits_grow_up_to_a_bound_and_then_there_is_one_letter,
            a_list_is_followed_in_its_order,
            never_is_one_attempt,
            time_runs_out_before_the_attempts_do,
            a_failure_asks_for_its_wait_and_not_for_more_attempts,
            a_panic_counts_as_an_attempt,
            what_is_rejected_is_not_handled_again,
            what_can_not_be_decoded_is_kept_as_it_came,
            jitter_never_shortens,
            a_route_judges_failures_for_itself,
            what_is_deferred_waits_and_the_others_go_on,
            what_was_deferred_has_all_its_time_when_it_is_handled,
            who_dies_at_work_fails_as_the_policy_says,
            an_instance_that_goes_takes_one_attempt_with_it;
        handle::deadline:
            who_is_slower_than_the_ack_wait_handles_once,
            after_the_progress_limit_a_message_comes_again,
            who_hangs_is_cut_off_tried_again_and_put_aside,
            an_asker_is_told_of_a_deadline,
            a_core_event_past_its_deadline_makes_room_for_the_next;
        handle::prefetch:
            no_more_is_fetched_than_a_route_says,
            what_waits_here_for_long_does_not_come_twice,
            a_rate_is_kept_by_a_stream_s_route,
            a_rate_is_kept_by_a_core_route;
        settle::isolation:
            what_fails_beside_it_makes_no_pause_longer,
            one_that_cant_be_put_aside_keeps_no_other_of_its_batch,
            an_ack_wait_without_measure_is_a_long_one;
        settle::circuit_breaker:
            it_opens_probes_doubles_and_closes,
            what_was_rejected_says_nothing_of_the_handler,
            meanwhile_other_members_of_the_group_have_the_work,
            a_shutdown_tries_what_no_stream_keeps,
            a_shutdown_makes_the_last_attempts_that_are_here;
        lifecycle::pause:
            a_stream_s_events_go_to_another_instance,
            what_was_not_begun_is_given_back,
            a_core_event_goes_to_another_member,
            a_request_has_no_responders_meanwhile,
            who_waits_for_a_change_is_told_of_each,
            a_paused_registry_ends_like_any_other;
        lifecycle::status:
            a_deleted_consumer_is_said_and_come_back_it_is_read,
            a_deleted_stream_is_said_and_come_back_it_is_read,
            what_finds_no_room_among_the_letters_keeps_no_place,
            what_waits_for_its_letter_is_covered_by_no_ack,
            a_full_stream_of_letters_is_said_until_there_is_room,
            a_missing_stream_of_letters_is_made_again,
            a_shutdown_leaves_what_finds_no_room;
        handle::route_option:
            what_can_not_hold_names_route_option_and_values,
            what_means_nothing_to_a_message_is_refused,
            what_just_holds_is_taken,
            what_may_last_for_ever_does,
            the_longest_time_ends_no_route,
            a_pause_that_no_server_can_read_is_refused,
            a_bus_has_the_patience_that_it_was_given;
        settle::cumulative_ack:
            all_that_is_handled_is_acknowledged,
            what_is_not_handled_is_not_covered,
            one_that_failed_keeps_those_behind_it_waiting,
            who_is_slower_than_the_ack_wait_handles_once,
            another_instance_stands_by_and_takes_over,
            what_an_instance_took_with_it_is_not_covered,
            what_is_given_back_is_not_covered,
            what_can_not_be_beside_it_is_refused;
        lifecycle::drain:
            what_is_to_be_tried_again_waits_for_the_next_instance,
            what_was_deferred_goes_to_the_next_instance,
            what_was_deferred_at_its_last_attempt_is_tried_once_more,
            last_attempts_that_are_here_are_made_here,
            what_waits_for_its_rate_goes_to_the_next_instance,
            a_rate_does_not_hold_up_a_shutdown_past_its_deadline;
        lifecycle::registry:
            two_registries_of_one_name_share,
            two_registries_of_two_names_each_get_all,
            streams_and_consumers_are_created_by_name,
            bad_registries_are_refused,
            a_request_under_another_ones_stream_does_not_start;
        lifecycle::discovery:
            a_service_tells_what_it_is_and_offers,
            a_service_tells_how_it_fares,
            every_instance_answers_for_itself,
            a_service_of_events_alone_is_found;
        topology::plan:
            a_missing_stream_is_planned_and_created,
            what_loses_nothing_is_changed,
            what_loses_messages_is_refused_unless_it_is_said,
            what_can_not_be_changed_is_refused_with_both_values,
            a_plan_for_what_has_changed_since_is_refused,
            a_registry_manages_its_streams_only_where_it_may,
            who_may_only_bind_creates_nothing,
            a_routes_consumer_is_changed_to_its_options,
            a_consumer_of_other_subjects_is_changed_or_refused,
            a_stream_that_is_deleted_is_made_again_where_it_may,
            a_reader_by_hand_is_not_given_another_ack_wait;
        topology::shared_consumer:
            a_restart_takes_no_filter_away,
            one_that_is_made_again_selects_what_others_asked_for,
            a_policy_that_was_replaced_stays_replaced,
            fewer_deliveries_are_asked_for_in_so_many_words,
            a_default_name_is_one_registry_s,
            a_consumer_that_was_changed_by_hand_is_said,
            registries_that_start_together_lose_no_subject,
            a_subject_of_letters_that_is_taken_away_comes_back;
        handle::unknown_version:
            what_an_instance_does_not_know_goes_to_one_that_does,
            what_was_given_back_has_all_its_attempts,
            what_nobody_knows_is_put_aside_in_the_end,
            another_version_of_an_event_goes_to_who_knows_it,
            a_batch_holds_none_that_is_not_known,
            who_reads_alone_makes_way_for_one_that_knows,
            a_reader_by_hand_is_told_of_another_message;
        lifecycle::shutdown:
            running_handlers_finish_and_are_acked,
            a_handler_past_the_deadline_comes_again,
            what_was_not_begun_goes_to_another,
            what_is_left_at_the_deadline_is_told,
            serve_ends_with_its_signal,
            a_closed_bus_says_so;
        handle::hung_handler:
            behind_a_hung_handler_nobody_waits_for_ever,
            behind_a_hung_handler_of_its_key_nobody_waits_for_ever,
            behind_a_hung_handler_in_order_nobody_waits_for_ever,
            one_unsettled_at_a_time_is_in_order_over_all_instances;
        subscribe::slow_consumer:
            a_slow_subscription_counts_what_it_loses,
            a_slow_route_counts_what_it_loses;
    }
    every bus, also on threads {
        subscribe::queue_group:
            a_queue_group_shares_and_never_doubles,
            a_new_member_joins_under_load,
            a_dropped_subscription_hears_no_more,
            members_leave_in_good_order_and_nothing_is_lost,
            services_leave_in_good_order_and_every_request_is_answered,
            invalid_group_names_are_refused;
        subscribe::fan_out:
            fifty_subscribers_each_hear_five_thousand_messages,
            twenty_subjects_do_not_mix;
        handle::order:
            each_subject_keeps_its_order,
            each_key_keeps_its_order_and_runs_beside_the_others,
            a_message_whose_key_panics_is_handled_like_any_other,
            a_key_whose_handler_hangs_does_not_stop_the_others;
        subscribe::replay:
            from_the_beginning_in_order,
            from_a_sequence_and_a_time,
            from_a_time_with_several_filters,
            dropped_replays_leave_no_consumer,
            one_of_a_stream_that_is_made_again_ends,
            last_of_each_subject,
            only_new_ones,
            one_region_of_the_history,
            while_publishing_each_once_in_order;
        handle::idempotence:
            what_a_handler_publishes_twice_is_stored_once,
            what_a_second_run_publishes_otherwise_is_another_event,
            a_late_run_finds_what_an_earlier_one_stored,
            an_event_follows_from_another_along_a_chain;
        handle::request:
            a_request_is_answered,
            a_declared_error_travels,
            an_undeclared_error_is_an_error_reply_that_refers_to_the_log,
            an_asker_is_told_what_is_meant_for_them,
            a_panic_is_an_error_reply_at_once,
            an_undecodable_request_is_an_error_reply_at_once,
            nobody_there_is_known_at_once,
            a_slow_handler_times_out,
            a_reply_that_does_not_decode_keeps_its_bytes,
            a_thousand_at_once,
            a_cancelled_request_leaves_the_others,
            tokens_of_a_request_route_it,
            what_a_stream_answers_is_no_reply,
            a_reply_that_looks_like_a_streams_answer_is_a_reply,
            a_request_without_time_gets_no_reply;
        lifecycle::churn:
            registries_come_and_go_and_nothing_is_lost_or_doubled;
        lifecycle::cancellation:
            a_subscription_dropped_in_mid_stream_leaves_the_others,
            what_was_confirmed_before_a_publisher_was_dropped_is_stored,
            publishes_dropped_half_way_are_stored_once_or_not,
            a_batch_dropped_half_way_is_stored_up_to_there;
        lifecycle::deletion:
            a_route_comes_back_after_its_consumer_was_deleted,
            what_was_not_settled_comes_again_and_nothing_else,
            a_batch_comes_back_after_its_consumer_was_deleted,
            acks_of_many_come_back_after_their_consumer_was_deleted,
            two_instances_go_on_behind_what_both_have_settled,
            a_work_queue_comes_back_after_its_consumer_was_deleted,
            a_route_comes_back_whose_consumer_was_deleted_while_it_was_busy,
            a_route_comes_back_after_its_stream_was_deleted,
            a_stream_that_is_made_again_has_no_past,
            a_reader_is_told_that_its_consumer_was_deleted;
    }
    a bus with restart {
        lifecycle::reconnect:
            a_delayed_event_keeps_its_id_over_restarts,
            ten_thousand_messages_over_two_restarts,
            what_listens_listens_again;
    }
}
