//! An index of subject filters: which of them match a subject.

use std::collections::BTreeMap;

use hashbrown::HashMap;

/// Values under subject filters, found by subject.
///
/// A trie over tokens: a lookup follows the subject's tokens and, at each, the wildcards that are
/// really there. Its cost grows with the number of matches, not with the number of filters.
#[derive(Debug)]
pub(super) struct Router<T> {
    root: Node<T>,
}

#[derive(Debug)]
struct Node<T> {
    /// Filters that end here, by key.
    here: BTreeMap<u64, T>,
    /// Filters that end here with `>`, by key.
    below: BTreeMap<u64, T>,
    literal: HashMap<String, Node<T>>,
    wildcard: Option<Box<Node<T>>>,
}

impl<T> Default for Router<T> {
    fn default() -> Self {
        Self { root: Node::default() }
    }
}

impl<T> Default for Node<T> {
    fn default() -> Self {
        Self {
            here: BTreeMap::new(),
            below: BTreeMap::new(),
            literal: HashMap::new(),
            wildcard: None,
        }
    }
}

impl<T> Router<T> {
    /// Puts a value under a filter. A key stands at most once under the same filter.
    pub(super) fn insert(&mut self, filter: &str, key: u64, value: T) {
        let mut node = &mut self.root;
        for token in filter.split('.') {
            node = match token {
                // The grammar lets `>` stand only last.
                ">" => {
                    node.below.insert(key, value);
                    return;
                }
                "*" => node.wildcard.get_or_insert_with(Box::default),
                _ => node.literal.entry_ref(token).or_default(),
            };
        }
        node.here.insert(key, value);
    }

    /// Takes a value away, and every node that served only it.
    pub(super) fn remove(&mut self, filter: &str, key: u64) -> Option<T> {
        self.root.remove(Some(filter), key)
    }

    /// Calls `found` with each key and value whose filter matches the subject. A key that stands
    /// under several matching filters is found several times.
    pub(super) fn each_match<'a>(&'a self, subject: &str, mut found: impl FnMut(u64, &'a T)) {
        self.root.each_match(Some(subject), &mut found);
    }

    /// The keys whose filters match the subject, each once, in ascending order.
    pub(super) fn keys(&self, subject: &str) -> Vec<u64> {
        let mut keys = Vec::new();
        self.each_match(subject, |key, _| keys.push(key));
        keys.sort_unstable();
        keys.dedup();
        keys
    }
}

impl<T> Node<T> {
    fn is_empty(&self) -> bool {
        self.here.is_empty()
            && self.below.is_empty()
            && self.literal.is_empty()
            && self.wildcard.is_none()
    }

    fn remove(&mut self, rest: Option<&str>, key: u64) -> Option<T> {
        let Some(rest) = rest else {
            return self.here.remove(&key);
        };
        let (token, rest) = split(rest);
        match token {
            ">" => self.below.remove(&key),
            "*" => {
                let node = self.wildcard.as_mut()?;
                let removed = node.remove(rest, key);
                if node.is_empty() {
                    self.wildcard = None;
                }
                removed
            }
            _ => {
                let node = self.literal.get_mut(token)?;
                let removed = node.remove(rest, key);
                if node.is_empty() {
                    self.literal.remove(token);
                }
                removed
            }
        }
    }

    fn each_match<'a>(&'a self, rest: Option<&str>, found: &mut impl FnMut(u64, &'a T)) {
        #[cfg(test)]
        tests::VISITED.set(tests::VISITED.get() + 1);
        let Some(rest) = rest else {
            return self.here.iter().for_each(|(key, value)| found(*key, value));
        };
        self.below.iter().for_each(|(key, value)| found(*key, value));
        let (token, rest) = split(rest);
        if let Some(node) = self.literal.get(token) {
            node.each_match(rest, found);
        }
        if let Some(node) = &self.wildcard {
            node.each_match(rest, found);
        }
    }
}

/// The first token, and what follows its dot.
fn split(text: &str) -> (&str, Option<&str>) {
    match text.split_once('.') {
        Some((token, rest)) => (token, Some(rest)),
        None => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tidings_subject::matches;

    use super::*;
    use crate::transport::memory::random::Random;

    thread_local! {
        /// Number of nodes that this thread's lookups have visited.
        pub(super) static VISITED: Cell<u64> = const { Cell::new(0) };
    }

    fn text(random: &mut Random, filter: bool) -> String {
        let len = 1 + random.below(5);
        let mut tokens: Vec<&str> = Vec::new();
        for i in 0..len {
            tokens.push(match random.below(if filter { 5 } else { 3 }) {
                0 => "a",
                1 => "b",
                2 => "c",
                3 => "*",
                _ if i + 1 == len => ">",
                _ => "*",
            });
        }
        tokens.join(".")
    }

    #[test]
    fn finds_what_brute_force_finds() {
        let mut random = Random::seeded(7);
        let mut router = Router::default();
        let mut filters: Vec<Option<String>> = Vec::new();
        for key in 0..400_u64 {
            let filter = text(&mut random, true);
            router.insert(&filter, key, ());
            filters.push(Some(filter));
        }
        for round in 0..4 {
            for _ in 0..500 {
                let subject = text(&mut random, false);
                let expected: Vec<u64> = (0..)
                    .zip(&filters)
                    .filter(|(_, f)| f.as_deref().is_some_and(|f| matches(f, &subject)))
                    .map(|(key, _)| key)
                    .collect();
                assert_eq!(router.keys(&subject), expected, "{subject}");
            }
            // Take a quarter away and look again.
            for (key, filter) in (0..).zip(&mut filters).filter(|(key, _)| key % 4 == round) {
                let filter = filter.take().unwrap();
                assert_eq!(router.remove(&filter, key), Some(()));
                assert_eq!(router.remove(&filter, key), None);
            }
        }
        assert!(router.root.is_empty(), "removing leaves nothing behind");
    }

    #[test]
    fn a_lookup_does_not_pay_for_the_number_of_filters() {
        let visited = |filters: u64| {
            let mut router = Router::default();
            for key in 0..filters {
                router.insert(&format!("orders.r{key}.*.created"), key, ());
            }
            router.insert("orders.*.x.created", filters, ());
            router.insert("orders.>", filters + 1, ());
            let before = VISITED.get();
            for i in 0..1000 {
                let subject = format!("orders.r{}.x.created", i % filters);
                assert_eq!(router.keys(&subject).len(), 3);
            }
            VISITED.get() - before
        };
        // The root, `orders`, and three nodes each below the region and below the wildcard.
        assert_eq!([visited(100), visited(100_000)], [8000, 8000]);
    }

    #[test]
    fn wildcards_as_tokens_of_a_subject_are_no_wildcards() {
        let mut router = Router::default();
        router.insert("a.b", 1, ());
        router.insert("a.*", 2, ());
        assert_eq!(router.keys("a.*"), [2]);
        assert_eq!(router.keys("b"), [0; 0]);
    }
}
