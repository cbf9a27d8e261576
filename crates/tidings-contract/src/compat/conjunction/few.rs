//! Values of what allows few of them, all one by one.

use serde_json::{Map, Value};

use super::{Conjunction, Member, Reader};
use crate::compat::evaluate::Evaluator;
use crate::compat::kind::Kinds;
use crate::compat::node::Id;
use crate::compat::number;

/// Largest number of values that are few.
const MOST: usize = 200;
/// Largest number of integers that are.
const MOST_INTEGERS: i128 = 64;
/// Largest number of items in a list of them.
const MOST_ITEMS: u64 = 4;
/// Deepest level of values in one another.
const DEEPEST: usize = 4;

impl Reader<'_> {
    /// Values that it allows, and maybe more, where these are few; `None` where there are more or they
    /// are not easily listed.
    pub(crate) fn few(self, of: &Conjunction) -> Option<Vec<Value>> {
        self.few_within(of, DEEPEST)
    }

    fn few_within(self, of: &Conjunction, depth: usize) -> Option<Vec<Value>> {
        if depth == 0 || !self.work.spend(1 + of.ids().len()) {
            return None;
        }
        if let Some(values) = self.values(of) {
            return (values.len() <= MOST).then_some(values);
        }
        let mut all = Vec::new();
        for kind in self.kinds(of).each() {
            let one = of.only(kind);
            if self.is_empty(&one, 1) {
                continue;
            }
            all.extend(match kind {
                Kinds::NULL => vec![Value::Null],
                Kinds::BOOLEAN => vec![false.into(), true.into()],
                Kinds::INTEGER => self.few_integers(&one)?,
                Kinds::STRING if self.length(&one).1 == Some(0) => vec!["".into()],
                Kinds::STRING => {
                    let mut patterns = self.nodes(&one).filter_map(|node| node.pattern.as_ref());
                    let texts = patterns.find_map(|pattern| pattern.texts(MOST))?;
                    texts.into_iter().map(Value::String).collect()
                }
                Kinds::ARRAY => self.few_arrays(&one, depth)?,
                Kinds::OBJECT => self.few_objects(&one, depth)?,
                _ => return None,
            });
            if all.len() > MOST || !self.work.spend(all.len()) {
                return None;
            }
        }
        let mut evaluator = Evaluator::new(self);
        all.retain(|value| of.ids().iter().all(|id| evaluator.accepts(*id, value) != Some(false)));
        Some(all)
    }

    fn few_integers(self, of: &Conjunction) -> Option<Vec<Value>> {
        let low = number::whole(&self.minimum(of)?, 1)?;
        let high = number::whole(&self.maximum(of)?, -1)?;
        if high.checked_sub(low)? >= MOST_INTEGERS {
            return None;
        }
        let number = |of: i128| {
            i64::try_from(of).map(Value::from).or_else(|_| u64::try_from(of).map(Value::from)).ok()
        };
        (low..=high).map(number).collect()
    }

    /// The values of a member or an item.
    fn few_of_all(self, ids: &[Id], depth: usize) -> Option<Vec<Value>> {
        let mut all = Vec::new();
        for one in self.alternatives(ids) {
            for value in self.few_within(&one, depth - 1)? {
                if !all.contains(&value) {
                    all.push(value);
                }
            }
        }
        Some(all)
    }

    fn few_arrays(self, of: &Conjunction, depth: usize) -> Option<Vec<Value>> {
        let (least, most) = self.items(of);
        let most = most.filter(|most| *most <= MOST_ITEMS)?;
        let (mut all, mut longest) = (Vec::new(), vec![Vec::new()]);
        for length in 0..=most {
            if length >= least {
                all.extend(longest.iter().cloned().map(Value::Array));
            }
            if length == most {
                break;
            }
            let at = usize::try_from(length).ok()?;
            let items = self.few_of_all(&self.item(of, at), depth)?;
            longest = pairs(&longest, &items, |list, item| list.push(item.clone()))?;
        }
        (all.len() <= MOST).then_some(all)
    }

    fn few_objects(self, of: &Conjunction, depth: usize) -> Option<Vec<Value>> {
        let is_any_name = self.nodes(of).any(|node| !node.patterns.is_empty());
        if is_any_name || self.others(of).is_some() {
            return None;
        }
        let mut all = vec![Map::new()];
        for name in self.names(of) {
            let Member::Of(ids) = self.member(of, name) else { continue };
            let values = self.few_of_all(&ids, depth)?;
            let mut choices: Vec<Option<Value>> = values.into_iter().map(Some).collect();
            if !self.requires(of, name) {
                choices.push(None);
            }
            all = pairs(&all, &choices, |object, value| {
                object.extend(value.iter().map(|value| (name.to_owned(), value.clone())));
            })?;
        }
        Some(all.into_iter().map(Value::Object).collect())
    }
}

/// Joins each of some with each of others; `None` if these are too many.
fn pairs<T: Clone, U>(some: &[T], others: &[U], join: impl Fn(&mut T, &U)) -> Option<Vec<T>> {
    if some.len() * others.len() > MOST {
        return None;
    }
    let each = some.iter().flat_map(|one| others.iter().map(move |other| (one, other)));
    let joined = each.map(|(one, other)| {
        let mut one = one.clone();
        join(&mut one, other);
        one
    });
    Some(joined.collect())
}
