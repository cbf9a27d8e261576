//! An object's description, and what stands of it in the store (ADR-20).

use std::collections::BTreeMap;
use std::time::SystemTime;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::meta::ObjectMeta;
use crate::header::Headers;
use crate::timestamp;

/// An object's description.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectInfo {
    /// The store that holds the object.
    pub store: String,
    /// Name and description that were given as the object was stored.
    pub meta: ObjectMeta,
    /// Identity of this version of it: each put gives a new one.
    pub nuid: String,
    /// Size in bytes.
    pub size: u64,
    /// Number of chunks.
    pub chunks: u64,
    /// Digest of what it holds, as it is stored: `SHA-256=` and base64; `None` for a link.
    pub digest: Option<String>,
    /// The object or store that it refers to, if it is a link.
    pub link: Option<ObjectLink>,
    /// Revision of the description, by which a put can name it. Revisions of a store only grow.
    pub revision: u64,
    /// Time at which the description was stored, by the server's clock; of what a put or a change gives back, by
    /// this program's.
    pub modified: SystemTime,
    /// `true` if the object was deleted: only what watches is told of such.
    pub is_deleted: bool,
}

impl ObjectInfo {
    /// Name of the object.
    pub fn name(&self) -> &str {
        &self.meta.name
    }
}

/// An object or a store that a link refers to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ObjectLink {
    /// The store.
    #[serde(rename = "bucket")]
    pub store: String,
    /// The object's name; `None` if the store as such is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// The stored form of a description, which every client has.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Wire {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    headers: Option<serde_json::Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    metadata: Option<BTreeMap<String, String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    options: Option<WireOptions>,
    #[serde(default)]
    bucket: String,
    #[serde(default)]
    nuid: String,
    #[serde(default)]
    size: u64,
    #[serde(default)]
    chunks: u64,
    /// Others read it; whose clock it is by is not known, and so it is not read here.
    #[serde(default, skip_serializing_if = "Option::is_none", skip_deserializing)]
    mtime: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    deleted: bool,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct WireOptions {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    link: Option<ObjectLink>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_chunk_size: Option<u32>,
}

/// Writes a description. Its revision and time are the message's own.
pub(super) fn write(info: &ObjectInfo) -> Result<Bytes, serde_json::Error> {
    let ObjectMeta { name, description, metadata, headers, chunk_size } = &info.meta;
    let (link, max_chunk_size) = (info.link.clone(), *chunk_size);
    let options = WireOptions { link, max_chunk_size };
    let is_said = options.link.is_some() || options.max_chunk_size.is_some();
    let wire = Wire {
        name: name.clone(),
        description: description.clone(),
        headers: write_headers(headers),
        metadata: (!metadata.is_empty()).then(|| metadata.clone()),
        options: is_said.then_some(options),
        bucket: info.store.clone(),
        nuid: info.nuid.clone(),
        size: info.size,
        chunks: info.chunks,
        mtime: timestamp::write(info.modified),
        digest: info.digest.clone(),
        deleted: info.is_deleted,
    };
    serde_json::to_vec(&wire).map(Bytes::from)
}

/// Reads a description that was stored with this revision at that time.
pub(super) fn read(
    payload: &[u8],
    store: &str,
    revision: u64,
    modified: SystemTime,
) -> Result<ObjectInfo, serde_json::Error> {
    let wire: Wire = serde_json::from_slice(payload)?;
    let options = wire.options.unwrap_or_default();
    let meta = ObjectMeta {
        name: wire.name,
        description: wire.description.filter(|text| !text.is_empty()),
        metadata: wire.metadata.unwrap_or_default(),
        headers: wire.headers.as_ref().map(read_headers).unwrap_or_default(),
        chunk_size: options.max_chunk_size,
    };
    Ok(ObjectInfo {
        // What a link of the JavaScript client says there is the store that it refers to.
        store: store.to_owned(),
        meta,
        nuid: wire.nuid,
        size: wire.size,
        chunks: wire.chunks,
        digest: wire.digest.filter(|text| !text.is_empty()),
        link: options.link.map(|mut link| {
            link.name = link.name.filter(|name| !name.is_empty());
            link
        }),
        revision,
        modified,
        is_deleted: wire.deleted,
    })
}

fn write_headers(headers: &Headers) -> Option<serde_json::Value> {
    let mut lists = BTreeMap::<&str, Vec<&str>>::new();
    for (name, value) in headers.iter() {
        lists.entry(name).or_default().push(value);
    }
    if lists.is_empty() { None } else { serde_json::to_value(lists).ok() }
}

/// Reads lists of values by name; what is in another form, or can't be a header, is left out.
fn read_headers(value: &serde_json::Value) -> Headers {
    let mut headers = Headers::new();
    for (name, values) in value.as_object().into_iter().flatten() {
        for value in values.as_array().into_iter().flatten().filter_map(|value| value.as_str()) {
            let _ = headers.append(name, value);
        }
    }
    headers
}
