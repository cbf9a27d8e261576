//! Rows of what a program can switch on, and of buckets and object stores.

use super::{Figure, Row, Threads};
use crate::compare::{
    core_receive, key_value, large_event, object_store, optional, stream_consume,
};

pub(super) static ROWS: &[Row] = &[
    row!(
        "core_handle_metrics",
        "`core_handle`, with metrics; raw: ours without",
        Some(0.95),
        200_000,
        core_receive::ours_handle,
        optional::metrics_handle
    ),
    row!(
        "stream_consume_64_metrics",
        "`stream_consume_64`, with metrics; raw: ours without",
        Some(0.95),
        100_000,
        stream_consume::ours_64,
        optional::metrics_consume_64
    ),
    row!(
        "core_handle_layers",
        "`core_handle` in three layers that look at each message; raw: ours without",
        Some(0.95),
        200_000,
        core_receive::ours_handle,
        optional::layers_handle
    ),
    row!(
        "stream_consume_64_layers",
        "`stream_consume_64` in three such layers; raw: ours without",
        Some(0.95),
        100_000,
        stream_consume::ours_64,
        optional::layers_consume_64
    ),
    row!(
        "core_handle_tower",
        "`core_handle` in tower's `load_shed`, `concurrency_limit` and `timeout`; raw: ours without",
        None,
        200_000,
        core_receive::ours_handle,
        optional::tower_handle
    ),
    row!(
        "stream_consume_64_tower",
        "`stream_consume_64` in the same; raw: ours without",
        None,
        100_000,
        stream_consume::ours_64,
        optional::tower_consume_64
    ),
    row!(
        "core_handle_traces",
        "`core_handle`, with traces that are never sampled; raw: ours without",
        Some(0.95),
        200_000,
        core_receive::ours_handle,
        optional::traces_handle
    ),
    row!(
        "core_handle_traces_sampled",
        "`core_handle`, with traces of what others sample, which is nothing; raw: ours without",
        Some(0.95),
        200_000,
        core_receive::ours_handle,
        optional::traces_handle_sampled
    ),
    row!(
        "stream_consume_64_traces",
        "`stream_consume_64`, with such traces; raw: ours without",
        Some(0.95),
        100_000,
        stream_consume::ours_64,
        optional::traces_consume_64
    ),
    row!(
        "key_value_get",
        "one key after the other",
        Some(1.0),
        10_000,
        key_value::raw_get,
        key_value::ours_get
    ),
    row!(
        "key_value_get_concurrent",
        "256 keys at a time",
        Some(1.15),
        51_200,
        key_value::raw_get_concurrent,
        key_value::ours_get_concurrent
    ),
    row!(
        "key_value_get_many",
        "1,000 keys at once; raw: one after the other",
        Some(10.0),
        10_000,
        key_value::raw_get,
        key_value::ours_get_many
    ),
    row!(
        "key_value_put",
        "one key after the other",
        Some(1.0),
        10_000,
        key_value::raw_put,
        key_value::ours_put
    ),
    row!(
        "key_value_put_cost",
        "the same; raw: its messages with an id each, sent and confirmed one after the other",
        None,
        10_000,
        key_value::raw_put_with_id,
        key_value::ours_put
    ),
    row!(
        "key_value_watch_cost",
        "`key_value_watch`; raw: its messages, pushed to who looks at nothing",
        None,
        100_000,
        key_value::pushed_watch,
        key_value::ours_watch
    ),
    row!(
        "key_value_watch",
        "100,000 keys, as a watch begins",
        Some(1.2),
        100_000,
        key_value::raw_watch,
        key_value::ours_watch
    ),
    row!(
        "object_put",
        "an object of 64 MiB from memory, in MiB",
        Some(1.5),
        64,
        object_store::raw_put,
        object_store::ours_put
    ),
    row!(
        "object_put_cost",
        "the same; raw: its chunks, 32 on the way, without a digest",
        None,
        64,
        object_store::chunks_put,
        object_store::ours_put
    ),
    row!(
        "object_put_read",
        "8 MiB from a reader that yields 4 KiB at a time, in MiB",
        Some(10.0),
        8,
        object_store::raw_put_read,
        object_store::ours_put_read
    ),
    row!(
        "object_get",
        "an object of 64 MiB, in MiB",
        Some(1.2),
        64,
        object_store::raw_get,
        object_store::ours_get
    ),
    row!(
        "object_get_cost",
        "the same; raw: its chunks, pushed to who looks at nothing",
        None,
        64,
        object_store::chunks_get,
        object_store::ours_get
    ),
    row!(
        "object_put_small",
        "objects of 1 KiB, one after the other",
        Some(1.4),
        1_000,
        object_store::raw_put_small,
        object_store::ours_put_small
    ),
    row!(
        "object_put_small_cost",
        "the same; raw: two messages, one after the other",
        None,
        1_000,
        object_store::chunks_put_small,
        object_store::ours_put_small
    ),
    row!(
        "large_event",
        "large events of 5 MB, each handled before the next, in 40 KB; raw: objects of the same bytes, put and got",
        Some(0.8),
        2_500,
        large_event::raw,
        large_event::ours
    ),
];
