//! Options by which a bus makes spans.

/// Options of a bus's spans of OpenTelemetry; given to [`BusBuilder::traces`](crate::BusBuilder::traces) or
/// [`Bus::with_traces`](crate::Bus::with_traces).
///
/// Spans go to the tracer provider that `opentelemetry::global` has when the bus is given this; the crate's version
/// must be the one that Tidings was built with, 0.33. Where there is none, messages only hand on the context that came
/// with them.
///
/// ```
/// use tidings::Traces;
/// # use tidings::prelude::*;
///
/// let bus = Bus::in_memory().with_traces(Traces::new());
/// ```
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
#[must_use = "it is given to a bus"]
pub struct Traces {
    pub(super) links: bool,
    pub(super) sampled_only: bool,
    pub(super) creates: bool,
    pub(super) settles: bool,
}

impl Traces {
    /// Spans in which a handler is the child of who sent its message: one trace from the first message to the
    /// last.
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins a new trace with each message of a stream that is handled, with a link to who sent it: for messages that
    /// wait for days, or of which one has thousands of others follow. A request, and an event without a stream, stay
    /// in the trace of who sent them.
    pub fn link_producers(mut self) -> Self {
        self.links = true;
        self
    }

    /// Makes a span `create …` for each event of [`publish_all`](crate::Bus::publish_all) and of an atomic batch, whose
    /// context the event carries; the span of all of them has a link to each. By default the events share the context of
    /// the latter.
    ///
    /// Where no span is active each event then begins a trace of its own, which ends with what follows of that event.
    /// It costs a span for each event. The SDK keeps 128 links of a span, unless its limits say otherwise.
    pub fn create_spans(mut self) -> Self {
        self.creates = true;
        self
    }

    /// Makes a span `ack …`, `nak …` or `term …` for each message of a stream that is settled: by a route it is a child
    /// of the handler's, for a [`Delivery`](crate::Delivery) of the active span, with a link to who sent the message.
    /// By default the handler's span says in `tidings.settled` what became of its message.
    ///
    /// It costs a span for each message that is handled. A route whose acks cover several messages has none for them, nor
    /// has what no handler had in hand: what is given back unread at a shutdown, or passed over.
    pub fn settle_spans(mut self) -> Self {
        self.settles = true;
        self
    }

    /// Makes spans only in traces that others have begun and chosen to record: for messages with the sampled flag in
    /// their `traceparent`, and for what is published and asked within such a span. Contexts without the flag are
    /// handed on as they are.
    ///
    /// The bus then begins no trace itself, and a message outside one costs no question to the sampler: for services
    /// behind an entrance that decides what is recorded, and where nearly nothing is.
    pub fn sampled_only(mut self) -> Self {
        self.sampled_only = true;
        self
    }
}
