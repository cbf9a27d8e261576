//! What a comparison found, as a table.

use super::report::{Entry, Report};

/// Aligned columns, in Markdown.
pub(crate) fn table(report: &Report) -> String {
    let head =
        ["row", "raw", "ours", "ratio", "min", "max", "target", "", "allocations raw", "ours"];
    let mut lines = vec![head.map(str::to_owned)];
    lines.extend(report.rows.iter().map(line));
    let mut widths = [0; 10];
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

fn line(entry: &Entry) -> [String; 10] {
    let ratio = |pick: fn(&super::sample::Spread) -> f64| {
        entry.ratio.as_ref().map_or_else(none, |spread| format!("{:.2}", pick(spread)))
    };
    let allocations = |count: Option<f64>| count.map_or_else(none, |count| format!("{count:.1}"));
    [
        entry.name.clone(),
        figure(entry.unit, entry.raw),
        entry.ours.map_or_else(none, |ours| figure(entry.unit, ours)),
        ratio(|spread| spread.median),
        ratio(|spread| spread.min),
        ratio(|spread| spread.max),
        entry.target.map_or_else(none, |target| format!("{target:.2}")),
        match entry.meets {
            Some(true) => "ok".to_owned(),
            Some(false) => "below".to_owned(),
            None => String::new(),
        },
        allocations(entry.allocations.raw),
        allocations(entry.allocations.ours),
    ]
}

fn none() -> String {
    "–".to_owned()
}

/// Thousands in a second, or microseconds.
fn figure(unit: &str, value: f64) -> String {
    if unit == "s" { format!("{:.0} µs", value * 1e6) } else { format!("{:.1}k/s", value / 1e3) }
}
