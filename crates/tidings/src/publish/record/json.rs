//! A record in the form of serde: payloads are base64, headers pairs in their order.

use data_encoding::BASE64;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::data::Record;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form<S, H> {
    subject: S,
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    stream: Option<S>,
    headers: H,
    payload: String,
}

fn none<S>() -> Option<S> {
    None
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Form {
            subject: self.subject(),
            stream: self.stream(),
            headers: self.headers(),
            payload: BASE64.encode(self.payload()),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let form = Form::<String, _>::deserialize(deserializer)?;
        let Form { subject, stream, headers, payload } = form;
        let payload = BASE64.decode(payload.as_bytes()).map_err(D::Error::custom)?;
        let record = Self::new(subject, headers, payload).map_err(D::Error::custom)?;
        match stream {
            None => Ok(record),
            Some(stream) => record.in_stream(stream).map_err(D::Error::custom),
        }
    }
}
