//! What the derive knows of a message when it is compiled.

use crate::stream::{EventStream, StreamDeclaration};

/// Whether a message tells or asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageKind {
    /// Something that happened.
    Event,
    /// Something that is asked.
    Request,
}

/// One message's declaration: all that is known of it when compiled.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Declaration {
    /// Whether it tells or asks.
    pub kind: MessageKind,
    /// The wire name, such as `orders.created`.
    pub name: &'static str,
    /// The version of its contract, from 1.
    pub version: u32,
    /// The subject template, such as `orders.{region}.created`.
    pub template: &'static str,
    /// The filter that matches every subject of the template, such as `orders.*.created`.
    pub filter: &'static str,
    /// The stream that keeps it.
    pub stream: Option<StreamDeclaration>,
    /// Whether it carries `Tidings-Message`, because its subject does not tell it from others.
    pub tagged: bool,
    /// `<name>.v<N>`: what `Tidings-Message` says.
    pub tag: &'static str,
}

impl Declaration {
    /// A message of this kind, name, version, subject template and filter; `tag` is
    /// `<name>.v<version>`.
    pub const fn new(
        kind: MessageKind,
        name: &'static str,
        version: u32,
        tag: &'static str,
        template: &'static str,
        filter: &'static str,
    ) -> Self {
        Self { kind, name, version, template, filter, stream: None, tagged: false, tag }
    }

    /// The same, kept by the stream `S`.
    #[must_use]
    pub const fn in_stream<S: EventStream + ?Sized>(mut self) -> Self {
        self.stream = Some(StreamDeclaration::of::<S>());
        self
    }

    /// The same, always carrying `Tidings-Message`.
    #[must_use]
    pub const fn tagged(mut self) -> Self {
        self.tagged = true;
        self
    }
}
