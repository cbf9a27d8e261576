//! `tidings trace`.

use std::time::Duration;

use clap::Args;
use humantime::parse_duration;
use serde_json::{Value, json};
use tidings::{ConnectionKind, MessageTraceReport, ServerTrace, TraceEvent, TraceEventKind};

use crate::connect::Connection;
use crate::exit::{Exit, Usage};
use crate::output::Output;
use crate::{moment, terminal};

/// Shows the way of a message through servers, as they tell it: streams, subscriptions, what changes its subject and what
/// keeps it from somebody.
///
/// The message reaches nobody unless `--deliver` says so. It takes nats-server 2.11 or newer.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    tidings trace orders.eu.created --header 'tenant=a' --format json")]
pub(crate) struct Trace {
    /// Subject on which the message is published.
    subject: String,
    /// Payload of the message; nothing where it is left out.
    #[arg(long, default_value = "")]
    payload: String,
    /// Header of the message, once for each.
    #[arg(long = "header", value_name = "NAME=VALUE")]
    headers: Vec<String>,
    /// Delivers the message, too: subscriptions get it, and streams store it.
    #[arg(long)]
    deliver: bool,
    /// Waits so long for the servers; it ends sooner where all have answered.
    #[arg(long, default_value = "2s", value_parser = parse_duration)]
    within: Duration,
}

impl Trace {
    pub(crate) async fn run(
        self,
        connection: &Connection,
        output: &mut Output,
    ) -> anyhow::Result<Exit> {
        let headers = self.headers.iter().map(|header| {
            let pair = header.split_once('=');
            pair.ok_or_else(|| Usage(format!("`--header {header}` has no `=`: NAME=VALUE")))
        });
        let headers = headers.collect::<Result<Vec<_>, _>>()?;
        let bus = connection.open().await?;
        let mut trace = bus.trace(&self.subject).payload(self.payload).within(self.within);
        for (name, value) in headers {
            trace = trace.header(name, value);
        }
        let report = if self.deliver { trace.deliver().await? } else { trace.await? };
        for server in &report.servers {
            output.write(|| text(server), || shown(server))?;
        }
        let told = || conclusion(&report, self.deliver);
        output.write(told, || {
            json!({
                "subject": self.subject,
                "delivered": self.deliver,
                "complete": report.is_complete(),
                "streams": report.streams().collect::<Vec<_>>(),
                "subscriptions": report.subscriptions().collect::<Vec<_>>(),
                "errors": report.errors().collect::<Vec<_>>(),
            })
        })?;
        let reached = report.streams().chain(report.subscriptions()).next().is_some();
        let is_well = reached && report.errors().next().is_none();
        Ok(if is_well { Exit::Done } else { Exit::Differs })
    }
}

/// A server, and a line for each event there.
fn text(told: &ServerTrace) -> String {
    let name = match &told.hop {
        Some(hop) => format!("{} ({hop})", told.server.name),
        None => told.server.name.clone(),
    };
    let events =
        told.events.iter().map(|event| format!("  {}", terminal::line(&event.kind.to_string())));
    [terminal::line(&name)].into_iter().chain(events).collect::<Vec<_>>().join("\n")
}

/// The sum of all of them, in one line.
fn conclusion(report: &MessageTraceReport, delivered: bool) -> String {
    let of = |count: usize, one: &str| match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {one}s"),
    };
    let streams = of(report.streams().count(), "stream");
    let subscriptions = of(report.subscriptions().count(), "subscription");
    let would = if delivered { "it reached" } else { "it would reach" };
    let mut text = format!("{would} {streams} and {subscriptions}");
    match report.errors().count() {
        0 => {}
        errors => text = format!("{text}; {} on the way", of(errors, "error")),
    }
    if !report.is_complete() {
        text.push_str("; not every server has told of it");
    }
    text
}

/// A server as JSON.
fn shown(told: &ServerTrace) -> Value {
    let ServerTrace { server, hop, hops, size, events, .. } = told;
    json!({
        "server": {
            "name": server.name,
            "id": server.id,
            "cluster": server.cluster,
            "version": server.version,
        },
        "hop": hop,
        "hops": hops,
        "size": size,
        "events": events.iter().map(event).collect::<Vec<_>>(),
    })
}

fn event(event: &TraceEvent) -> Value {
    let mut told = match &event.kind {
        TraceEventKind::Ingress { connection, name, account, subject, error } => json!({
            "kind": "ingress",
            "connection": connection_kind(*connection),
            "name": name,
            "account": account,
            "subject": subject,
            "error": error,
        }),
        TraceEventKind::SubjectMapping { to } => json!({"kind": "subject_mapping", "to": to}),
        TraceEventKind::StreamExport { account, to } => {
            json!({"kind": "stream_export", "account": account, "to": to})
        }
        TraceEventKind::ServiceImport { account, from, to } => {
            json!({"kind": "service_import", "account": account, "from": from, "to": to})
        }
        TraceEventKind::JetStream { stream, subject, no_interest, error } => json!({
            "kind": "jetstream",
            "stream": stream,
            "subject": subject,
            "no_interest": no_interest,
            "error": error,
        }),
        TraceEventKind::Egress {
            connection,
            name,
            hop,
            account,
            subscription,
            queue_group,
            error,
        } => {
            json!({
                "kind": "egress",
                "connection": connection_kind(*connection),
                "name": name,
                "hop": hop,
                "account": account,
                "subscription": subscription,
                "queue_group": queue_group,
                "error": error,
            })
        }
        TraceEventKind::Other { kind, event } => json!({"kind": kind, "event": event}),
        // One that this program was not built for.
        other => json!({"kind": "other", "text": other.to_string()}),
    };
    told["at"] = json!(event.at.map(moment::write));
    told
}

fn connection_kind(kind: ConnectionKind) -> String {
    match kind {
        ConnectionKind::Client => "client".into(),
        ConnectionKind::Router => "router".into(),
        ConnectionKind::Gateway => "gateway".into(),
        ConnectionKind::System => "system".into(),
        ConnectionKind::Leaf => "leaf".into(),
        ConnectionKind::JetStream => "jetstream".into(),
        ConnectionKind::Account => "account".into(),
        other => format!("{other:?}"),
    }
}
