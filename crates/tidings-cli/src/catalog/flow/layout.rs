//! Places of the boxes, so that few lines cross.

use std::collections::BTreeMap;

use rust_sugiyama::configure::Config;
use rust_sugiyama::from_vertices_and_edges;

use super::{Column, Flow};

/// Height of a row, in pixels.
pub(super) const ROW: f64 = 34.0;
/// Space between boxes of a column, in pixels.
const GAP: f64 = 8.0;

/// Positions of boxes and lines.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Layout {
    /// The middle of each node, from the top.
    pub(super) rows: Vec<f64>,
    /// The middles through which each edge goes on its way, by the column that it passes.
    pub(super) passes: Vec<Vec<(Column, f64)>>,
    pub(super) height: f64,
    /// The columns that there are.
    pub(super) columns: Vec<Column>,
}

/// The layers of the layout are the columns: an edge over several of them gets a point in each.
pub(super) fn layout(flow: &Flow) -> Layout {
    let all = [Column::Sender, Column::Message, Column::Stream, Column::Handler];
    let is_there = |column: &Column| flow.nodes.iter().any(|node| node.column == *column);
    let columns: Vec<Column> = all.into_iter().filter(is_there).collect();
    let mut vertices: Vec<Column> = flow.nodes.iter().map(|node| node.column).collect();
    let (mut edges, mut points_of_edges) = (Vec::new(), Vec::new());
    for &(from, to) in &flow.edges {
        let (start, end) = (flow.nodes[from].column, flow.nodes[to].column);
        let mut points = Vec::new();
        let mut last = from;
        for column in columns.iter().filter(|column| **column > start && **column < end) {
            points.push(vertices.len());
            edges.push((last, vertices.len()));
            last = vertices.len();
            vertices.push(*column);
        }
        edges.push((last, to));
        points_of_edges.push(points);
    }
    let rows = rows(&vertices, &edges);
    let height = rows.iter().copied().fold(0.0, f64::max) + ROW / 2.0;
    let passes = points_of_edges
        .into_iter()
        .map(|points| points.into_iter().map(|point| (vertices[point], rows[point])).collect())
        .collect();
    Layout { rows: rows[..flow.nodes.len()].to_vec(), passes, height, columns }
}

fn rows(vertices: &[Column], edges: &[(usize, usize)]) -> Vec<f64> {
    let id = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    let sized: Vec<(u32, (f64, f64))> =
        (0..vertices.len()).map(|at| (id(at), (ROW - GAP, 1.0))).collect();
    let edges: Vec<(u32, u32)> = edges.iter().map(|(from, to)| (id(*from), id(*to))).collect();
    let config = Config { vertex_spacing: GAP, ..Config::default() };
    let mut parts = from_vertices_and_edges(&sized, &edges, &config);
    // Parts that have nothing to do with each other stand below each other, in the order of their nodes.
    for (part, ..) in &mut parts {
        part.sort_by_key(|(at, _)| *at);
    }
    parts.sort_by_key(|(part, ..)| part.first().map(|(at, _)| *at));
    let mut rows = vec![0.0; vertices.len()];
    let mut top = ROW / 2.0;
    for (part, ..) in &parts {
        let mut columns: BTreeMap<Column, Vec<(f64, usize)>> = BTreeMap::new();
        for (at, (across, _)) in part {
            columns.entry(vertices[*at]).or_default().push((*across, *at));
        }
        let first = part.iter().map(|(_, (across, _))| *across).fold(f64::INFINITY, f64::min);
        let mut bottom = top;
        for column in columns.values_mut() {
            column.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            let mut least = top;
            for (across, at) in column {
                rows[*at] = (*across - first + top).max(least);
                least = rows[*at] + ROW;
                bottom = bottom.max(least);
            }
        }
        top = bottom;
    }
    rows
}
