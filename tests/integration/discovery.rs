//! Service discovery as ADR-32 writes it, seen by a client that knows nothing of Tidings.
//!
//! The rules in quotation marks are those of
//! <https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-32.md>.

mod answer;
mod end;
mod error;
mod service;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tidings_tests::Server;

use answer::{ask, nobody_answers};
use service::{ID, post};

/// The endpoints that `post` has, as INFO shows them.
fn endpoints(group: &str) -> Value {
    json!([
        {
            "name": "scales-weigh",
            "subject": "scales.weigh",
            "queue_group": group,
            "metadata": { "message": "scales.weigh.v1", "schema": "urn:tidings:scales.weigh:v1" },
        },
        {
            "name": "labels-print",
            // A template is shown as what is listened on.
            "subject": "labels.*.print",
            "queue_group": group,
            "metadata": { "message": "labels.print.v3", "schema": "urn:tidings:labels.print:v3" },
        },
    ])
}

/// "Services should respond to: all service requests; all service requests that match their
/// `name`; all services requests that match their `name` and `id`."
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_instance_answers_for_all_for_its_name_and_for_its_id() {
    let server = Server::start().await;
    let (_one, _other) = (post(&server, None).await, post(&server, None).await);
    let client = server.client().await;
    let ids = answer::ids(&ask(&client, "$SRV.PING", 2).await);
    assert_eq!(ids.len(), 2, "each instance has an id of its own: {ids:?}");
    for verb in ["PING", "INFO", "STATS"] {
        for subject in [format!("$SRV.{verb}"), format!("$SRV.{verb}.post")] {
            let answers = ask(&client, &subject, 2).await;
            assert_eq!(answer::ids(&answers), ids, "{subject}");
        }
        for id in &ids {
            let answers = ask(&client, &format!("$SRV.{verb}.post.{id}"), 1).await;
            assert_eq!(answer::ids(&answers), BTreeSet::from([id.clone()]));
        }
        nobody_answers(&client, &format!("$SRV.{verb}.bank")).await;
        nobody_answers(&client, &format!("$SRV.{verb}.post.{ID}")).await;
        // "`name` matches whatever was specified": also in its case.
        nobody_answers(&client, &format!("$SRV.{verb}.POST")).await;
    }
}

/// "All discovery and status responses contain the following fields": type, name, id, version,
/// metadata; INFO and STATS add their own. Compared as a whole: a field that ADR-32 does not know
/// would be a difference too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_answers_have_the_fields_of_the_adr_and_no_others() {
    let server = Server::start().await;
    let before = answer::now();
    let _running = post(&server, None).await;
    let client = server.client().await;

    let ping = answer::only(ask(&client, "$SRV.PING.post", 1).await);
    let id = ping["id"].as_str().expect("an id").to_owned();
    assert!(is_token(&id), "{id:?} is one token of a subject");
    let head = |kind: &str| {
        json!({
            "type": format!("io.nats.micro.v1.{kind}_response"),
            "name": "post",
            "id": id,
            "version": "1.4.0-rc.1+7",
            "metadata": { "team": "parcels", "zone": "eu" },
        })
    };
    assert_eq!(ping, head("ping"));

    let mut info = head("info");
    info["description"] = json!("Takes what people send.");
    info["endpoints"] = endpoints("q");
    assert_eq!(answer::only(ask(&client, "$SRV.INFO.post", 1).await), info);

    let answer = answer::only(ask(&client, "$SRV.STATS.post", 1).await);
    let started = answer["started"].as_str().expect("when it started");
    // "ISO Date string when the service started in UTC timezone"
    let since = answer::utc(started);
    assert!((before..=answer::now()).contains(&since), "{started}");
    let mut stats = head("stats");
    stats["started"] = json!(started);
    let idle = |name: &str, subject: &str| {
        json!({
            "name": name,
            "subject": subject,
            "queue_group": "q",
            "num_requests": 0,
            "num_errors": 0,
            "last_error": "",
            "processing_time": 0,
            "average_processing_time": 0,
        })
    };
    let (weigh, print) =
        (idle("scales-weigh", "scales.weigh"), idle("labels-print", "labels.*.print"));
    stats["endpoints"] = json!([weigh, print]);
    assert_eq!(answer, stats);
}

/// "`name` - an alphanumeric human-readable string used to describe the endpoint", which every
/// implementation reads as `A-Z, a-z, 0-9, dash, underscore`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_are_letters_digits_dashes_and_underscores() {
    let server = Server::start().await;
    let _running = post(&server, None).await;
    let info = answer::only(ask(&server.client().await, "$SRV.INFO", 1).await);
    let endpoints = info["endpoints"].as_array().expect("endpoints");
    for name in endpoints.iter().chain([&info]).map(|named| named["name"].as_str()) {
        assert!(name.is_some_and(is_token), "{name:?}");
    }
}

/// A service in a queue group of its own is another choice of who handles; who is asked whether
/// he is there answers for himself all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_in_groups_of_their_own_all_answer() {
    let server = Server::start().await;
    let _running = [
        post(&server, None).await,
        post(&server, Some("north")).await,
        post(&server, Some("south")).await,
        post(&server, Some("south")).await,
    ];
    let client = server.client().await;
    for verb in ["PING", "INFO", "STATS"] {
        let answers = ask(&client, &format!("$SRV.{verb}.post"), 4).await;
        assert_eq!(answer::ids(&answers).len(), 4);
    }
    // "Queue group to which this endpoint is assigned to"
    let infos = ask(&client, "$SRV.INFO.post", 4).await;
    let mut groups: Vec<&Value> = infos.iter().map(|info| &info["endpoints"]).collect();
    groups.sort_by_key(|endpoints| endpoints[0]["queue_group"].to_string());
    let expected = [endpoints("north"), endpoints("q"), endpoints("south"), endpoints("south")];
    assert_eq!(groups, expected.iter().collect::<Vec<_>>());
    // Each of the three groups handles a request: "it requires running some service instances
    // with different `queueGroup`".
    let answers = answer::gather(&client, "scales.weigh", r#"{"grams":1}"#, 3).await;
    assert_eq!(answers.len(), 3);
}

/// `^[A-Za-z0-9_-]+$`
fn is_token(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}
