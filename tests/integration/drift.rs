//! Drift: what is planned for a field that differs is what a server does when it is asked.

mod consumer;
mod mode;
mod stream;

use async_nats::Client;
use serde_json::Value;

/// Calls the JetStream API without any of Tidings.
async fn api(client: &Client, call: &str, request: &Value) -> Value {
    let payload = if request.is_null() { String::new() } else { request.to_string() };
    let answer = client.request(format!("$JS.API.{call}"), payload.into()).await.unwrap();
    serde_json::from_slice(&answer.payload).unwrap()
}

/// Description of the server's refusal, if it refuses.
fn refusal(answer: &Value) -> Option<String> {
    let error = answer.get("error")?;
    Some(error["description"].as_str().unwrap().to_owned())
}
