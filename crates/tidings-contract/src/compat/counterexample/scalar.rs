//! Numbers and texts at the edges of what schemas say.

use serde_json::{Number, Value};

use super::Search;
use crate::compat::conjunction::Conjunction;
use crate::compat::format;
use crate::compat::kind::Kinds;
use crate::compat::node::Id;
use crate::compat::number;
use crate::compat::pattern::Pattern;

impl Search<'_> {
    pub(super) fn numbers(&self, one: &Conjunction, right: &[Id], found: &mut Vec<Value>) {
        let schemas = self.reader.schemas;
        let kinds = self.reader.kinds(one);
        let mut points = vec![0_i128, 1, -1, 2, 7];
        let mut steps = Vec::new();
        let mut broken = vec![0.5, 1.0];
        for id in right.iter().chain(one.ids()) {
            let node = &schemas[*id];
            for bound in [&node.minimum, &node.maximum].into_iter().flatten() {
                if let Some(value) = number::integer(&bound.value) {
                    points.extend([value, value - 1, value + 1]);
                }
                let value = bound.value.as_f64().unwrap_or_default();
                broken.extend([value, value - 0.5, value + 0.5, value - 1.0, value + 1.0]);
            }
            steps.extend(node.multiple_of.clone());
        }
        let bounds = points.clone();
        for step in &steps {
            if !self.reader.work.spend(bounds.len()) {
                break;
            }
            if let Some(step) = number::integer(step).filter(|step| *step != 0) {
                let near = bounds.iter().map(|point| point / step * step);
                points.extend(near.flat_map(|near| [near, near + step, near - step]));
            }
            let step = step.as_f64().unwrap_or(1.0);
            broken.extend([step, step * 2.0, step * 3.0, step * 1.5]);
        }
        points.dedup();
        let integers = points.into_iter().filter_map(|point| {
            let number = i64::try_from(point).map(Number::from);
            number.or_else(|_| u64::try_from(point).map(Number::from)).ok()
        });
        if kinds.has(Kinds::INTEGER) {
            found.extend(integers.map(Value::Number));
        }
        if kinds.has(Kinds::FRACTION) {
            found.extend(broken.into_iter().filter_map(Number::from_f64).map(Value::Number));
        }
    }

    pub(super) fn texts(&self, one: &Conjunction, right: &[Id], found: &mut Vec<Value>) {
        const LONGEST: u64 = 4_096;
        let schemas = self.reader.schemas;
        let mut texts = ["", "a", "Zz-9 ~", "\u{e9}", "\n"].map(str::to_owned).to_vec();
        let mut lengths = Vec::new();
        for id in right.iter().chain(one.ids()) {
            let node = &schemas[*id];
            if !self.reader.work.spend(1) {
                break;
            }
            if let Some(pattern) = &node.pattern {
                let examples = pattern.examples();
                // It may be found in more than these from end to end.
                texts
                    .extend(examples.iter().flat_map(|one| [format!("{one}x"), format!("x{one}")]));
                texts.extend(examples);
            }
            let known = node.format.as_deref().map_or(&[][..], format::examples);
            texts.extend(known.iter().copied().map(str::to_owned));
            lengths.extend([node.min_length, node.min_length.saturating_sub(1)]);
            lengths.extend(node.max_length.iter().flat_map(|most| [*most, most + 1]));
        }
        let own = self.reader.nodes(one).filter_map(|node| node.pattern.as_ref());
        let each: Vec<_> = own.map(Pattern::examples).collect();
        if each.len() > 1 {
            // All of them are found in a text in which one follows the other.
            let first: Vec<&String> = each.iter().filter_map(|all| all.first()).collect();
            texts.push(first.iter().map(|text| text.as_str()).collect());
            texts.push(first.iter().rev().map(|text| text.as_str()).collect());
        }
        let examples = each.concat();
        for length in lengths.into_iter().filter(|length| *length <= LONGEST) {
            let length = usize::try_from(length).unwrap_or(0);
            if !self.reader.work.spend((1 + length / 64) * (1 + examples.len())) {
                break;
            }
            texts.push("x".repeat(length));
            for example in examples.iter().filter(|example| example.len() < length) {
                texts.push(format!("{example}{}", "x".repeat(length - example.len())));
            }
        }
        found.extend(texts.into_iter().map(Value::String));
    }
}
