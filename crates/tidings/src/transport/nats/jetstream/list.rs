//! Lists of streams and of consumers, page by page.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::admin::{WireConsumer, WireStream};
use crate::transport::nats::connection::nats::Nats;
use crate::transport::{ConsumerInfo, Fault, StreamInfo};

#[derive(Serialize)]
struct Offset {
    offset: usize,
}

/// A page of a list, and how much there is in all.
trait Page: DeserializeOwned {
    type Item;

    fn split(self) -> (Vec<Self::Item>, usize);
}

#[derive(Deserialize)]
struct Streams {
    /// `null` where there is none.
    streams: Option<Vec<WireStream>>,
    total: usize,
}

impl Page for Streams {
    type Item = WireStream;

    fn split(self) -> (Vec<WireStream>, usize) {
        (self.streams.unwrap_or_default(), self.total)
    }
}

#[derive(Deserialize)]
struct Consumers {
    consumers: Option<Vec<WireConsumer>>,
    total: usize,
}

impl Page for Consumers {
    type Item = WireConsumer;

    fn split(self) -> (Vec<WireConsumer>, usize) {
        (self.consumers.unwrap_or_default(), self.total)
    }
}

impl Nats {
    pub(crate) async fn streams(&self) -> Result<Vec<StreamInfo>, Fault> {
        let all = self.pages::<Streams>("STREAM.LIST").await?;
        all.into_iter().map(WireStream::info).collect()
    }

    pub(crate) async fn consumers(&self, stream: &str) -> Result<Vec<ConsumerInfo>, Fault> {
        let all = self.pages::<Consumers>(&format!("CONSUMER.LIST.{stream}")).await?;
        Ok(all.into_iter().filter_map(WireConsumer::info).collect())
    }

    async fn pages<P: Page>(&self, call: &str) -> Result<Vec<P::Item>, Fault> {
        let mut all = Vec::new();
        loop {
            let from = Offset { offset: all.len() };
            let (page, total) = self.api::<P>(call.to_owned(), &from).await?.split();
            let is_last = page.is_empty();
            all.extend(page);
            if is_last || all.len() >= total {
                return Ok(all);
            }
        }
    }
}
