//! Results of a comparison, as a table.

use super::processor::Share;
use super::report::{Entry, Report};

/// Aligned columns, in Markdown.
pub(crate) fn table(report: &Report) -> String {
    let head = [
        "row",
        "raw",
        "ours",
        "ratio",
        "min",
        "max",
        "target",
        "",
        "server + client µs, raw",
        "ours",
        "allocations raw",
        "ours",
    ];
    let mut lines = vec![head.map(str::to_owned)];
    lines.extend(report.rows.iter().map(line));
    let mut widths = [0; 12];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let rule = widths.map(|width| "-".repeat(width));
    lines.insert(1, rule);
    let aligned = lines.iter().enumerate().map(|(number, line)| {
        let cells = line.iter().zip(widths).enumerate().map(|(place, (cell, width))| {
            match (place, number) {
                // Names stand on the left, numbers on the right.
                (0, _) => format!(" {cell:<width$} "),
                (_, 1) => format!(" {cell}:"),
                _ => format!(" {cell:>width$} "),
            }
        });
        format!("|{}|\n", cells.collect::<Vec<_>>().join("|"))
    });
    aligned.collect()
}

fn line(entry: &Entry) -> [String; 12] {
    let ratio = |pick: fn(&super::sample::Spread) -> f64| {
        entry.ratio.as_ref().map_or_else(none, |spread| format!("{:.2}", pick(spread)))
    };
    let value = |value: Option<f64>| value.map_or_else(none, |value| figure(entry.unit, value));
    let allocations = |count: Option<f64>| count.map_or_else(none, |count| format!("{count:.1}"));
    [
        entry.name.clone(),
        value(entry.raw),
        value(entry.ours),
        ratio(|spread| spread.median),
        ratio(|spread| spread.min),
        ratio(|spread| spread.max),
        entry.target.map_or_else(none, |target| format!("{target:.2}")),
        match entry.meets {
            Some(true) => "ok".to_owned(),
            Some(false) => "below".to_owned(),
            None => String::new(),
        },
        share(entry.processor.raw),
        share(entry.processor.ours),
        allocations(entry.allocations.raw),
        allocations(entry.allocations.ours),
    ]
}

fn share(share: Option<Share>) -> String {
    let both = |share: Share| format!("{:.1} + {:.1}", share.server * 1e6, share.client * 1e6);
    share.map_or_else(none, both)
}

fn none() -> String {
    "–".to_owned()
}

/// Thousands in a second, or microseconds.
fn figure(unit: &str, value: f64) -> String {
    if unit == "s" { format!("{:.0} µs", value * 1e6) } else { format!("{:.1}k/s", value / 1e3) }
}
