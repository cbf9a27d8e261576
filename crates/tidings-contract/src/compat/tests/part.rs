//! Parts of a message that one side alone has, and who fails by it.

use super::catalog_of;
use crate::Direction;
use crate::compat::{Mode, Policy, Verdict, changes};

/// A request with these parts.
fn request(parts: &[&str]) -> String {
    let parts: Vec<String> =
        parts.iter().map(|part| format!(r#","{part}":{{"read":{{"type":"string"}}}}"#)).collect();
    format!(r#"[{{"kind":"request","name":"a","version":1,"subject":"a"{}}}]"#, parts.concat())
}

fn found(old: &[&str], new: &[&str], mode: Mode) -> (Verdict, Vec<(&'static str, Direction)>) {
    let (old, new) = (catalog_of(&request(old)), catalog_of(&request(new)));
    let report = changes(&old, &new, mode, Policy::Typed);
    (report.verdict(), report.changes.iter().map(|one| (one.rule, one.direction)).collect())
}

#[test]
fn a_reply_or_an_error_of_one_side_is_told_to_those_who_fail_by_it() {
    use Direction::{Backward, Forward};
    use Verdict::{Compatible, Incompatible};
    type Case<'a> = (&'a [&'a str], &'a [&'a str], [(Verdict, &'a [(&'a str, Direction)]); 2]);
    let cases: [Case<'_>; 4] = [
        (
            &[],
            &["reply"],
            [
                (Compatible, &[("reply-added", Backward)]),
                (Incompatible, &[("reply-awaited", Forward)]),
            ],
        ),
        (&["reply"], &[], [(Incompatible, &[("reply-removed", Backward)]), (Compatible, &[])]),
        (
            &["reply"],
            &["reply", "error"],
            [(Incompatible, &[("error-added", Backward)]), (Compatible, &[])],
        ),
        (
            &["reply", "error"],
            &["reply"],
            [
                (Compatible, &[("error-removed", Backward)]),
                (Incompatible, &[("error-unread", Forward)]),
            ],
        ),
    ];
    for (old, new, [backward, forward]) in cases {
        assert_eq!(found(old, new, Mode::Backward), (backward.0, backward.1.to_vec()));
        assert_eq!(found(old, new, Mode::Forward), (forward.0, forward.1.to_vec()));
        let both = [backward.1, forward.1].concat();
        assert_eq!(found(old, new, Mode::Full), (Incompatible, both), "{old:?} -> {new:?}");
    }
}

#[test]
fn a_payload_of_one_side_is_not_decided() {
    for (old, new) in [(&[][..], &["payload"][..]), (&["payload"], &[])] {
        let (verdict, rules) = found(old, new, Mode::Backward);
        assert_eq!(verdict, Verdict::Unknown, "{old:?} -> {new:?}");
        assert_eq!(rules, [("payload-undescribed", Direction::Backward)]);
    }
}

#[test]
fn versions_are_compared_by_their_parts_too() {
    let both = r#"[
        {"kind":"request","name":"a","version":1,"subject":"a","reply":{"read":{"type":"string"}}},
        {"kind":"request","name":"a","version":2,"subject":"b"}
    ]"#;
    let both = catalog_of(both);
    let report = crate::compat::changes_since(&[], &both, Mode::BackwardTransitive, Policy::Typed);
    let rules: Vec<_> = report.changes.iter().map(|one| one.rule).collect();
    assert_eq!(rules, ["reply-removed"]);
}
