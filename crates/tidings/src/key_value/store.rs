//! A bucket without types: its names, and the way to it.

use std::sync::Arc;
use std::time::Duration;

use tidings_subject::check_bucket_name;

use crate::bucket::{KeyError, prefix_of, stream_of};
use crate::link::Link;
use crate::stream::StreamConfig;
use crate::subject::Subject;

/// A bucket on a link, or an object store, whose descriptions stand by key as well. A cheap clone.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    pub(crate) link: Link,
    names: Arc<Names>,
}

#[derive(Debug)]
struct Names {
    bucket: String,
    stream: String,
    /// Prefix of the subject of each key.
    prefix: String,
    refused: Option<KeyError>,
    /// Configuration that the type of its values declares.
    declared: Option<fn() -> StreamConfig>,
}

impl Store {
    pub(super) fn new(link: Link, bucket: &str) -> Self {
        Self::of(link, bucket, stream_of(bucket), prefix_of(bucket))
    }

    /// A bucket in this stream, the subjects of whose keys begin like this.
    pub(crate) fn of(link: Link, bucket: &str, stream: String, prefix: String) -> Self {
        let refused = check_bucket_name(bucket)
            .err()
            .map(|problem| KeyError::Bucket { name: bucket.chars().take(64).collect(), problem });
        let names = Names { bucket: bucket.to_owned(), stream, prefix, refused, declared: None };
        Self { link, names: Arc::new(names) }
    }

    /// The bucket as a type declares it.
    pub(super) fn declared_as(mut self, config: fn() -> StreamConfig) -> Self {
        if let Some(names) = Arc::get_mut(&mut self.names) {
            names.declared = Some(config);
        }
        self
    }

    /// Shortest time to live of a value, where it is known to have one.
    pub(super) fn shortest_ttl(&self) -> Option<Duration> {
        self.names.declared?().shortest_ttl()
    }

    pub(crate) fn bucket(&self) -> &str {
        &self.names.bucket
    }

    pub(crate) fn stream(&self) -> &str {
        &self.names.stream
    }

    /// The subject of a key, or of a filter of keys.
    pub(crate) fn subject(&self, key: Result<String, KeyError>) -> Result<Subject, KeyError> {
        match &self.names.refused {
            None => Ok(Subject::from([&self.names.prefix, &*key?].concat())),
            Some(error) => Err(error.clone()),
        }
    }

    /// The filter of all keys.
    pub(crate) fn all(&self) -> Subject {
        Subject::from([&self.names.prefix, ">"].concat())
    }

    /// The key that has this subject.
    pub(crate) fn key_of<'a>(&self, subject: &'a Subject) -> &'a str {
        let subject = subject.as_str();
        subject.strip_prefix(&*self.names.prefix).unwrap_or(subject)
    }
}
