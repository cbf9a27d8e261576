//! Options for publishing messages as CloudEvents.

use std::sync::Arc;
use std::time::SystemTime;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::attributes::{SPEC_VERSION, is_core};
use super::error::CloudEventsError;
use super::mode::CloudEventMode;
use super::{binary, media_type, structured, uri};
use crate::header;
use crate::message::Declaration;
use crate::timestamp;
use crate::transport::Outgoing;

/// Characters that a message's tag may have and a URI's segment not.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_').remove(b'~');
/// Headers of a trace, which are extension attributes of the same name.
const TRACE: [&str; 2] = [header::TRACE_PARENT, header::TRACE_STATE];

/// Options for publishing messages as CloudEvents 1.0; a cheap clone.
///
/// Those of a bus are published so with [`BusBuilder::cloud_events`](crate::BusBuilder::cloud_events) or
/// [`Bus::with_cloud_events`](crate::Bus::with_cloud_events), and one of them with
/// [`Draft::cloud_event`](crate::Draft::cloud_event). Structured mode is the default. Whoever receives
/// needs no option: a CloudEvent is read in either mode.
///
/// ```
/// use tidings::CloudEvents;
/// use tidings::prelude::*;
///
/// #[derive(Serialize, Deserialize, JsonSchema, Event)]
/// #[event(subject = "users.created")]
/// struct UserCreated {
///     #[event(id)]
///     name: String,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let shop = CloudEvents::new("/shop")?.extension("tenant", "acme")?;
/// let bus = Bus::builder().cloud_events(shop).in_memory();
/// let mut created = bus.subscribe::<UserCreated>().await?;
/// bus.publish(&UserCreated { name: "Ada".to_owned() }).await?;
///
/// let delivery = created.next().await.ok_or("it came")??;
/// assert_eq!(delivery.name, "Ada");
/// let event = delivery.cloud_event().ok_or("it is one")?;
/// assert_eq!((event.source(), event.event_type()), ("/shop", "users.created.v1"));
/// assert_eq!((event.subject(), event.attribute("tenant")), (Some("Ada"), Some("acme")));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloudEvents(Arc<Options>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Options {
    source: String,
    mode: CloudEventMode,
    schemas: Option<String>,
    subject: Option<String>,
    time: Option<SystemTime>,
    extensions: Vec<(String, String)>,
}

impl CloudEvents {
    /// CloudEvents of this source, in structured mode.
    ///
    /// # Errors
    /// [`CloudEventsError::Source`] if it is no URI-reference.
    pub fn new(source: impl Into<String>) -> Result<Self, CloudEventsError> {
        let source = source.into();
        if !uri::is_reference(&source) {
            return Err(CloudEventsError::Source { text: source });
        }
        Ok(Self(Arc::new(Options {
            source,
            mode: CloudEventMode::Structured,
            schemas: None,
            subject: None,
            time: None,
            extensions: Vec::new(),
        })))
    }

    fn options(&mut self) -> &mut Options {
        Arc::make_mut(&mut self.0)
    }

    /// Publishes in binary mode.
    #[must_use]
    pub fn binary(mut self) -> Self {
        self.options().mode = CloudEventMode::Binary;
        self
    }

    /// Publishes in structured mode, which is the default.
    #[must_use]
    pub fn structured(mut self) -> Self {
        self.options().mode = CloudEventMode::Structured;
        self
    }

    /// Adds a `dataschema`: this URI with the message's name and version behind it, such as
    /// `https://shop.example/schemas/orders.created.v1`.
    ///
    /// # Errors
    /// [`CloudEventsError::DataSchema`] if it is no absolute URI.
    pub fn data_schema_base(mut self, base: impl Into<String>) -> Result<Self, CloudEventsError> {
        let base = base.into();
        if !uri::is_absolute(&base) {
            return Err(CloudEventsError::DataSchema { base });
        }
        self.options().schemas = Some(base);
        Ok(self)
    }

    /// Sets the subject, instead of the values of the event's id fields with `/` between them.
    ///
    /// # Errors
    /// [`CloudEventsError::Value`] if it is empty or holds a control character.
    pub fn subject(mut self, subject: impl Into<String>) -> Result<Self, CloudEventsError> {
        let subject = subject.into();
        if !is_text(&subject) {
            return Err(CloudEventsError::Value { name: "subject".to_owned() });
        }
        self.options().subject = Some(subject);
        Ok(self)
    }

    /// Sets when the event happened, instead of when it is published.
    #[must_use]
    pub fn time(mut self, time: SystemTime) -> Self {
        self.options().time = Some(time);
        self
    }

    /// Adds an extension attribute, or replaces the one of this name.
    ///
    /// # Errors
    /// [`CloudEventsError::ExtensionName`] and [`CloudEventsError::Value`].
    pub fn extension(
        mut self,
        name: impl Into<String>,
        value: impl Into<String>,
    ) -> Result<Self, CloudEventsError> {
        let (name, value) = (name.into(), value.into());
        let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let is_taken = is_core(&name) || name == "data" || TRACE.contains(&name.as_str());
        if name.is_empty() || is_taken || !name.bytes().all(is_name) {
            return Err(CloudEventsError::ExtensionName { name });
        }
        if !is_text(&value) {
            return Err(CloudEventsError::Value { name });
        }
        let extensions = &mut self.options().extensions;
        extensions.retain(|(known, _)| *known != name);
        extensions.push((name, value));
        Ok(self)
    }

    /// Makes a message a CloudEvent: `id` is its id, `own_id` the one that its id fields say.
    #[cold]
    pub(crate) fn wrap(
        &self,
        outgoing: &mut Outgoing,
        declaration: &Declaration,
        id: &str,
        own_id: Option<&str>,
        now: SystemTime,
    ) {
        let options = &*self.0;
        let mut attributes = vec![
            ("specversion", SPEC_VERSION.to_owned()),
            ("id", id.to_owned()),
            ("source", options.source.clone()),
            ("type", declaration.tag.to_owned()),
        ];
        let subject = || own_id.and_then(|id| subject_of(id, declaration.name));
        if let Some(subject) = options.subject.clone().or_else(subject) {
            attributes.push(("subject", subject));
        }
        if let Some(time) = timestamp::write(options.time.unwrap_or(now)) {
            attributes.push(("time", time));
        }
        attributes.push(("datacontenttype", media_type::JSON.to_owned()));
        if let Some(base) = &options.schemas {
            let tag = utf8_percent_encode(declaration.tag, SEGMENT);
            attributes.push(("dataschema", format!("{base}{tag}")));
        }
        for name in TRACE {
            if let Some(value) = outgoing.headers.get(name) {
                attributes.push((name, value.to_owned()));
            }
        }
        for (name, value) in &options.extensions {
            attributes.push((name, value.clone()));
        }
        match options.mode {
            CloudEventMode::Structured => structured::write(outgoing, &attributes),
            CloudEventMode::Binary => binary::write(outgoing, &attributes),
        }
    }
}

/// The values of an event's id fields, of an id that its name begins.
fn subject_of(id: &str, name: &str) -> Option<String> {
    let parts = id.strip_prefix(name)?.strip_prefix('/')?;
    let decoded = percent_decode_str(parts).decode_utf8().ok();
    let subject = decoded.filter(|subject| is_text(subject)).unwrap_or_else(|| parts.into());
    is_text(&subject).then(|| subject.into_owned())
}

/// Returns `true` if an attribute can have this value.
fn is_text(text: &str) -> bool {
    let is_noncharacter = |c: char| {
        let code = u32::from(c);
        code & 0xFFFE == 0xFFFE || (0xFDD0..=0xFDEF).contains(&code)
    };
    !text.is_empty() && !text.contains(|c: char| c.is_control() || is_noncharacter(c))
}
