//! Keywords of one schema, of which most ask for one after the other.

use serde_json::{Map, Value};

/// Keywords of a schema: few, so that looking through them is quicker than finding each by its order.
pub(crate) struct Keywords<'a> {
    all: Vec<(&'a str, &'a Value)>,
    /// A bit for each length that one of them has: most that are asked for are not there.
    lengths: u64,
}

impl<'a> Keywords<'a> {
    pub(crate) fn of(schema: &'a Map<String, Value>) -> Self {
        let all: Vec<_> = schema.iter().map(|(keyword, value)| (keyword.as_str(), value)).collect();
        let lengths = all.iter().fold(0, |lengths, (keyword, _)| lengths | bit(keyword));
        Self { all, lengths }
    }

    pub(crate) fn get(&self, keyword: &str) -> Option<&'a Value> {
        if self.lengths & bit(keyword) == 0 {
            return None;
        }
        self.all.iter().find(|(one, _)| *one == keyword).map(|(_, value)| *value)
    }
}

fn bit(keyword: &str) -> u64 {
    1 << (keyword.len() % 64)
}
