//! A common filter of several: what comes under one filter comes in the order in which it was published.

use crate::subject::Subject;

/// The narrowest filter that matches whatever one of these does: a `*` wherever their tokens differ.
///
/// `None` where they differ in length or in their first token: a filter for all of them would bring
/// much that nobody has asked for.
pub(super) fn common(filters: &[Subject]) -> Option<Subject> {
    let [first, others @ ..] = filters else { return None };
    if others.is_empty() {
        return None;
    }
    let mut tokens: Vec<&str> = first.as_str().split('.').collect();
    for other in others {
        let theirs: Vec<&str> = other.as_str().split('.').collect();
        let is_tail = |tokens: &[&str]| tokens.last() == Some(&">");
        if theirs.len() != tokens.len() || is_tail(&theirs) != is_tail(&tokens) {
            return None;
        }
        for (token, other) in tokens.iter_mut().zip(theirs) {
            if *token != other {
                *token = "*";
            }
        }
    }
    (tokens[0] != "*").then(|| Subject::from(tokens.join(".")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_left_open() {
        for (filters, expected) in [
            (&["orders.created", "orders.shipped"][..], Some("orders.*")),
            (&["orders.*.created", "orders.*.shipped"], Some("orders.*.*")),
            (&["shop.eu.*.a", "shop.*.b.a", "shop.us.c.a"], Some("shop.*.*.a")),
            (&["files.a.>", "files.b.>"], Some("files.*.>")),
            (&["orders.created"], None),
            (&["orders.created", "orders.line.added"], None),
            (&["orders.created", "users.created"], None),
            (&["*.created", "*.deleted"], None),
            (&["files.a.>", "files.b.c"], None),
            (&[], None),
        ] {
            let filters: Vec<Subject> = filters.iter().map(|f| Subject::from_static(f)).collect();
            assert_eq!(common(&filters).as_ref().map(Subject::as_str), expected, "{filters:?}");
        }
    }
}
