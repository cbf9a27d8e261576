//! Cache of the subscribers of a subject, kept from one message to the next.

use std::sync::Arc;

use hashbrown::HashMap;
use hashbrown::hash_map::EntryRef;

use super::mailbox::Mailbox;
use super::random::Random;

/// Maximum number of subjects that are known at a time. A bus whose subjects never come again, such
/// as those with an id in them, must not grow by each.
const MOST: usize = 1024;

/// Subscribers of the subjects that were published to last.
#[derive(Debug, Default)]
pub(super) struct SubscriberCache(HashMap<String, Subscribers>);

impl SubscriberCache {
    /// The subscribers of a subject; `found` looks for it where it is not known, or says that there
    /// can be none.
    pub(super) fn of<E>(
        &mut self,
        subject: &str,
        found: impl FnOnce(&str) -> Result<Subscribers, E>,
    ) -> Result<&Subscribers, E> {
        if self.0.len() > MOST {
            self.0.clear();
        }
        Ok(match self.0.entry_ref(subject) {
            EntryRef::Occupied(known) => known.into_mut(),
            EntryRef::Vacant(place) => place.insert(found(subject)?),
        })
    }

    /// Forgets what is no longer true where this filter matches.
    pub(super) fn forget(&mut self, filter: &str) {
        if filter.contains(['*', '>']) {
            self.0.clear();
        } else {
            self.0.remove(filter);
        }
    }
}

/// Listeners of one subject.
#[derive(Debug, Default)]
pub(super) struct Subscribers {
    everybody: Vec<Arc<Mailbox>>,
    groups: Vec<Group>,
}

#[derive(Debug)]
struct Group {
    name: Box<str>,
    /// Mailboxes of the group, of which one gets each message.
    members: Vec<Arc<Mailbox>>,
}

impl Subscribers {
    pub(super) fn add(&mut self, mailbox: &Arc<Mailbox>) {
        self.everybody.push(Arc::clone(mailbox));
    }

    /// A group is known by its name alone: where two of its filters match, it gets one copy.
    pub(super) fn add_group<'a>(
        &mut self,
        name: &str,
        members: impl Iterator<Item = &'a Arc<Mailbox>>,
    ) {
        let members = members.map(Arc::clone);
        match self.groups.iter_mut().find(|group| *group.name == *name) {
            Some(group) => group.members.extend(members),
            None => self.groups.push(Group { name: name.into(), members: members.collect() }),
        }
    }

    /// Calls `each` for everybody who is to get the next message, and says who is the last.
    pub(super) fn choose(&self, random: &mut Random, mut each: impl FnMut(&Mailbox, bool)) {
        let mut left = self.everybody.len() + self.groups.len();
        for mailbox in &self.everybody {
            left -= 1;
            each(mailbox, left == 0);
        }
        for Group { members, .. } in &self.groups {
            left -= 1;
            let chosen = if members.len() == 1 { 0 } else { random.below(members.len()) };
            if let Some(mailbox) = members.get(chosen) {
                each(mailbox, left == 0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    #[test]
    fn what_is_known_of_a_subject_is_forgotten_with_its_filters() {
        let mailbox = Arc::new(Mailbox::new("a.b".to_owned(), 1));
        let mut cache = SubscriberCache::default();
        let mut looked = 0;
        let mut heard = |cache: &mut SubscriberCache, subject: &str| {
            let found = |_: &str| {
                looked += 1;
                let mut subscribers = Subscribers::default();
                (0..looked).for_each(|_| subscribers.add(&mailbox));
                Ok::<_, Infallible>(subscribers)
            };
            cache.of(subject, found).map_or(0, |subscribers| subscribers.everybody.len())
        };
        assert_eq!((heard(&mut cache, "a.b"), heard(&mut cache, "a.b")), (1, 1));
        cache.forget("a.c");
        assert_eq!(heard(&mut cache, "a.b"), 1, "another subject's filter");
        cache.forget("a.b");
        assert_eq!(heard(&mut cache, "a.b"), 2);
        cache.forget("a.*");
        assert_eq!(heard(&mut cache, "a.b"), 3);
        for i in 0..2 * MOST {
            heard(&mut cache, &format!("n.{i}"));
        }
        assert!(cache.0.len() <= MOST + 1);
    }
}
