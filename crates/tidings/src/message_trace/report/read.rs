//! Reading the words of a server.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::event::{ConnectionKind, TraceEvent, TraceEventKind};
use super::{ServerTrace, TraceServer};
use crate::header;
use crate::timestamp;

/// A server's words, as they come.
#[derive(Deserialize)]
struct Told {
    server: TraceServer,
    #[serde(default)]
    request: Request,
    #[serde(default)]
    hops: u64,
    #[serde(default)]
    events: Vec<Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Request {
    header: BTreeMap<String, Vec<String>>,
    msgsize: u64,
}

/// The fields that events have, each of which some do not have.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Fields {
    r#type: String,
    ts: String,
    kind: i64,
    name: Option<String>,
    acc: String,
    subj: String,
    error: Option<String>,
    from: String,
    to: String,
    stream: String,
    subject: Option<String>,
    nointerest: bool,
    hop: Option<String>,
    sub: Option<String>,
    queue: Option<String>,
}

impl ServerTrace {
    /// Reads a server's words; `None` if they are no server's.
    pub(crate) fn read(text: &[u8]) -> Option<Self> {
        let Told { server, request, hops, events } = serde_json::from_slice(text).ok()?;
        let is_hop = |name: &String| name.eq_ignore_ascii_case(header::TRACE_HOP);
        let hop = request.header.into_iter().find(|(name, _)| is_hop(name));
        Some(Self {
            server,
            hop: hop.and_then(|(_, values)| values.into_iter().next()),
            hops,
            size: request.msgsize,
            events: events.into_iter().map(event).collect(),
        })
    }
}

fn event(told: Value) -> TraceEvent {
    let fields = Fields::deserialize(&told).unwrap_or_else(|_| Fields {
        r#type: told.get("type").and_then(Value::as_str).unwrap_or_default().to_owned(),
        ts: told.get("ts").and_then(Value::as_str).unwrap_or_default().to_owned(),
        // Known or not, this is none that can be read.
        kind: i64::MIN,
        ..Fields::default()
    });
    let at = timestamp::read(&fields.ts);
    let Fields { r#type, kind, name, acc, subj, error, from, to, stream, .. } = fields;
    let Fields { subject, nointerest, hop, sub, queue, .. } = fields;
    let connection = ConnectionKind::of(kind);
    let kind = match r#type.as_str() {
        _ if kind == i64::MIN => TraceEventKind::Other { kind: r#type, event: told },
        "in" => TraceEventKind::Ingress { connection, name, account: acc, subject: subj, error },
        "sm" => TraceEventKind::SubjectMapping { to },
        "se" => TraceEventKind::StreamExport { account: acc, to },
        "si" => TraceEventKind::ServiceImport { account: acc, from, to },
        "js" => TraceEventKind::JetStream { stream, subject, no_interest: nointerest, error },
        "eg" => TraceEventKind::Egress {
            connection,
            name,
            hop,
            account: Some(acc).filter(|account| !account.is_empty()),
            subscription: sub,
            queue_group: queue,
            error,
        },
        _ => TraceEventKind::Other { kind: r#type, event: told },
    };
    TraceEvent { at, kind }
}
