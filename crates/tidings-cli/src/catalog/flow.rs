//! Flow of messages from those who send them through streams to those who handle them.
//!
//! Messages that go the same way are one node where there are many, so that the picture stays one that can
//! be read.

mod layout;
mod picture;
mod way;

use std::collections::{BTreeMap, BTreeSet};

use tidings_contract::Catalog;

use super::service::Services;
use super::text::counted;
pub(super) use picture::picture;
use way::{Way, ways};

/// Largest number of nodes of messages in a picture.
const MOST_MESSAGES: usize = 36;
/// Largest number of services or streams in one column.
const MOST_OTHERS: usize = 16;

/// A column of the picture, from left to right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Column {
    Sender,
    Message,
    Stream,
    Handler,
}

/// A box of the picture.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) column: Column,
    pub(super) label: String,
    /// Role in the picture, for those who do not see where the box stands.
    pub(super) note: String,
    /// Place on the page to which it leads.
    pub(super) link: String,
    /// Indices of the edges over which something goes that it has to do with.
    pub(super) edges: BTreeSet<usize>,
}

/// Boxes and the lines between them, each from a box to one further right.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Flow {
    pub(super) nodes: Vec<Node>,
    pub(super) edges: Vec<(usize, usize)>,
    /// `true` if a box stands for several messages, services or streams.
    pub(super) is_grouped: bool,
}

impl Flow {
    pub(super) fn of(catalog: &Catalog, services: &Services<'_>) -> Self {
        let mut ways = ways(catalog, services);
        let grouped = way::grouped(&mut ways, MOST_MESSAGES);
        let mut flow = Self { is_grouped: grouped, ..Self::default() };
        let senders = named(&ways, |way| way.senders.iter());
        let streams = named(&ways, |way| way.stream.iter());
        let handlers = named(&ways, |way| way.handlers.iter());
        flow.is_grouped |=
            [&senders, &streams, &handlers].iter().any(|names| names.values().any(Option::is_none));
        let senders = flow.column(Column::Sender, &senders);
        let streams = flow.column(Column::Stream, &streams);
        let handlers = flow.column(Column::Handler, &handlers);
        for way in &ways {
            let message = flow.nodes.len();
            flow.nodes.push(node(way));
            let mut taken = BTreeSet::new();
            for sender in at(&senders, &way.senders) {
                taken.insert(flow.edge(sender, message));
            }
            let mut from = message;
            for stream in at(&streams, &way.stream) {
                taken.insert(flow.edge(message, stream));
                from = stream;
            }
            for handler in at(&handlers, &way.handlers) {
                taken.insert(flow.edge(from, handler));
            }
            let touched: BTreeSet<usize> =
                taken.iter().flat_map(|edge| [flow.edges[*edge].0, flow.edges[*edge].1]).collect();
            for node in touched {
                flow.nodes[node].edges.extend(&taken);
            }
        }
        flow
    }

    /// Adds a column, and gives the node of each name.
    fn column(&mut self, column: Column, names: &Names) -> BTreeMap<String, usize> {
        let mut nodes = BTreeMap::new();
        let others: Vec<&String> =
            names.iter().filter(|(_, own)| own.is_none()).map(|(name, _)| name).collect();
        let (noun, note) = match column {
            Column::Sender => ("service", "service that publishes or asks"),
            Column::Stream => ("stream", "stream"),
            _ => ("service", "service that handles or answers"),
        };
        for name in names.iter().filter(|(_, own)| own.is_some()).map(|(name, _)| name) {
            nodes.insert(name.clone(), self.nodes.len());
            let link = match column {
                Column::Stream => format!("#stream-{name}"),
                _ => format!("#service-{name}"),
            };
            let (label, note) = (name.clone(), note.to_owned());
            self.nodes.push(Node { column, label, note, link, edges: BTreeSet::new() });
        }
        if !others.is_empty() {
            let label = format!("{} more", counted(others.len(), noun));
            let (note, link) = (
                others.iter().map(|name| name.as_str()).take(100).collect::<Vec<_>>().join(", "),
                "#overview".to_owned(),
            );
            for name in others {
                nodes.insert(name.clone(), self.nodes.len());
            }
            self.nodes.push(Node { column, label, note, link, edges: BTreeSet::new() });
        }
        nodes
    }

    fn edge(&mut self, from: usize, to: usize) -> usize {
        if let Some(at) = self.edges.iter().position(|edge| *edge == (from, to)) {
            return at;
        }
        self.edges.push((from, to));
        self.edges.len() - 1
    }
}

/// Names with a node of their own, which is what `Some` means, and those that share one.
type Names = BTreeMap<String, Option<()>>;

/// The names in a part of the ways; where they are many, those with the most messages stay by themselves.
fn named<'a, I: Iterator<Item = &'a String>>(
    ways: &'a [Way],
    part: impl Fn(&'a Way) -> I,
) -> Names {
    let mut counts: BTreeMap<&String, usize> = BTreeMap::new();
    for way in ways {
        for name in part(way) {
            *counts.entry(name).or_default() += way.messages.len();
        }
    }
    let mut order: Vec<(&String, usize)> = counts.into_iter().collect();
    order.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let own = if order.len() > MOST_OTHERS { MOST_OTHERS - 1 } else { order.len() };
    let each = order.into_iter().enumerate();
    each.map(|(at, (name, _))| (name.clone(), (at < own).then_some(()))).collect()
}

fn at<'a>(
    nodes: &BTreeMap<String, usize>,
    names: impl IntoIterator<Item = &'a String>,
) -> BTreeSet<usize> {
    names.into_iter().filter_map(|name| nodes.get(name).copied()).collect()
}

fn node(way: &Way) -> Node {
    let column = Column::Message;
    let (label, note, link) = match &way.messages[..] {
        [only] => (only.clone(), "message".to_owned(), format!("#message-{only}")),
        several => {
            let label = match &way.prefix {
                Some(prefix) => format!("{prefix}.* · {}", several.len()),
                None => format!("{} more", counted(several.len(), "message")),
            };
            let link = way
                .prefix
                .as_ref()
                .map_or("#overview".to_owned(), |prefix| format!("#search={prefix}."));
            (label, counted(several.len(), "message"), link)
        }
    };
    Node { column, label, note, link, edges: BTreeSet::new() }
}
