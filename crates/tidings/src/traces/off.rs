//! Stand-ins for spans where the feature `opentelemetry` is off: names that take no room and do nothing.
#![expect(clippy::unused_self, reason = "each is what it is where the feature is on, and nothing")]

use std::borrow::Cow;
use std::fmt::Display;

use super::description::{Ended, Sent};
use crate::header::Headers;
use crate::message::Declaration;
use crate::transport::{Incoming, Outgoing, Settlement, Transport};

/// Tracer of a bus: none.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tracing(());

impl Tracing {
    #[inline]
    pub(crate) const fn is_on(&self) -> bool {
        false
    }

    #[inline]
    pub(crate) fn send(&self, _: Sent<'_>, _: &Parent, _: &Outgoing) -> SendSpan {
        SendSpan(())
    }

    #[inline]
    pub(crate) fn send_many(&self, _: Sent<'_>, _: &Parent) -> SendSpan {
        SendSpan(())
    }

    #[inline]
    pub(crate) fn create(&self, _: &SendSpan, _: Sent<'_>, _: &Parent, _: &mut Outgoing) {}
}

/// Parent of a span: none.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parent(());

impl Parent {
    #[inline]
    pub(crate) fn of_message(_: &Headers) -> Self {
        Self(())
    }
}

/// Span of something that is sent: none.
#[derive(Debug)]
pub(crate) struct SendSpan(());

impl SendSpan {
    #[inline]
    pub(crate) fn inject(&self, _: &mut Headers) {}

    #[inline]
    pub(crate) fn replace(&self, _: &mut Headers) {}

    #[inline]
    pub(crate) fn link(&self, _: &Headers) {}

    #[inline]
    pub(crate) fn sent_all(&self, _: usize) {}

    #[inline]
    pub(crate) fn end<T, E: Display>(self, _: &Result<T, E>, _: impl Fn(&E) -> Cow<'static, str>) {}
}

/// Spans of one route's handler: none.
#[derive(Debug)]
pub(crate) struct RouteSpans(());

impl RouteSpans {
    #[inline]
    pub(crate) fn new(
        _: &Tracing,
        _: &'static [&'static Declaration],
        _: &str,
        _: Option<String>,
    ) -> Self {
        Self(())
    }

    #[inline]
    pub(crate) fn of_watch(_: &Tracing, _: &'static str, _: &str) -> Self {
        Self(())
    }

    #[inline]
    pub(crate) fn begin_batch<'a>(
        &self,
        _: impl Iterator<Item = (&'a Incoming, &'a HandlerSpan)>,
        _: &Transport,
    ) -> BatchSpan {
        BatchSpan(())
    }

    #[inline]
    pub(crate) fn settle(
        &self,
        _: &HandlerSpan,
        _: &Settlement,
        _: &Incoming,
        _: &Transport,
    ) -> SettleSpan {
        SettleSpan(())
    }
}

/// Span of a settlement: none.
#[derive(Debug)]
#[must_use = "say what came of it"]
pub(crate) struct SettleSpan(());

impl SettleSpan {
    #[inline]
    pub(crate) fn end<E>(self, _: &Result<(), E>) {}
}

/// Maker of the span of the settlement of a message that was taken by hand: it makes none.
#[derive(Debug, Default)]
pub(crate) struct SettlingByHand(());

impl SettlingByHand {
    #[inline]
    pub(crate) fn begin(self, _: &Settlement) -> SettleSpan {
        SettleSpan(())
    }
}

/// Span of a handler at work on a message: none.
#[derive(Debug, Default)]
pub(crate) struct HandlerSpan(());

impl HandlerSpan {
    #[inline]
    pub(crate) fn begin(&self, _: &RouteSpans, _: &Incoming, _: &Transport) {}

    #[inline]
    pub(crate) fn within<T>(&self, work: impl FnOnce() -> T) -> T {
        work()
    }

    #[inline]
    pub(crate) fn end(&self, _: Ended<'_>) {}

    #[inline]
    pub(crate) const fn is_on(&self) -> bool {
        false
    }

    #[inline]
    pub(crate) fn parent(&self) -> Parent {
        Parent(())
    }

    #[inline]
    pub(crate) fn inject(&self, _: &mut Headers) {}

    #[inline]
    pub(crate) fn clear(&mut self) {}
}

/// Span of a handler at work on a batch: none.
#[derive(Debug)]
pub(crate) struct BatchSpan(());

impl BatchSpan {
    #[inline]
    pub(crate) fn within<T>(&self, work: impl FnOnce() -> T) -> T {
        work()
    }

    #[inline]
    pub(crate) fn end(&self, _: Ended<'_>) {}

    #[inline]
    pub(crate) const fn is_on(&self) -> bool {
        false
    }
}

/// Spans of what is taken by hand: none.
pub(crate) struct ReceiveSpans(());

impl ReceiveSpans {
    #[inline]
    pub(crate) fn new(
        _: &Tracing,
        _: &'static [&'static Declaration],
        _: Option<&str>,
        _: &Transport,
    ) -> Self {
        Self(())
    }

    #[inline]
    pub(crate) fn wait(&mut self) {}

    #[inline]
    pub(crate) fn came(&mut self, _: &Incoming) -> SettlingByHand {
        SettlingByHand(())
    }
}
