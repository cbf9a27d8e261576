//! Tests of a configuration: what it reads, what it refuses, and what it never shows.

use serde_json::{Value, json};

use super::*;

fn read(value: Value) -> Result<BusConfig, String> {
    serde_json::from_value(value).map_err(|error| error.to_string())
}

#[test]
fn every_key_can_be_given_and_nothing_that_is_secret_is_shown() {
    let mut given = json!({
        "servers": ["nats://ann:s3cret@a", "b"], "name": "shop", "inbox_prefix": "_I",
        "root_certificates": "ca.pem", "client_certificate": "c.pem", "client_key": "c.key",
        "require_tls": true, "tls_first": false, "jetstream_domain": "hub",
        "connect_timeout": "2s", "request_timeout": "1m 30s", "publish_timeout": "500ms",
        "ack_timeout": "1s", "close_timeout": "3s", "shutdown_timeout": "20s",
        "max_reconnects": 7, "reconnect_delay_min": "10ms", "reconnect_delay_max": "1s",
        "ping_interval": "5s", "single_node": true, "subscription_capacity": 10,
    });
    let identities = json!({
        "token": "s3cret", "user": "ann", "password": "s3cret", "nkey": "s3cret",
        "credentials": "s3cret", "credentials_file": "a.creds", "jwt": "s3cret",
        "jwt_seed": "s3cret", "jetstream_prefix": "js", "stream_replicas": 3,
    });
    let builder = read(given.clone()).unwrap().builder().unwrap();
    assert_eq!(builder.timeouts.request, Duration::from_secs(90));
    assert_eq!(builder.options.jetstream_prefix.as_deref(), Some("$JS.hub.API"));
    assert_eq!(builder.options.reconnect.most, Some(7));
    assert_eq!(builder.options.servers, ["nats://ann:s3cret@a", "b"]);
    let given = given.as_object_mut().unwrap();
    given.extend(identities.as_object().unwrap().clone());
    let mut known: Vec<_> = given.keys().map(String::as_str).collect();
    let mut keys = BusConfig::KEYS.to_vec();
    known.sort_unstable();
    keys.sort_unstable();
    assert_eq!(known, keys, "this test gives every key");
    let config = read(Value::Object(given.clone())).unwrap();
    for text in [format!("{config:?}"), format!("{config:#?}")] {
        assert!(!text.contains("s3cret") && text.contains("nats://a"), "{text}");
    }
}

#[test]
fn a_key_or_a_value_that_is_wrong_is_named_and_no_secret_is() {
    for (given, said) in [
        (json!({ "sever": "a" }), "unknown key `sever`: did you mean `servers`?"),
        (json!({ "colour": "s3cret" }), "unknown key `colour`: there are `servers`, "),
        (json!({ "connect_timeout": 5 }), "write \"5s\""),
        (json!({ "connect_timeout": "soon" }), "no duration"),
        (json!({ "token": 12345 }), "a secret is a text"),
    ] {
        let error = read(given).unwrap_err();
        assert!(error.contains(said), "{error}");
        assert!(!error.contains("s3cret") && !error.contains("12345"), "{error}");
    }
}

#[test]
fn what_contradicts_itself_names_both_keys() {
    for (given, first, second) in [
        (json!({ "user": "a" }), "user", "password"),
        (json!({ "client_key": "a" }), "client_key", "client_certificate"),
        (json!({ "token": "a", "nkey": "b" }), "token", "nkey"),
        (json!({ "single_node": true, "stream_replicas": 3 }), "single_node", "stream_replicas"),
        (json!({ "stream_replicas": 6 }), "stream_replicas", "1 to 5"),
    ] {
        let error = read(given).unwrap().builder().map(drop).unwrap_err().to_string();
        assert!(error.contains(first) && error.contains(second), "{error}");
    }
}
