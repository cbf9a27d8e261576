//! The streams there are, by key, by name and by subject.

use hashbrown::HashMap;

use super::api;
use super::effects::Effects;
use super::router::Router;
use super::stream::Stream;
use crate::transport::ApiError;

#[derive(Debug, Default)]
pub(super) struct Streams {
    by_key: HashMap<u64, Stream>,
    names: HashMap<String, u64>,
    router: Router<()>,
}

impl Streams {
    pub(super) fn get_mut(&mut self, key: u64) -> Option<&mut Stream> {
        self.by_key.get_mut(&key)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Stream> {
        self.by_key.values()
    }

    /// The stream of this name.
    pub(super) fn named(&mut self, name: &str) -> Option<&mut Stream> {
        self.by_key.get_mut(self.names.get(name)?)
    }

    /// Finds a stream that must be there.
    pub(super) fn expect(&mut self, name: &str) -> Result<&mut Stream, ApiError> {
        self.named(name).ok_or_else(api::stream_not_found)
    }

    /// The stream that keeps this subject. There is only one: subjects do not overlap.
    pub(super) fn of_subject(&mut self, subject: &str) -> Option<&mut Stream> {
        if self.by_key.is_empty() {
            return None;
        }
        let mut found = None;
        self.router.each_match(subject, |key, ()| found = Some(key));
        self.by_key.get_mut(&found?)
    }

    /// Has every waiting pull look again.
    pub(super) fn wake_pulls(&mut self, effects: &mut Effects) {
        let consumers = self.by_key.values_mut().flat_map(|stream| stream.consumers.values_mut());
        consumers.for_each(|consumer| consumer.wake_pulls(effects));
    }

    pub(super) fn insert(&mut self, stream: Stream) {
        for subject in &stream.config.subjects {
            self.router.insert(subject, stream.key, ());
        }
        self.names.insert(stream.config.name.clone(), stream.key);
        self.by_key.insert(stream.key, stream);
    }

    pub(super) fn remove(&mut self, name: &str) -> Option<Stream> {
        let stream = self.by_key.remove(&self.names.remove(name)?)?;
        for subject in &stream.config.subjects {
            self.router.remove(subject, stream.key);
        }
        Some(stream)
    }
}
