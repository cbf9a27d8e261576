//! Messages whose schemas are easily misread, and values of them.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tidings::contract::{
    Catalog, CatalogError, Contract, Descriptor, DurableConsumer, Handled, Kind, Service,
};
use tidings::prelude::*;

/// A message's part, as `components.messages` calls it.
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) schema: Value,
    pub(crate) instances: Vec<Value>,
}

/// Holds itself, lists of several types, variants with tags, and numbers of all sizes.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "asyncapi.{region}.grown")]
struct Grown {
    id: u64,
    /// Region in which it grows.
    region: String,
    /// One of the seasons.
    season: Season,
    place: (u8, i16, String),
    kind: Growth,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<Box<Grown>>,
    branches: Vec<Branch>,
    counts: BTreeMap<String, u16>,
    height: f64,
}

/// A part that holds itself, and is not the root.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Branch {
    #[schemars(length(max = 8))]
    name: String,
    branches: Vec<Branch>,
}

/// A time of the year.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Season {
    /// Time of growth.
    Spring,
    Autumn,
}

/// Variants that are told by a tag among their fields.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind")]
enum Growth {
    Tree(Tree),
    Herb { annual: bool },
    Moss,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Tree {
    #[schemars(range(max = 500))]
    rings: u32,
}

/// A question with an answer and an error.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "asyncapi.measure", reply = Measured, error = Refused)]
#[schemars(example = json!({"ids": [1, 2], "unit": "m"}))]
struct Measure {
    ids: Vec<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Measured {
    One(f64),
    Each(BTreeMap<String, f64>),
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, thiserror::Error)]
enum Refused {
    #[error("there is no {0}")]
    Unknown(u32),
    #[error("closed until {until}")]
    Closed { until: String },
}

/// The messages, and services that publish, handle, ask and answer them.
pub(crate) fn catalog() -> Result<Catalog, CatalogError> {
    let mut catalog = Catalog::of([Grown::descriptors(), Measure::descriptors()].concat())?;
    let grown = Handled::new(Kind::Event, "asyncapi.grown", 1, "asyncapi.*.grown");
    let measure = Handled::new(Kind::Request, "asyncapi.measure", 1, "asyncapi.measure");
    let forester = Service::new("forester").publishes("asyncapi.grown", 1);
    let sawmill = Service::new("sawmill")
        .handles(grown.consumer(DurableConsumer::new("sawmill-grown", "FOREST")))
        .asks("asyncapi.measure", 1);
    let ranger = Service::new("ranger").handles(measure.queue_group("rangers"));
    [forester, sawmill, ranger].into_iter().try_for_each(|one| catalog.add_service(one))?;
    Ok(catalog)
}

/// Operations of the services: each one, its action, its message, and where it is answered.
pub(crate) fn operations() -> Value {
    let reply = "asyncapi.measure.v1.answer";
    json!({
        "forester.publish.asyncapi.grown.v1": ["send", "asyncapi.grown.v1", null],
        "ranger.answer.asyncapi.measure.v1": ["receive", "asyncapi.measure.v1", reply],
        "sawmill.ask.asyncapi.measure.v1": ["send", "asyncapi.measure.v1", reply],
        "sawmill.handle.asyncapi.grown.v1": ["receive", "asyncapi.grown.v1", null],
    })
}

pub(crate) fn samples() -> anyhow::Result<Vec<Sample>> {
    let grown = Grown::descriptors().remove(0);
    let measure = Measure::descriptors().remove(0);
    let Descriptor { payload, reply, error, .. } = &measure;
    Ok(vec![
        sample("asyncapi.grown.v1", grown.payload.as_ref(), &all_grown())?,
        sample("asyncapi.measure.v1", payload.as_ref(), &measures())?,
        sample("asyncapi.measure.v1.reply", reply.as_ref(), &all_measured())?,
        sample("asyncapi.measure.v1.error", error.as_ref(), &[Refused::Unknown(7), closed()])?,
    ])
}

fn sample<T: Serialize>(
    name: &str,
    contract: Option<&Contract>,
    values: &[T],
) -> anyhow::Result<Sample> {
    let schema = contract.map(|contract| contract.read().clone());
    let instances = values.iter().map(serde_json::to_value).collect::<Result<_, _>>()?;
    Ok(Sample { name: name.to_owned(), schema: schema.unwrap_or_default(), instances })
}

fn all_grown() -> [Grown; 3] {
    let oak = Grown {
        id: 7,
        region: "eu".into(),
        season: Season::Spring,
        place: (1, -2, "north".into()),
        kind: Growth::Tree(Tree { rings: 80 }),
        parent: None,
        branches: vec![Branch { name: "low".into(), branches: vec![leaf()] }],
        counts: [("leaves".to_owned(), 9)].into(),
        height: 12.5,
    };
    let herb = Grown {
        season: Season::Autumn,
        kind: Growth::Herb { annual: true },
        parent: Some(Box::new(oak.clone())),
        ..oak.clone()
    };
    let moss = Grown { kind: Growth::Moss, branches: Vec::new(), ..oak.clone() };
    [oak, herb, moss]
}

fn leaf() -> Branch {
    Branch { name: "leaf".into(), branches: Vec::new() }
}

fn measures() -> [Measure; 2] {
    let unit = Some("m".to_owned());
    [Measure { ids: vec![1, 2], unit }, Measure { ids: Vec::new(), unit: None }]
}

fn all_measured() -> [Measured; 2] {
    [Measured::One(1.5), Measured::Each([("oak".to_owned(), 2.5)].into())]
}

fn closed() -> Refused {
    Refused::Closed { until: "spring".into() }
}
