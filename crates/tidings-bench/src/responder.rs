//! Responder to the requests of both sides: by hand, on a connection and a thread of its own.

use std::thread;

use anyhow::{Context as _, Result};
use async_nats::Subject;
use bytes::Bytes;
use futures_util::StreamExt as _;
use tidings::Message;
use tokio::sync::oneshot;

use crate::environment::barrier;
use crate::event::{Order, Price, PriceOrder};

/// Starts it; when this returns it listens. It answers until the process ends, and always the
/// same: what it would do with a request is nothing that is measured.
pub(crate) async fn start(url: String) -> Result<()> {
    let (listens, listening) = oneshot::channel();
    thread::Builder::new().name("responder".to_owned()).spawn(move || respond(&url, listens))?;
    listening.await.context("the responder has ended")
}

fn respond(url: &str, listens: oneshot::Sender<()>) -> Result<()> {
    let request = PriceOrder::numbered(0);
    let subject = request.subject()?.to_string();
    let reply = Price { order_id: request.order_id, total_cents: request.total_cents };
    let reply = Bytes::from(serde_json::to_vec(&reply)?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let client = async_nats::connect(url).await?;
        let mut requests = client.queue_subscribe(Subject::from(subject), "bench".into()).await?;
        barrier(&client).await?;
        // Nobody waits for it if the start was given up.
        let _ = listens.send(());
        while let Some(request) = requests.next().await {
            if let Some(asker) = request.reply {
                client.publish(asker, reply.clone()).await?;
            }
        }
        Ok(())
    })
}
