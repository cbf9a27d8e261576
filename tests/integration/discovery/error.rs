//! Errors on the wire, and what STATS says of them.

use async_nats::{Client, Message};
use serde_json::Value;
use tidings_tests::Server;

use super::answer::ask;
use super::service::{PrintLabel, Weigh, Weight};
use super::service::{WEIGHING, bus, post};
use crate::soon;

async fn raw(client: &Client, subject: &'static str, payload: &'static str) -> Message {
    soon(client.request(subject, payload.into())).await.unwrap()
}

/// The values of `Nats-Service-Error-Code` and `Nats-Service-Error`, each there once.
fn error_of(answer: &Message) -> (u16, String) {
    let headers = answer.headers.as_ref().expect("headers");
    let one = |name: &str| {
        let values: Vec<_> = headers.get_all(name).collect();
        assert_eq!(values.len(), 1, "{name}: {headers:?}");
        values[0].as_str().to_owned()
    };
    assert_eq!(headers.len(), 2, "{headers:?}");
    let code = one("Nats-Service-Error-Code");
    // "should be a value that is always safe to parse as a number"
    (code.parse().expect("a number"), one("Nats-Service-Error"))
}

/// "Services may communicate request errors back to the client as they see fit, but to help
/// standardization they also must include the headers: `Nats-Service-Error` and
/// `Nats-Service-Error-Code`."
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_has_both_headers_and_a_declared_one_its_body() {
    let server = Server::start().await;
    let _running = post(&server, None).await;
    let client = server.client().await;

    let fine = raw(&client, "scales.weigh", r#"{"grams":500}"#).await;
    assert!(fine.headers.is_none(), "{fine:?}");
    assert_eq!(fine.payload, r#"{"kilograms":0.5}"#);

    let declared = raw(&client, "scales.weigh", r#"{"grams":2000}"#).await;
    assert_eq!(error_of(&declared), (422, "at most 1000 grams".to_owned()));
    assert_eq!(declared.payload, r#"{"most":1000}"#);

    // "a string describing the error that could be shown to the user": one line of it.
    let failed = raw(&client, "labels.fr.print", r#"{"country":"fr","text":""}"#).await;
    assert_eq!(error_of(&failed), (500, "no  text".to_owned()));
    assert_eq!(failed.payload, "");

    let panicked = raw(&client, "scales.weigh", r#"{"grams":666}"#).await;
    let (code, description) = error_of(&panicked);
    assert!(code == 500 && description.contains("the scales broke"), "{code} {description}");
    assert_eq!(panicked.payload, "");

    let unreadable = raw(&client, "scales.weigh", r#"{"pounds":1}"#).await;
    let (code, description) = error_of(&unreadable);
    assert!(code == 400 && description.contains("grams"), "{code} {description}");
    assert_eq!(unreadable.payload, "");
}

/// A field of one endpoint's statistics, which must be a whole number.
fn number(endpoint: &Value, field: &str) -> u64 {
    endpoint[field].as_u64().unwrap_or_else(|| panic!("{field} of {endpoint}"))
}

/// 30 requests, of which 13 fail in four ways, over two instances.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_numbers_of_all_instances_add_up() {
    let server = Server::start().await;
    let _running = [post(&server, None).await, post(&server, None).await];
    let (client, bus) = (server.client().await, bus(&server).await);
    for grams in 1..=12 {
        let weight = bus.request(&Weigh { grams }).await.unwrap();
        assert_eq!(weight, Weight { kilograms: f64::from(grams) / 1000.0 });
        if grams <= 5 {
            bus.request(&Weigh { grams: 1000 + grams }).await.unwrap_err();
            let label = PrintLabel { country: "fr".into(), text: "x".into() };
            bus.request(&label).await.unwrap();
        }
        if grams <= 3 {
            raw(&client, "scales.weigh", r#"{"grams":666}"#).await;
            raw(&client, "scales.weigh", "not JSON").await;
        }
        if grams <= 2 {
            raw(&client, "labels.fr.print", r#"{"country":"fr","text":""}"#).await;
        }
    }

    let answers = ask(&client, "$SRV.STATS.post", 2).await;
    let sum = |endpoint: usize, field: &str| -> u64 {
        answers.iter().map(|answer| number(&answer["endpoints"][endpoint], field)).sum()
    };
    // "The number of requests received by the endpoint", "Number of errors that the endpoint has
    // raised".
    assert_eq!((sum(0, "num_requests"), sum(0, "num_errors")), (23, 11));
    assert_eq!((sum(1, "num_requests"), sum(1, "num_errors")), (7, 2));
    // In nanoseconds; 20 of the requests took a known time at least.
    let least = u64::try_from(WEIGHING.as_nanos()).unwrap() * 20;
    let processing = sum(0, "processing_time");
    assert!((least..60_000_000_000).contains(&processing), "{processing}");

    for endpoint in answers.iter().flat_map(|answer| answer["endpoints"].as_array().unwrap()) {
        let (requests, errors) = (number(endpoint, "num_requests"), number(endpoint, "num_errors"));
        // "Average processing_time is the total processing_time divided by the num_requests"
        let average = number(endpoint, "processing_time").checked_div(requests).unwrap_or(0);
        assert_eq!(number(endpoint, "average_processing_time"), average);
        // "If set, the last error triggered by the endpoint"
        let text = endpoint["last_error"].as_str().expect("text");
        assert_eq!(text.is_empty(), errors == 0, "{endpoint}");
        let known = ["at most 1000 grams", "the scales broke", "expected ident", "no\r\ntext"];
        assert!(errors == 0 || known.iter().any(|known| text.contains(known)), "{text:?}");
    }
    // Asking for them is no request: they have not changed.
    let again = ask(&client, "$SRV.STATS.post", 2).await;
    assert!(answers.iter().all(|answer| again.contains(answer)), "{again:?}");
}
