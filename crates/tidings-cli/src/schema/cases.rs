//! Verdicts on pairs of schemas in a file.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::{Value, json};
use tidings_contract::compat::{Policy, Verdict, compare};

use crate::exit::Exit;
use crate::output::Output;
use crate::terminal;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 64 << 20;

#[derive(Deserialize)]
#[serde(untagged)]
enum Cases {
    /// Pairs with what is expected of a reader and of a writer.
    Roles(Vec<Roles>),
    /// Pairs with what is expected of both directions at once.
    Tests { tests: Vec<Test> },
}

#[derive(Deserialize)]
struct Roles {
    name: String,
    old: Value,
    new: Value,
    writer: Option<bool>,
    reader: Option<bool>,
}

#[derive(Deserialize)]
struct Test {
    id: String,
    original: Value,
    updated: Value,
    compatibility: Option<String>,
}

pub(super) fn run(
    file: &Path,
    policy: Option<Policy>,
    output: &mut Output,
) -> anyhow::Result<Exit> {
    let shown = file.display();
    let size = fs::metadata(file).with_context(|| format!("can't read {shown}"))?.len();
    anyhow::ensure!(size <= LARGEST, "{shown} has {size} bytes, more than {LARGEST}");
    let text = fs::read_to_string(file).with_context(|| format!("can't read {shown}"))?;
    let cases: Cases = serde_json::from_str(&text)
        .with_context(|| format!("{shown} holds no cases in a known form"))?;
    let mut counts = [0; 3];
    match cases {
        Cases::Roles(cases) => {
            let policy = policy.unwrap_or(Policy::Typed);
            for case in cases {
                let Roles { name, old, new, writer, reader } = case;
                for (role, expected, from, to) in
                    [("reader", reader, &old, &new), ("writer", writer, &new, &old)]
                {
                    let found = compare(from, to, policy);
                    let agrees = expected.and_then(|expected| agrees(found.verdict, expected));
                    count(&mut counts, agrees, found.verdict);
                    output.write(
                        || terminal::line(&format!("{name} ({role}): {}", found.verdict)),
                        || {
                            json!({
                                "name": name, "role": role, "verdict": found.verdict,
                                "expected": expected, "agrees": agrees,
                                "findings": found.findings, "example": found.example,
                            })
                        },
                    )?;
                }
            }
        }
        Cases::Tests { tests } => {
            let policy = policy.unwrap_or(Policy::Strict);
            for test in tests {
                let Test { id, original, updated, compatibility } = test;
                let backward = compare(&original, &updated, policy);
                let forward = compare(&updated, &original, policy);
                let verdict = both(backward.verdict, forward.verdict);
                let agrees = match (verdict, &compatibility) {
                    ("unknown", _) | (_, None) => None,
                    (verdict, Some(expected)) => Some(verdict == expected),
                };
                let undecided = verdict == "unknown";
                let worst = if undecided { Verdict::Unknown } else { Verdict::Compatible };
                count(&mut counts, agrees, worst);
                output.write(
                    || terminal::line(&format!("{id}: {verdict}")),
                    || {
                        json!({
                            "id": id, "verdict": verdict,
                            "backward": backward.verdict, "forward": forward.verdict,
                            "expected": compatibility, "agrees": agrees,
                            "findings": backward.findings, "example": backward.example,
                        })
                    },
                )?;
            }
        }
    }
    let [agree, disagree, unknown] = counts;
    output.write(
        || format!("agree {agree}, disagree {disagree}, unknown {unknown}"),
        || json!({"agree": agree, "disagree": disagree, "unknown": unknown}),
    )?;
    Ok(Exit::Done)
}

/// The verdict on both directions, as such tests call it.
fn both(backward: Verdict, forward: Verdict) -> &'static str {
    match (backward, forward) {
        (Verdict::Compatible, Verdict::Compatible) => "both",
        (Verdict::Compatible, Verdict::Incompatible) => "backward",
        (Verdict::Incompatible, _) => "none",
        _ => "unknown",
    }
}

fn agrees(verdict: Verdict, expected: bool) -> Option<bool> {
    match verdict {
        Verdict::Compatible => Some(expected),
        Verdict::Incompatible => Some(!expected),
        _ => None,
    }
}

/// Counts one of agree, disagree and unknown; a verdict of which nothing is expected is none.
fn count(counts: &mut [usize; 3], agrees: Option<bool>, verdict: Verdict) {
    let index = match agrees {
        _ if verdict == Verdict::Unknown => 2,
        Some(true) => 0,
        Some(false) => 1,
        None => return,
    };
    counts[index] += 1;
}
