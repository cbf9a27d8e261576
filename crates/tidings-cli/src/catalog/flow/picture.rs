//! Picture of a flow, as SVG.

use std::fmt::Write as _;

use maud::{Markup, html};

use super::layout::{Layout, layout};
use super::{Column, Flow};
use crate::catalog::text::{Line, shortened};

/// Longest label that is shown, in characters.
const LONGEST: usize = 34;
/// Longest note that is shown of a box where it is pointed at, in characters.
const LONGEST_NOTE: usize = 400;
/// Width that is reckoned with for a character of a label, in pixels: the page's letters of 13 px are narrower on
/// average, in every font that it asks for.
const CHARACTER: f64 = 7.3;
/// Space beside the longest label of a column, in pixels, of both sides together.
const PADDING: f64 = 22.0;
/// Space between columns.
const GAP: f64 = 84.0;
/// Height of the headings.
const HEAD: f64 = 30.0;
const BOX: f64 = 26.0;

pub(in super::super) fn picture(flow: &Flow) -> Markup {
    let layout = layout(flow);
    let columns = placed(flow, &layout);
    let width = columns.last().map_or(0.0, |(_, left, width)| left + width);
    let height = layout.height + HEAD;
    let place = |column: Column| {
        let found = columns.iter().find(|(one, ..)| *one == column);
        found.map_or((0.0, 0.0), |(_, left, width)| (*left, *width))
    };
    html! {
        svg.flow viewBox={ "0 0 " (round(width)) " " (round(height)) } width=(round(width)) height=(round(height)) role="group" aria-label="Flow of messages" {
            @for (column, left, width) in &columns {
                text.heading x=(round(left + width / 2.0)) y="14" text-anchor="middle" { (heading(*column)) }
            }
            g.lines aria-hidden="true" {
                @for (at, (from, to)) in flow.edges.iter().enumerate() {
                    @let (left, wide) = place(flow.nodes[*from].column);
                    @let start = (left + wide, layout.rows[*from]);
                    @let end = (place(flow.nodes[*to].column).0, layout.rows[*to]);
                    @let passes = layout.passes[at].iter().map(|(column, row)| { let (left, wide) = place(*column); (left, left + wide, *row) });
                    path d=(path(start, passes, end)) {}
                }
            }
            @for (at, node) in flow.nodes.iter().enumerate() {
                @let (left, width) = place(node.column);
                @let top = layout.rows[at] - BOX / 2.0 + HEAD;
                a.node.(class(node.column)) href=(Line(&node.link)) data-lines=(list(node.edges.iter().copied())) {
                    title { (Line(&node.label)) ", " (Line(&shortened(&node.note, LONGEST_NOTE))) }
                    rect x=(round(left)) y=(round(top)) width=(round(width)) height=(round(BOX)) rx=(if node.column == Column::Message { "6" } else { "13" }) {}
                    text x=(round(left + width / 2.0)) y=(round(top + BOX / 2.0 + 4.5)) text-anchor="middle" { (Line(&shortened(&node.label, LONGEST))) }
                }
            }
        }
    }
}

fn heading(column: Column) -> &'static str {
    match column {
        Column::Sender => "published or asked by",
        Column::Message => "message",
        Column::Stream => "stream",
        Column::Handler => "handled or answered by",
    }
}

fn class(column: Column) -> &'static str {
    match column {
        Column::Sender | Column::Handler => "service",
        Column::Message => "message",
        Column::Stream => "stream",
    }
}

/// Columns with their left ends and widths.
fn placed(flow: &Flow, layout: &Layout) -> Vec<(Column, f64, f64)> {
    let mut left = 0.0;
    let mut placed = Vec::new();
    for column in &layout.columns {
        let labels = flow.nodes.iter().filter(|node| node.column == *column);
        let longest = labels.map(|node| node.label.chars().count().min(LONGEST)).max().unwrap_or(0);
        let longest = longest.max(heading(*column).len());
        let width = f64::from(u32::try_from(longest).unwrap_or(0)) * CHARACTER + PADDING;
        placed.push((*column, left, width));
        left += width + GAP;
    }
    placed
}

/// A line that leaves and arrives level, and goes level through the columns that it passes.
fn path(
    start: (f64, f64),
    passes: impl Iterator<Item = (f64, f64, f64)>,
    end: (f64, f64),
) -> String {
    let mut path = format!("M{} {}", round(start.0), round(start.1 + HEAD));
    let mut at = start;
    // Writing to a text can't fail.
    for (left, right, row) in passes.chain([(end.0, end.0, end.1)]) {
        let middle = f64::midpoint(at.0, left);
        let _ = write!(
            path,
            "C{m} {} {m} {y} {} {y}",
            round(at.1 + HEAD),
            round(left),
            m = round(middle),
            y = round(row + HEAD),
        );
        if right > left {
            let _ = write!(path, "H{}", round(right));
        }
        at = (right, row);
    }
    path
}

fn list(numbers: impl Iterator<Item = usize>) -> String {
    numbers.map(|number| number.to_string()).collect::<Vec<_>>().join(" ")
}

/// A number with one digit after the point at most: the same everywhere.
fn round(number: f64) -> String {
    let text = format!("{number:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}
