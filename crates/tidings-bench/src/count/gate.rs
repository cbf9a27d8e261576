//! Comparison of what was counted with what was recorded, and the limits that hold whatever was
//! recorded.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::callgrind::Count;
use crate::work::{MESSAGES, Part};

/// Number of instructions beyond the recorded one that are borne, as a share of all that a message
/// took. A compiler inlines the same code otherwise in another directory, and that makes up to 2 %.
const TOLERANCE: f64 = 0.03;
/// Number of allocations beyond the recorded one that are borne, for each message: what is
/// allocated once for many may fall on either side of a count.
const SHARE: f64 = 0.05;

/// Maximum number of instructions that a message may cost in a case.
struct Limit {
    case: &'static str,
    what: &'static str,
    /// Instructions beyond what serde and the client need.
    instructions: Option<f64>,
}

const LIMITS: [Limit; 8] = [
    limit("core_publish", "a core event, up to the client", Some(400.0)),
    limit("core_publish_tokens", "the same with two tokens in its subject", None),
    limit("stream_publish", "a stream's event with its id, up to the client", Some(1500.0)),
    limit("core_handle", "a core event, from the client to its handler", None),
    limit("stream_handle", "a stream's event, to its handler, and its ack", Some(1000.0)),
    limit("memory_handle", "a core event, published and handled in memory", None),
    limit("memory_handle_stream", "a stream's event, published and handled in memory", None),
    limit("memory_consume_small", "an event of two numbers, taken and handled in memory", None),
];

/// Counts of a build in which a program can switch something on, and which gates no others: the same code is
/// compiled otherwise there, as it is where a second piece of work publishes the same event.
const OPTIONAL: [Limit; 4] = [
    limit("follow_up_publish", "a core event in a handler, with the ids that it carries on", None),
    limit("core_handle_untraced", "a core event, from the client to its handler", None),
    limit("core_handle_traces", "the same with traces of which nothing is recorded", None),
    limit("span_by_hand", "such a span of OpenTelemetry alone", None),
];

/// Limits that hold in this build.
fn held() -> &'static [Limit] {
    if cfg!(feature = "optional") { &OPTIONAL } else { &LIMITS }
}

const fn limit(case: &'static str, what: &'static str, instructions: Option<f64>) -> Limit {
    Limit { case, what, instructions }
}

/// Cost of one message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Cost {
    pub(crate) instructions: f64,
    pub(crate) allocations: f64,
}

/// The parts of each case.
pub(crate) type Costs = BTreeMap<String, BTreeMap<String, Cost>>;

/// Recorded costs, and the compiler they were recorded with: another makes other instructions of
/// the same code.
#[derive(Debug, Serialize, Deserialize)]
struct Recorded {
    compiler: String,
    cases: Costs,
}

/// The difference between the two runs of each part, for one message. Where it was counted more than
/// once the least counts: a hash map's keys are random, and collide now and then.
pub(crate) fn costs(counts: &[Count]) -> Costs {
    let mut costs = Costs::new();
    for once in counts.iter().filter(|count| count.messages == MESSAGES as u64) {
        let least = |messages: u64| {
            let same = counts.iter().filter(|count| {
                (&count.case, &count.part, count.messages) == (&once.case, &once.part, messages)
            });
            same.min_by_key(|count| count.instructions)
        };
        let (Some(once), Some(twice)) = (least(once.messages), least(2 * once.messages)) else {
            continue;
        };
        let each = |once: u64, twice: u64| {
            #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
            let each = (twice as f64 - once as f64) / MESSAGES as f64;
            each
        };
        let cost = Cost {
            instructions: each(once.instructions, twice.instructions),
            allocations: each(once.allocations, twice.allocations),
        };
        costs.entry(once.case.clone()).or_default().insert(once.part.clone(), cost);
    }
    costs
}

/// Our own cost: all of it but what serde and the client need, and the client's map of headers.
fn beyond(parts: &BTreeMap<String, Cost>) -> Cost {
    let of = |part: Part| parts.get(part.name()).copied().unwrap_or_default();
    let (ours, serde, client) = (of(Part::Ours), of(Part::Serde), of(Part::Client));
    let headers = of(Part::Headers);
    Cost {
        instructions: ours.instructions
            - serde.instructions
            - client.instructions
            - headers.instructions,
        allocations: ours.allocations
            - serde.allocations
            - client.allocations
            - headers.allocations,
    }
}

/// Table of all costs, with what was recorded.
pub(crate) fn table(costs: &Costs) -> String {
    let recorded = recorded().ok().map(|recorded| recorded.cases).unwrap_or_default();
    let mut table = String::new();
    let _ = writeln!(
        table,
        "{:<22}{:>8}{:>8}{:>8}{:>8}{:>8}{:>7}{:>9}   {:>7}{:>7}{:>7}{:>8}{:>7}{:>9}",
        "for each message",
        "ours",
        "serde",
        "client",
        "beyond",
        "headers",
        "limit",
        "recorded",
        "allocs",
        "serde",
        "client",
        "headers",
        "beyond",
        "recorded",
    );
    for &Limit { case, instructions, .. } in LIMITS.iter().chain(&OPTIONAL) {
        let Some(parts) = costs.get(case) else { continue };
        let of = |part: Part| parts.get(part.name()).copied();
        let cell = |cost: Option<f64>| cost.map_or(String::from("-"), |cost| format!("{cost:.0}"));
        let few = |cost: Option<f64>| cost.map_or(String::from("-"), |cost| format!("{cost:.1}"));
        let was = recorded.get(case).map(beyond);
        let _ = writeln!(
            table,
            "{:<22}{:>8}{:>8}{:>8}{:>8}{:>8}{:>7}{:>9}   {:>7}{:>7}{:>7}{:>8}{:>7}{:>9}",
            case,
            cell(of(Part::Ours).map(|cost| cost.instructions)),
            cell(of(Part::Serde).map(|cost| cost.instructions)),
            cell(of(Part::Client).map(|cost| cost.instructions)),
            cell(Some(beyond(parts).instructions)),
            cell(of(Part::Headers).map(|cost| cost.instructions)),
            cell(instructions),
            cell(was.map(|cost| cost.instructions)),
            few(of(Part::Ours).map(|cost| cost.allocations)),
            few(of(Part::Serde).map(|cost| cost.allocations)),
            few(of(Part::Client).map(|cost| cost.allocations)),
            few(of(Part::Headers).map(|cost| cost.allocations)),
            few(Some(beyond(parts).allocations)),
            few(was.map(|cost| cost.allocations)),
        );
    }
    table
}

/// Costs that are over a limit, or more than was recorded, each as a sentence.
pub(crate) fn check(costs: &Costs) -> anyhow::Result<Vec<String>> {
    let recorded = recorded()?;
    let compiler = compiler()?;
    let mut problems = Vec::new();
    for &Limit { case, what, instructions } in held() {
        let Some(parts) = costs.get(case) else {
            problems.push(format!("{case} was not counted"));
            continue;
        };
        let own = beyond(parts);
        let Some(before) = recorded.cases.get(case) else {
            problems.push(format!("{case} was not recorded: record it with `--record`"));
            continue;
        };
        let (was, whole) = (beyond(before), before.get(Part::Ours.name()).copied());
        // What was over its limit when it was recorded is held to what it was.
        let limit = instructions.filter(|most| was.instructions <= *most);
        if let Some(most) = limit.filter(|most| own.instructions > *most) {
            let own = own.instructions;
            problems.push(format!("{case} ({what}): {own:.0} instructions, the limit is {most}"));
        }
        if own.allocations > was.allocations + SHARE {
            let (own, was) = (own.allocations, was.allocations);
            problems
                .push(format!("{case} ({what}): {own:.2} allocations of its own, were {was:.2}"));
        }
        let borne = whole.unwrap_or_default().instructions * TOLERANCE;
        let most = was.instructions + borne;
        if recorded.compiler == compiler && own.instructions > most {
            let (own, was) = (own.instructions, was.instructions);
            problems.push(format!("{case} ({what}): {own:.0} instructions, were {was:.0}"));
        }
    }
    Ok(problems)
}

/// Remark on a comparison whose costs were recorded with another compiler.
pub(crate) fn remark() -> anyhow::Result<Option<String>> {
    let (recorded, compiler) = (recorded()?.compiler, compiler()?);
    Ok((recorded != compiler).then(|| {
        format!(
            "recorded with {recorded}, this is {compiler}: instructions are held to the limits \
             alone; `--record` records them anew"
        )
    }))
}

fn recorded() -> anyhow::Result<Recorded> {
    let path = path();
    let text = fs::read_to_string(&path)
        .with_context(|| format!("{} can't be read: record it with `--record`", path.display()))?;
    Ok(serde_json::from_str(&text)?)
}

/// Writes down what was counted, of the cases that this build gates; the others stay as they are.
pub(crate) fn record(costs: &Costs) -> anyhow::Result<()> {
    let compiler = compiler()?;
    let by_the_same = recorded().ok().filter(|recorded| recorded.compiler == compiler);
    let mut cases = by_the_same.map(|recorded| recorded.cases).unwrap_or_default();
    for Limit { case, .. } in held() {
        let counted = costs.get(*case).with_context(|| format!("{case} was not counted"))?;
        cases.insert((*case).to_owned(), counted.clone());
    }
    let recorded = Recorded { compiler, cases };
    let text = serde_json::to_string_pretty(&recorded)?;
    fs::write(path(), text + "\n").context("what was counted can't be written down")
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("gate/counts.json")
}

/// `rustc 1.95.0 (…) x86_64`.
fn compiler() -> anyhow::Result<String> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output()?;
    Ok(format!("{} {}", String::from_utf8(version.stdout)?.trim(), env::consts::ARCH))
}
