//! Subscriptions: plain ones, and queue groups of which one member gets each message.

use std::collections::BTreeSet;
use std::sync::Arc;

use hashbrown::HashMap;

use super::effects::Effects;
use super::mailbox::Mailbox;
use super::random::Random;
use super::refusal::check_subject;
use super::router::Router;
use super::subscriber_cache::{SubscriberCache, Subscribers};
use crate::subject::Subject;
use crate::transport::{Fault, Outgoing};

/// Use of a message once it was handed out: whether it is still needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keeps {
    Yes,
    No,
}

/// Everybody who listens.
#[derive(Debug)]
pub(super) struct Subscriptions {
    router: Router<Listener>,
    entries: HashMap<u64, Member>,
    groups: HashMap<u64, Group>,
    group_keys: HashMap<(String, String), u64>,
    /// Subscribers of the subjects that were published to.
    cache: SubscriberCache,
    next_key: u64,
    random: Random,
}

#[derive(Debug)]
struct Member {
    connection: u64,
    filter: String,
    group: Option<u64>,
    mailbox: Arc<Mailbox>,
}

/// Listener under a filter. A group stands there once, however many members it has.
#[derive(Debug)]
enum Listener {
    One(Arc<Mailbox>),
    Group(u64),
}

#[derive(Debug)]
struct Group {
    filter: String,
    name: String,
    members: BTreeSet<u64>,
}

impl Subscriptions {
    pub(super) fn new() -> Self {
        Self {
            router: Router::default(),
            entries: HashMap::new(),
            groups: HashMap::new(),
            group_keys: HashMap::new(),
            cache: SubscriberCache::default(),
            next_key: 1,
            random: Random::new(),
        }
    }

    fn key(&mut self) -> u64 {
        self.next_key += 1;
        self.next_key
    }

    /// Registers interest; gives the key that ends it.
    pub(super) fn add(
        &mut self,
        connection: u64,
        filter: &str,
        group: Option<&str>,
        mailbox: Arc<Mailbox>,
    ) -> u64 {
        self.cache.forget(filter);
        let key = self.key();
        let group = group.map(|name| self.join(filter, name, key));
        if group.is_none() {
            self.router.insert(filter, key, Listener::One(Arc::clone(&mailbox)));
        }
        self.entries.insert(key, Member { connection, filter: filter.to_owned(), group, mailbox });
        key
    }

    fn join(&mut self, filter: &str, name: &str, member: u64) -> u64 {
        let names = (filter.to_owned(), name.to_owned());
        let key = if let Some(key) = self.group_keys.get(&names) {
            *key
        } else {
            let key = self.key();
            self.router.insert(filter, key, Listener::Group(key));
            self.group_keys.insert(names, key);
            key
        };
        let new =
            || Group { filter: filter.to_owned(), name: name.to_owned(), members: BTreeSet::new() };
        self.groups.entry(key).or_insert_with(new).members.insert(member);
        key
    }

    /// Ends interest; a key that is unknown was ended before.
    pub(super) fn remove(&mut self, key: u64) {
        let Some(entry) = self.entries.remove(&key) else {
            return;
        };
        self.cache.forget(&entry.filter);
        let Some(group_key) = entry.group else {
            self.router.remove(&entry.filter, key);
            return;
        };
        if let Some(group) = self.groups.get_mut(&group_key) {
            group.members.remove(&key);
            if group.members.is_empty() {
                self.router.remove(&group.filter, group_key);
                if let Some(group) = self.groups.remove(&group_key) {
                    self.group_keys.remove(&(group.filter, group.name));
                }
            }
        }
    }

    /// Ends the interest of a connection: its inboxes yield what they hold and end.
    pub(super) fn close(&mut self, connection: u64, effects: &mut Effects) {
        let closed =
            |(key, entry): (&u64, &Member)| (entry.connection == connection).then_some(*key);
        for key in self.entries.iter().filter_map(closed).collect::<Vec<_>>() {
            if let Some(entry) = self.entries.get(&key) {
                entry.mailbox.close(effects);
            }
            self.remove(key);
        }
    }

    /// Hands a message to everybody who listens to its subject; gives how many. Where nobody keeps
    /// it, the last of them gets the message itself.
    pub(super) fn deliver(
        &mut self,
        message: &mut Outgoing,
        reply: Option<&Subject>,
        keeps: Keeps,
        effects: &mut Effects,
    ) -> Result<usize, Fault> {
        let Self { router, entries, groups, cache, random, .. } = self;
        let subscribers = cache.of(message.subject.as_str(), |subject| {
            // What is known was looked at before.
            check_subject(&message.subject)?;
            let mut subscribers = Subscribers::default();
            router.each_match(subject, |_, listener| match listener {
                Listener::One(mailbox) => subscribers.add(mailbox),
                Listener::Group(key) => {
                    if let Some(group) = groups.get(key) {
                        let members = group.members.iter().filter_map(|key| entries.get(key));
                        subscribers.add_group(&group.name, members.map(|entry| &entry.mailbox));
                    }
                }
            });
            Ok::<_, Fault>(subscribers)
        })?;
        let mut received = 0;
        subscribers.choose(random, |mailbox, is_last| {
            let message = match keeps {
                Keeps::No if is_last => message.take(),
                _ => message.clone(),
            };
            mailbox.push(message, reply, effects);
            received += 1;
        });
        Ok(received)
    }
}
