//! Faults of instances, wires, consumer and stream.

use std::time::Duration;

use anyhow::{Result, anyhow};
use async_nats::jetstream::consumer::{self, FromConsumer as _};
use tidings::prelude::*;
use tidings_tests::eventually;
use tokio::time::sleep;

use super::version::{CONSUMER, Shop, Version};
use super::{MEMBERS, Mixed, TIMEOUT};
use tidings_tests::Chance;

/// Times for which a wire loses what is said, at least and at most, in milliseconds.
const LOSING_MILLIS: (u64, u64) = (100, 500);
/// Time for which the leaf is cut off.
const CUT_OFF: Duration = Duration::from_secs(1);

/// Something that happens.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fault {
    /// An instance ends in good order, and another of some version comes in its place.
    Replace,
    /// An instance is killed, and another comes in its place.
    Kill,
    /// Loss of what an instance says for a moment, acks among it; then its connection ends.
    LoseAcks,
    /// Loss of what a server says to an instance for a moment; then the connection ends.
    LoseAnswers,
    /// The leaf's link ends for a second.
    CutLeaf,
    /// The consumer's policy is changed by hand.
    EditConsumer,
    /// The consumer is deleted by hand.
    DeleteConsumer,
    /// The stream is changed by hand.
    EditStream,
    /// The stream is deleted by hand once all of it is handled, and made again.
    RecreateStream,
}

impl Fault {
    const ALL: [Self; 9] = [
        Self::Replace,
        Self::Kill,
        Self::LoseAcks,
        Self::LoseAnswers,
        Self::CutLeaf,
        Self::EditConsumer,
        Self::DeleteConsumer,
        Self::EditStream,
        Self::RecreateStream,
    ];

    /// Faults of this number, in some order, and as many of each as can be.
    pub(super) fn sequence(chance: &mut Chance, count: u32) -> Vec<Self> {
        let mut left: Vec<Self> = Vec::new();
        let draw = |_| {
            if left.is_empty() {
                left.extend(Self::ALL);
            }
            let at = chance.below(left.len() as u64);
            left.swap_remove(usize::try_from(at).unwrap_or_default())
        };
        (0..count).map(draw).collect()
    }
}

impl Mixed {
    /// Lets something happen, and returns when it is over.
    pub(super) async fn meet(&mut self, fault: Fault) -> Result<()> {
        let place = usize::try_from(self.chance.below(MEMBERS as u64))?;
        let (least, most) = LOSING_MILLIS;
        let losing = Duration::from_millis(least + self.chance.below(most - least));
        match fault {
            Fault::Replace => {
                let version = self.next_version(place);
                let next = self.instance(place, version).await?;
                std::mem::replace(&mut self.instances[place], next).leave().await?;
            }
            Fault::Kill => {
                self.record.fault();
                let version = self.next_version(place);
                let next = self.instance(place, version).await?;
                std::mem::replace(&mut self.instances[place], next).die();
                self.record.over();
            }
            Fault::LoseAcks | Fault::LoseAnswers => {
                self.record.fault();
                let wire = &self.instances[place].wire;
                if matches!(fault, Fault::LoseAcks) {
                    wire.lose_questions();
                } else {
                    wire.lose_answers();
                }
                // How long it lasts is what is tried.
                sleep(losing).await;
                wire.cut();
                self.record.over();
            }
            Fault::CutLeaf => {
                self.record.fault();
                self.link.sever();
                sleep(CUT_OFF).await;
                self.link.mend();
                self.record.over();
            }
            Fault::EditConsumer => self.edit_consumer().await?,
            Fault::DeleteConsumer => {
                self.record.fault();
                let stream = self.jetstream.get_stream(Shop::NAME).await?;
                stream.delete_consumer(CONSUMER).await?;
                self.record.over();
            }
            Fault::EditStream => {
                let mut stream = self.jetstream.get_stream(Shop::NAME).await?;
                let mut config = stream.info().await?.config.clone();
                config.description = Some(format!("changed by hand, {}", self.chance.below(99)));
                config.max_age = Duration::from_secs(3600 + self.chance.below(3600));
                self.jetstream.update_stream(config).await?;
            }
            Fault::RecreateStream => {
                let all = u32::try_from(self.record.published())?;
                self.all_handled(all).await?;
                self.record.fault();
                self.jetstream.delete_stream(Shop::NAME).await?;
                self.bus.provision::<Shop>().await?;
                self.record.over();
            }
        }
        Ok(())
    }

    /// Version of the next instance: any, and the new one where it would be the last instance that
    /// knows all events.
    fn next_version(&mut self, place: usize) -> Version {
        let others = self.instances.iter().enumerate().filter(|(other, _)| *other != place);
        let new = others.filter(|(_, instance)| instance.version == Version::New).count();
        if new == 0 || self.chance.below(2) == 0 { Version::New } else { Version::Old }
    }

    async fn edit_consumer(&mut self) -> Result<()> {
        let stream = self.jetstream.get_stream(Shop::NAME).await?;
        // One that was deleted is made again by whoever reads it.
        let there = || stream.get_consumer::<consumer::pull::Config>(CONSUMER);
        let found = eventually(TIMEOUT, "the consumer is there", there).await;
        let config = found.cached_info().config.clone();
        let mut config = consumer::pull::Config::try_from_consumer_config(config)
            .map_err(|error| anyhow!("not what a route reads: {error}"))?;
        config.description = Some("changed by hand".to_owned());
        config.max_ack_pending = 500 + i64::try_from(self.chance.below(500))?;
        stream.update_consumer(config).await?;
        Ok(())
    }
}
