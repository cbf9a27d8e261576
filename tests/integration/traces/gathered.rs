//! Spans that were gathered, and how a test finds its own among them.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use opentelemetry::trace::{Link, SpanKind, Status, TraceId, TraceState};
use opentelemetry::{Context, KeyValue, SpanId, global};
use opentelemetry_sdk::trace::{
    InMemorySpanExporter, Sampler, SamplingDecision, SamplingResult, SdkTracerProvider,
    ShouldSample, SpanData,
};
use tidings_tests::eventually;

use crate::SOON;

/// Collector of all spans of this process.
fn exporter() -> &'static InMemorySpanExporter {
    static EXPORTER: OnceLock<InMemorySpanExporter> = OnceLock::new();
    EXPORTER.get_or_init(|| {
        let exporter = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder()
            .with_sampler(Sampler::ParentBased(Box::new(Choosy)))
            .with_simple_exporter(exporter.clone())
            .build();
        global::set_tracer_provider(provider);
        exporter
    })
}

/// Gathers spans from now on.
pub(super) fn gather() {
    exporter();
}

/// Number that no other test of this process has.
pub(super) fn unique() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Records no trace that begins with the span of something quiet.
#[derive(Debug, Clone)]
struct Choosy;

impl ShouldSample for Choosy {
    fn should_sample(
        &self,
        _: Option<&Context>,
        _: TraceId,
        name: &str,
        _: &SpanKind,
        _: &[KeyValue],
        _: &[Link],
    ) -> SamplingResult {
        let decision = if name.contains("quiet") {
            SamplingDecision::Drop
        } else {
            SamplingDecision::RecordAndSample
        };
        SamplingResult { decision, attributes: Vec::new(), trace_state: TraceState::default() }
    }
}

/// A span, and what it says.
#[derive(Debug, Clone)]
pub(super) struct Gathered(pub(super) SpanData);

impl Gathered {
    pub(super) fn id(&self) -> SpanId {
        self.0.span_context.span_id()
    }

    pub(super) fn trace(&self) -> TraceId {
        self.0.span_context.trace_id()
    }

    pub(super) fn name(&self) -> &str {
        &self.0.name
    }

    /// An attribute as text.
    pub(super) fn get(&self, key: &str) -> Option<String> {
        let found = self.0.attributes.iter().find(|one| one.key.as_str() == key);
        found.map(|one| one.value.to_string())
    }

    #[track_caller]
    pub(super) fn has(&self, key: &str, value: &str) {
        assert_eq!(self.get(key).as_deref(), Some(value), "{key} of {self:#?}");
    }

    #[track_caller]
    pub(super) fn is_child_of(&self, parent: &Self) {
        assert_eq!(self.trace(), parent.trace(), "{} and {}", self.name(), parent.name());
        assert_eq!(self.0.parent_span_id, parent.id(), "{} of {}", self.name(), parent.name());
    }

    #[track_caller]
    pub(super) fn is_root(&self) {
        assert_eq!(self.0.parent_span_id, SpanId::INVALID, "{self:#?}");
    }

    pub(super) fn is_kind(&self, kind: &SpanKind) -> bool {
        self.0.span_kind == *kind
    }

    pub(super) fn links(&self) -> Vec<SpanId> {
        self.0.links.iter().map(|link| link.span_context.span_id()).collect()
    }

    /// Text of its error.
    pub(super) fn error(&self) -> Option<&str> {
        match &self.0.status {
            Status::Error { description } => Some(description),
            _ => None,
        }
    }
}

/// Spans that are meant, in the order in which they ended, once there are so many of them.
pub(super) async fn spans(count: usize, is_meant: impl Fn(&Gathered) -> bool) -> Vec<Gathered> {
    eventually(SOON, "the spans have ended", || async {
        let all = exporter().get_finished_spans().unwrap();
        let meant: Vec<_> = all.into_iter().map(Gathered).filter(|span| is_meant(span)).collect();
        let names: Vec<_> = meant.iter().map(|span| span.name().to_owned()).collect();
        if meant.len() >= count { Ok(meant) } else { Err(names) }
    })
    .await
}

/// Spans of a subject.
pub(super) async fn on(subject: &str, count: usize) -> Vec<Gathered> {
    let is_meant =
        |span: &Gathered| span.get("messaging.destination.name").as_deref() == Some(subject);
    spans(count, is_meant).await
}

/// Spans of a trace.
pub(super) async fn of(trace: TraceId, count: usize) -> Vec<Gathered> {
    spans(count, |span| span.trace() == trace).await
}

/// The only one of this name.
#[track_caller]
pub(super) fn only(spans: &[Gathered], name: &str) -> Gathered {
    let named: Vec<_> = spans.iter().filter(|span| span.name() == name).collect();
    let all: Vec<_> = spans.iter().map(Gathered::name).collect();
    assert_eq!(named.len(), 1, "{name} of {all:?}");
    named[0].clone()
}
