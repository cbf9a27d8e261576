//! Parts of a message that one side alone has.

use crate::Direction;
use crate::compat::change::{Change, Pair};
use crate::compat::rule::MessageRule;
use crate::contract::Contract;
use crate::descriptor::Kind;

/// Compares which parts there are, for programs of one direction.
pub(super) fn changes(pair: &mut Pair<'_>, direction: Direction) -> Vec<Change> {
    let (before, after) = (pair.before, pair.after);
    let both_ask = before.kind == Kind::Request && after.kind == Kind::Request;
    let mut found = Vec::new();
    let payload = match sides(before.payload.as_ref(), after.payload.as_ref()) {
        Some(Side::After) => Some(("none", "a payload")),
        Some(Side::Before) => Some(("a payload", "none")),
        None => None,
    };
    let undescribed = |(old, new)| (MessageRule::PayloadUndescribed, "/payload", old, new);
    found.extend(payload.map(undescribed));
    if both_ask {
        let reply = sides(before.reply.as_ref(), after.reply.as_ref());
        let error = sides(before.error.as_ref(), after.error.as_ref());
        // Who is served by the new is an asker of the old type, and the other way round.
        found.extend(match (reply, direction) {
            (Some(Side::After), Direction::Backward) => {
                Some((MessageRule::ReplyAdded, "/reply", "none", "a reply"))
            }
            (Some(Side::After), Direction::Forward) => {
                Some((MessageRule::ReplyAwaited, "/reply", "none", "a reply"))
            }
            (Some(Side::Before), Direction::Backward) => {
                Some((MessageRule::ReplyRemoved, "/reply", "a reply", "none"))
            }
            _ => None,
        });
        found.extend(match (error, direction) {
            (Some(Side::After), Direction::Backward) => {
                Some((MessageRule::ErrorAdded, "/error", "none", "an error"))
            }
            (Some(Side::Before), Direction::Backward) => {
                Some((MessageRule::ErrorRemoved, "/error", "an error", "none"))
            }
            (Some(Side::Before), Direction::Forward) => {
                Some((MessageRule::ErrorUnread, "/error", "an error", "none"))
            }
            _ => None,
        });
    }
    let change = |(rule, pointer, old, new)| Change {
        direction,
        ..pair.of_message(rule, pointer, old, new)
    };
    found.into_iter().map(change).collect()
}

/// Side that alone has a part.
#[derive(Clone, Copy)]
enum Side {
    Before,
    After,
}

fn sides(before: Option<&Contract>, after: Option<&Contract>) -> Option<Side> {
    match (before, after) {
        (Some(_), None) => Some(Side::Before),
        (None, Some(_)) => Some(Side::After),
        _ => None,
    }
}
