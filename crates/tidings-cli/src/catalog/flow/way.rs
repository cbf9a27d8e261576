//! Ways that messages go, and those that go the same way taken together.

use std::collections::{BTreeMap, BTreeSet};

use tidings_contract::Catalog;

use crate::catalog::service::Services;

/// Messages that go from the same senders through the same stream to the same handlers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Way {
    /// The names of its messages.
    pub(super) messages: Vec<String>,
    /// The tokens with which all of their names begin, where there are several of them.
    pub(super) prefix: Option<String>,
    pub(super) senders: BTreeSet<String>,
    pub(super) stream: Option<String>,
    pub(super) handlers: BTreeSet<String>,
}

/// The way of each message; all versions of a name are one, and go where its highest goes.
pub(super) fn ways(catalog: &Catalog, services: &Services<'_>) -> Vec<Way> {
    let mut ways: BTreeMap<&str, Way> = BTreeMap::new();
    for message in catalog.iter() {
        let way = ways.entry(&message.name).or_insert_with(|| Way {
            messages: vec![message.name.clone()],
            prefix: None,
            senders: BTreeSet::new(),
            stream: None,
            handlers: BTreeSet::new(),
        });
        way.senders.extend(services.senders(message).map(str::to_owned));
        way.handlers.extend(services.handlers(message).map(|(name, _)| name.to_owned()));
        way.stream.clone_from(&message.stream);
    }
    ways.into_values().collect()
}

/// Takes ways together until there are at most so many; `false` if nothing had to be.
pub(super) fn grouped(ways: &mut Vec<Way>, most: usize) -> bool {
    if ways.len() <= most {
        return false;
    }
    let single = std::mem::take(ways);
    // First what goes the very same way, then what only goes through the same stream.
    for (tokens, is_same) in [(3, true), (2, true), (1, true), (2, false), (1, false)] {
        *ways = together(&single, tokens, is_same);
        if ways.len() <= most {
            return true;
        }
    }
    ways.sort_by(|a, b| b.messages.len().cmp(&a.messages.len()).then(a.messages.cmp(&b.messages)));
    let rest = ways.split_off(most - 1);
    let mut streams: BTreeMap<Option<String>, Way> = BTreeMap::new();
    for way in rest {
        let stream = if streams.len() < 4 { way.stream.clone() } else { None };
        match streams.get_mut(&stream) {
            Some(other) => merge(other, way),
            None => drop(streams.insert(stream.clone(), Way { prefix: None, stream, ..way })),
        }
    }
    ways.extend(streams.into_values());
    true
}

fn together(single: &[Way], tokens: usize, is_same: bool) -> Vec<Way> {
    let mut groups: BTreeMap<_, Way> = BTreeMap::new();
    for way in single {
        let name = way.messages.first().map_or("", String::as_str);
        let mut prefix: Vec<&str> = name.split('.').take(tokens).collect();
        if prefix.len() == name.split('.').count() && prefix.len() > 1 {
            // A name is no prefix of itself.
            prefix.pop();
        }
        let prefix = prefix.join(".");
        let people = is_same.then(|| (way.senders.clone(), way.handlers.clone()));
        let key = (prefix.clone(), way.stream.clone(), people);
        if let Some(group) = groups.get_mut(&key) {
            merge(group, way.clone());
        } else {
            groups.insert(key, Way { prefix: Some(prefix), ..way.clone() });
        }
    }
    groups.into_values().collect()
}

fn merge(into: &mut Way, way: Way) {
    into.messages.extend(way.messages);
    into.senders.extend(way.senders);
    into.handlers.extend(way.handlers);
}
