//! Headers to and from async-nats's map.

use std::str::FromStr as _;

use async_nats::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize as _;
use serde::de::IntoDeserializer as _;
use serde::de::value::{Error, StrDeserializer};

use crate::header::{self, Headers};
use crate::text::Text;
use crate::transport::Fault;
use crate::transport::nats::codec::ascii::all_from;

/// The usual one, which need not be looked for among those that the client knows.
const MESSAGE_ID: HeaderName = HeaderName::from_static(header::MESSAGE_ID);

/// `None` for no headers: a message without them is sent and parsed several times faster.
pub(crate) fn to_nats(headers: &Headers) -> Result<Option<HeaderMap>, Fault> {
    if headers.is_empty() {
        return Ok(None);
    }
    let mut map = HeaderMap::new();
    for (name, value) in headers.pairs() {
        let name = match name {
            Text::Static(header::MESSAGE_ID) => MESSAGE_ID,
            Text::Static(name) => HeaderName::from_static(name),
            Text::Shared(name) => HeaderName::from_str(name).map_err(Fault::client)?,
        };
        let value = value_of(value.as_str())?;
        if headers.len() == 1 {
            // The usual header: no value has to be looked for.
            map.insert(name, value);
        } else {
            map.append(name, value);
        }
    }
    Ok(Some(map))
}

/// A value that is one line, as the client takes it.
fn value_of(value: &str) -> Result<HeaderValue, Fault> {
    if !all_from(b' ', value) {
        // It goes from char to char, and says what is wrong.
        return HeaderValue::from_str(value).map_err(Fault::client);
    }
    let value: StrDeserializer<'_, Error> = value.into_deserializer();
    HeaderValue::deserialize(value).map_err(Fault::client)
}

/// Returns `true` if there is a header of this name, looked for as [`NatsHeaders::get`] does.
pub(crate) fn has(headers: &HeaderMap, name: &str) -> bool {
    headers.iter().any(|(known, _)| {
        let known: &str = known.as_ref();
        known.eq_ignore_ascii_case(name)
    })
}

/// Headers that arrived, as they are.
#[derive(Clone)]
pub(crate) struct NatsHeaders(HeaderMap);

impl NatsHeaders {
    pub(crate) fn new(map: HeaderMap) -> Self {
        Self(map)
    }

    /// The first value of this name. There are few headers: to look at each costs less than the
    /// map's hash.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let is = |(known, _): &(&HeaderName, _)| {
            let known: &str = (*known).as_ref();
            known.eq_ignore_ascii_case(name)
        };
        self.0.iter().find(is)?.1.first().map(HeaderValue::as_str)
    }

    /// Returns `true` if there is a header whose name fulfils the condition.
    #[inline]
    pub(crate) fn has(&self, is: impl Fn(&str) -> bool) -> bool {
        self.0.iter().any(|(name, _)| is(name.as_ref()))
    }

    pub(crate) fn read(&self) -> Headers {
        let mut headers = Headers::new();
        for (name, values) in self.0.iter() {
            for value in values {
                headers.push(name.to_string(), value.as_str().to_owned());
            }
        }
        headers
    }
}
