//! Modes: what is compared with what.

use schemars::JsonSchema;

use crate::compat::{Mode, Policy, Report, Revision, Verdict, changes_since};
use crate::{Catalog, Descriptor};

fn counted<T: JsonSchema>(version: u32) -> Descriptor {
    let subject = format!("stock.v{version}.counted");
    Descriptor::event("stock.counted", version, subject).payload::<T>()
}

fn catalog(messages: impl IntoIterator<Item = Descriptor>) -> Catalog {
    Catalog::of(messages).unwrap()
}

fn check(before: &[&Catalog], new: &Catalog, mode: Mode) -> Report {
    let names = ["first", "second", "third"];
    let before: Vec<_> =
        names.iter().zip(before).map(|(name, catalog)| Revision::new(name, catalog)).collect();
    changes_since(&before, new, mode, Policy::Typed)
}

fn against(report: &Report) -> Vec<Option<&str>> {
    report.changes.iter().map(|change| change.against.as_deref()).collect()
}

#[test]
fn a_mode_looks_at_the_latest_revision_and_a_transitive_one_at_each() {
    // Each step is small; both together lose something.
    let wide = catalog([counted::<u64>(1)]);
    let narrow = catalog([counted::<u32>(1)]);
    let new = catalog([counted::<u32>(1)]);
    for (mode, verdict) in [
        (Mode::Backward, Verdict::Compatible),
        (Mode::Forward, Verdict::Compatible),
        (Mode::Full, Verdict::Compatible),
        (Mode::BackwardTransitive, Verdict::Incompatible),
        (Mode::ForwardTransitive, Verdict::Compatible),
        (Mode::FullTransitive, Verdict::Incompatible),
    ] {
        let report = check(&[&wide, &narrow], &new, mode);
        assert_eq!(report.verdict(), verdict, "{mode:?}");
        if verdict == Verdict::Incompatible {
            assert_eq!(against(&report), [Some("first")]);
        }
    }
    let report = check(&[&narrow, &wide], &wide, Mode::ForwardTransitive);
    assert_eq!(against(&report), [Some("first")]);
    assert_eq!(report.changes[0].direction, crate::Direction::Forward);
    assert_eq!(check(&[&wide, &narrow], &wide, Mode::Forward).verdict(), Verdict::Incompatible);
}

#[test]
fn what_two_revisions_say_alike_is_told_once() {
    let wide = catalog([counted::<u64>(1)]);
    let report = check(&[&wide, &wide], &catalog([counted::<u32>(1)]), Mode::BackwardTransitive);
    assert_eq!(against(&report), [Some("first")]);
    assert_eq!(report.messages, 2);
}

#[test]
fn versions_of_one_catalog_meet_in_a_transitive_mode_alone() {
    let all = catalog([counted::<u64>(1), counted::<u16>(2), counted::<u32>(3)]);
    assert_eq!(check(&[&all], &all, Mode::Full).verdict(), Verdict::Compatible);
    // The highest reads 2 and not 1; that 2 did not read 1 is nobody's concern any more.
    let report = check(&[], &all, Mode::BackwardTransitive);
    assert_eq!(against(&report), [Some("stock.counted.v1")]);
    assert_eq!(report.changes[0].message, "stock.counted.v3");
    assert_eq!(report.messages, 2);
    let report = check(&[], &all, Mode::ForwardTransitive);
    assert_eq!(against(&report), [Some("stock.counted.v2")]);
    assert_eq!(check(&[], &all, Mode::FullTransitive).changes.len(), 2);
}

#[test]
fn a_version_that_only_an_old_revision_has_counts_in_a_transitive_mode() {
    let old = catalog([counted::<u64>(1)]);
    let new = catalog([counted::<u32>(2)]);
    let report = check(&[&old], &new, Mode::Backward);
    assert_eq!(report.verdict(), Verdict::Compatible);
    assert_eq!(report.changes[0].rule, "version-replaced");
    let report = check(&[&old], &new, Mode::BackwardTransitive);
    assert_eq!(report.verdict(), Verdict::Incompatible);
    let found: Vec<_> =
        report.changes.iter().map(|one| (one.rule, one.against.as_deref())).collect();
    assert_eq!(
        found,
        [("version-replaced", None), ("maximum-lowered", Some("stock.counted.v1 in first"))]
    );
}

#[test]
fn a_break_between_versions_is_accepted_like_any_other() {
    let all = catalog([counted::<u64>(1), counted::<u32>(2)]);
    let mut report = check(&[], &all, Mode::BackwardTransitive);
    let accepted = [report.changes[0].acceptance("a program reads both")];
    report.accept(&accepted);
    assert_eq!(report.verdict(), Verdict::Compatible);
    assert!(!accepted[0].is_stale(&all));
}

#[test]
fn versions_differ_in_subject_and_stream_as_they_like() {
    let all = catalog([
        counted::<u32>(1).stream("OLD"),
        Descriptor::event("stock.counted", 2, "elsewhere").payload::<u32>(),
    ]);
    assert!(check(&[], &all, Mode::FullTransitive).changes.is_empty());
    let all = catalog([
        counted::<u32>(1),
        Descriptor::request("stock.counted", 2, "elsewhere").payload::<u32>().reply::<u32>(),
    ]);
    assert_eq!(check(&[], &all, Mode::FullTransitive).changes[0].rule, "kind-changed");
}

#[test]
fn a_version_that_is_upcast_is_compared_forward_only() {
    let (first, second) = (|| counted::<String>(1), || counted::<bool>(2));
    let newest = |older: &str| counted::<u64>(3).upcasts(older);
    let plain = catalog([first(), second(), counted::<u64>(3)]);
    let one = catalog([first(), second(), newest("stock.counted.v2")]);
    let chain =
        catalog([first(), second().upcasts("stock.counted.v1"), newest("stock.counted.v2")]);
    let versions = |catalog: &Catalog, mode| {
        let report = check(&[], catalog, mode);
        let of: Vec<_> = against(&report).into_iter().flatten().map(str::to_owned).collect();
        of
    };
    let both = ["stock.counted.v1", "stock.counted.v2"];
    assert_eq!(versions(&plain, Mode::BackwardTransitive), both);
    assert_eq!(versions(&one, Mode::BackwardTransitive), both[..1]);
    assert!(versions(&chain, Mode::BackwardTransitive).is_empty());
    assert_eq!(versions(&chain, Mode::ForwardTransitive), both);

    let report = check(&[&chain], &one, Mode::Backward);
    let rules: Vec<&str> = report.changes.iter().map(|change| change.rule).collect();
    assert_eq!(rules, ["upcast-removed", "upcast-removed"]);
    assert_eq!(report.verdict(), Verdict::Incompatible);
    let endless = catalog([first().upcasts("stock.counted.v1")]);
    assert_eq!(check(&[&endless], &endless, Mode::FullTransitive).verdict(), Verdict::Compatible);
}
