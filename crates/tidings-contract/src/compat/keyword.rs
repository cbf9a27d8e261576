//! Keywords of one schema, of which most ask for one after the other.

use serde_json::{Map, Value};

/// Keywords of a schema: few, so that looking through them is quicker than finding each by its order.
pub(crate) struct Keywords<'a> {
    all: Vec<(&'a str, &'a Value)>,
}

impl<'a> Keywords<'a> {
    pub(crate) fn of(schema: &'a Map<String, Value>) -> Self {
        Self { all: schema.iter().map(|(keyword, value)| (keyword.as_str(), value)).collect() }
    }

    pub(crate) fn get(&self, keyword: &str) -> Option<&'a Value> {
        self.all.iter().find(|(one, _)| *one == keyword).map(|(_, value)| *value)
    }
}
