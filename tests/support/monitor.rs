//! Monitoring port of a server, which tells of itself there.

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The JSON under `path`, such as `/jsz`; `address` is `127.0.0.1:<port>`.
pub(crate) async fn get(address: &str, path: &str) -> Result<Value> {
    let mut connection = TcpStream::connect(address).await.context("can't reach the monitor")?;
    // HTTP/1.0: the answer ends with the connection and comes in one piece.
    let question = format!("GET {path} HTTP/1.0\r\n\r\n");
    connection.write_all(question.as_bytes()).await?;
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).await?;

    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").context("the monitor's answer has no body")?;
    let status = head.lines().next().unwrap_or_default();
    if !status.contains(" 200 ") {
        bail!("{path}: {status}: {body}");
    }
    serde_json::from_str(body).with_context(|| format!("{path} gave no JSON: {body}"))
}
