//! Breaks that are accepted: exactly those, and no others.

use schemars::JsonSchema;

use crate::compat::{Mode, Policy, Report, Verdict, changes};
use crate::{Acceptance, Catalog, Descriptor};

macro_rules! order {
    ($($module:ident { $($field:ident: $type:ty),* })*) => {$(
        mod $module {
            /// An order.
            #[derive(schemars::JsonSchema)]
            #[expect(dead_code, reason = "only its schema is wanted")]
            pub(super) struct Order { $(pub(super) $field: $type),* }
        }
    )*};
}

order! {
    before { cents: u64, note: String }
    narrower { cents: u32, note: String }
    narrowest { cents: u8, note: String }
    narrower_and_more { cents: u32, note: String, more: Option<String> }
    narrower_elsewhere { cents: u32, note: bool }
}

fn catalog<T: JsonSchema>() -> Catalog {
    Catalog::of([Descriptor::event("orders.created", 1, "orders.created").payload::<T>()]).unwrap()
}

fn report<Old: JsonSchema, New: JsonSchema>(accepted: &[Acceptance]) -> Report {
    let mut report = changes(&catalog::<Old>(), &catalog::<New>(), Mode::Backward, Policy::Typed);
    report.accept(accepted);
    report
}

#[test]
fn an_accepted_break_is_no_failure_and_has_its_reason() {
    let found = report::<before::Order, narrower::Order>(&[]);
    let [change] = &found.changes[..] else { panic!("{found:#?}") };
    assert!(change.fails());
    let accepted = [change.acceptance("no order costs more")];
    let found = report::<before::Order, narrower::Order>(&accepted);
    assert_eq!(found.verdict(), Verdict::Compatible);
    assert_eq!(found.changes[0].accepted.as_deref(), Some("no order costs more"));
    assert!(!accepted[0].is_stale(&catalog::<narrower::Order>()));
}

#[test]
fn an_acceptance_covers_no_other_change() {
    let found = report::<before::Order, narrower::Order>(&[]);
    let accepted = [found.changes[0].acceptance("no order costs more")];
    // Another bound at the same place, by the same rule.
    let found = report::<before::Order, narrowest::Order>(&accepted);
    assert_eq!(found.verdict(), Verdict::Incompatible, "{found:#?}");
    assert!(accepted[0].is_stale(&catalog::<narrowest::Order>()));
    // From another content to the same one.
    let from = found.changes[0].acceptance("x");
    let other = Acceptance { new: accepted[0].new, old: from.new, ..from };
    let found = report::<before::Order, narrower::Order>(&[other]);
    assert_eq!(found.verdict(), Verdict::Incompatible, "{found:#?}");
    // Another break beside it.
    let found = report::<before::Order, narrower_elsewhere::Order>(&accepted);
    assert_eq!(found.verdict(), Verdict::Incompatible);
    let open: Vec<_> = found.changes.iter().filter(|one| one.fails()).collect();
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].instance, "/note");
    // Another message, and another direction.
    for other in [
        Acceptance { message: "orders.shipped.v1".to_owned(), ..accepted[0].clone() },
        Acceptance { direction: crate::Direction::Forward, ..accepted[0].clone() },
        Acceptance { rule: "type-changed".to_owned(), ..accepted[0].clone() },
        Acceptance { pointer: String::new(), ..accepted[0].clone() },
    ] {
        let found = report::<before::Order, narrower::Order>(&[other]);
        assert_eq!(found.verdict(), Verdict::Incompatible);
    }
}

#[test]
fn what_does_not_touch_the_change_leaves_it_accepted() {
    let found = report::<before::Order, narrower::Order>(&[]);
    let accepted = [found.changes[0].acceptance("no order costs more")];
    let found = report::<before::Order, narrower_and_more::Order>(&accepted);
    assert_eq!(found.verdict(), Verdict::Compatible, "{found:#?}");
}

#[test]
fn a_required_field_is_accepted_by_itself() {
    let found = report::<(), ()>(&[]);
    assert!(found.changes.is_empty());
    order! {
        less { cents: u64 }
        one { cents: u64, region: String }
        two { cents: u64, region: String, country: String }
    }
    let found = report::<less::Order, one::Order>(&[]);
    assert_eq!(found.changes[0].pointer, "/payload/read/properties/region");
    let accepted = [found.changes[0].acceptance("nothing is stored yet")];
    let found = report::<less::Order, two::Order>(&accepted);
    let open: Vec<_> = found.changes.iter().filter(|one| one.fails()).collect();
    assert_eq!(open.len(), 1, "{found:#?}");
    assert_eq!(open[0].pointer, "/payload/read/properties/country");
}

#[test]
fn a_message_that_is_gone_can_be_meant_to_be() {
    let (old, new) = (catalog::<before::Order>(), Catalog::new());
    let mut found = changes(&old, &new, Mode::Full, Policy::Typed);
    let accepted = [found.changes[0].acceptance("nobody handled it")];
    found.accept(&accepted);
    assert_eq!(found.verdict(), Verdict::Compatible);
    assert!(!accepted[0].is_stale(&new));
    assert!(accepted[0].is_stale(&old));
    let mut found = changes(&catalog::<narrower::Order>(), &new, Mode::Full, Policy::Typed);
    found.accept(&accepted);
    assert_eq!(found.verdict(), Verdict::Incompatible);
}
