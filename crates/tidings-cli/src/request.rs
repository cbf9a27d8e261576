//! `tidings request`.

use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use humantime::parse_duration;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tidings::Headers;
use tidings_contract::{Contract, Kind};

use crate::connect::Connection;
use crate::draft::Draft;
use crate::exit::Exit;
use crate::output::Output;
use crate::validator::{self, Problem};
use crate::{draft, terminal};

/// Sends one request, and prints its reply or the error that it declares.
///
/// The payload is checked by what the contract says that a writer writes, the answer by what a reader takes.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    tidings request inventory.check --json '{\"sku\": \"a-1\"}' --timeout 2s")]
pub(crate) struct Request {
    #[command(flatten)]
    draft: Draft,
    /// Longest time that the answer may take.
    #[arg(long, default_value = "5s", value_parser = parse_duration)]
    timeout: Duration,
    /// Sends nothing, and shows what would be sent.
    #[arg(long)]
    dry_run: bool,
}

impl Request {
    pub(crate) async fn run(
        self,
        connection: &Connection,
        output: &mut Output,
    ) -> anyhow::Result<Exit> {
        let ready = self.draft.prepare(Kind::Request)?;
        let tag = ready.message.tag();
        let told = json!({"message": tag, "subject": ready.subject, "dry_run": self.dry_run});
        if self.dry_run {
            let mut told = told;
            told["headers"] = json!(ready.header_lines());
            output.write(|| ready.text(), || told)?;
            return Ok(Exit::Done);
        }
        let mut client = connection.client().await?;
        let draft::Ready { message, subject, headers, payload } = ready;
        let answer = client
            .ask(&subject, headers, payload.into(), self.timeout)
            .await
            .with_context(|| format!("{tag} has no reply"))?;
        let header = |name: &str| {
            let headers = answer.headers.as_ref()?;
            headers
                .iter()
                .find(|(key, _)| key.to_string().eq_ignore_ascii_case(name))
                .and_then(|(_, values)| Some(values.first()?.to_string()))
        };
        let code = header(Headers::SERVICE_ERROR_CODE);
        let description = header(Headers::SERVICE_ERROR);
        let is_error = code.is_some() || description.is_some();
        let contract = if is_error { &message.error } else { &message.reply };
        let problems = match contract {
            // An error without a body is not the declared one.
            _ if is_error && answer.payload.is_empty() => Vec::new(),
            Some(contract) => problems(contract, &answer.payload)?,
            None => Vec::new(),
        };
        let body = String::from_utf8_lossy(&answer.payload).into_owned();
        let text = || {
            let mut lines = Vec::new();
            if is_error {
                let code = code.as_deref().unwrap_or_default();
                let description = description.as_deref().unwrap_or_default();
                lines.push(terminal::line(&format!("error {code}: {description}")));
            }
            lines.push(terminal::line(&body));
            lines.extend(
                problems.iter().map(|one| format!("  ! {}", terminal::line(&one.to_string()))),
            );
            lines.join("\n")
        };
        let shown = || {
            let mut told = told.clone();
            told["error"] = if is_error {
                json!({"code": code, "description": description})
            } else {
                Value::Null
            };
            told["problems"] = json!(problems);
            Shown { told, payload: RawValue::from_string(body.replace(['\n', '\r'], " ")).ok() }
        };
        output.write(text, shown)?;
        Ok(match (is_error, problems.is_empty()) {
            (_, false) => Exit::Differs,
            (true, true) => Exit::Failed,
            (false, true) => Exit::Done,
        })
    }
}

/// An answer as JSON.
#[derive(serde::Serialize)]
struct Shown {
    #[serde(flatten)]
    told: Value,
    payload: Option<Box<RawValue>>,
}

fn problems(contract: &Contract, payload: &[u8]) -> anyhow::Result<Vec<Problem>> {
    Ok(match serde_json::from_slice(payload) {
        Ok(document) => validator::problems(&validator::build(contract.read())?, &document),
        Err(error) => vec![Problem::new(format!("it is no JSON: {error}"))],
    })
}
