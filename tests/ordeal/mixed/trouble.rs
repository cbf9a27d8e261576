//! What happens to instances, wires, consumer and stream.

use std::time::Duration;

use anyhow::{Result, anyhow};
use async_nats::jetstream::consumer::{self, FromConsumer as _};
use tidings::prelude::*;
use tidings_tests::eventually;
use tokio::time::sleep;

use super::version::{CONSUMER, Shop, Version};
use super::{MEMBERS, Mixed, PATIENCE};
use tidings_tests::Chance;

/// For how long a wire loses what is said, at least and at most.
const LOSING_MILLIS: (u64, u64) = (100, 500);
/// For how long the leaf is cut off.
const CUT_OFF: Duration = Duration::from_secs(1);

/// Something that happens.
#[derive(Debug, Clone, Copy)]
pub(super) enum Trouble {
    /// An instance ends in good order, and another of some version comes in its place.
    Replace,
    /// An instance is killed, and another comes in its place.
    Kill,
    /// What an instance says is lost for a moment, acks among it; then its connection ends.
    LoseAcks,
    /// What a server says to an instance is lost for a moment; then the connection ends.
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

impl Trouble {
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

    /// This many, in some order, and as many of each as can be.
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
    pub(super) async fn meet(&mut self, trouble: Trouble) -> Result<()> {
        let place = usize::try_from(self.chance.below(MEMBERS as u64))?;
        let (least, most) = LOSING_MILLIS;
        let losing = Duration::from_millis(least + self.chance.below(most - least));
        match trouble {
            Trouble::Replace => {
                let version = self.next_version(place);
                let next = self.member(place, version).await?;
                std::mem::replace(&mut self.members[place], next).leave().await?;
            }
            Trouble::Kill => {
                self.account.trouble();
                let version = self.next_version(place);
                let next = self.member(place, version).await?;
                std::mem::replace(&mut self.members[place], next).die();
                self.account.over();
            }
            Trouble::LoseAcks | Trouble::LoseAnswers => {
                self.account.trouble();
                let wire = &self.members[place].wire;
                if matches!(trouble, Trouble::LoseAcks) {
                    wire.lose_questions();
                } else {
                    wire.lose_answers();
                }
                // How long it lasts is what is tried.
                sleep(losing).await;
                wire.cut();
                self.account.over();
            }
            Trouble::CutLeaf => {
                self.account.trouble();
                self.link.sever();
                sleep(CUT_OFF).await;
                self.link.mend();
                self.account.over();
            }
            Trouble::EditConsumer => self.edit_consumer().await?,
            Trouble::DeleteConsumer => {
                self.account.trouble();
                let stream = self.jetstream.get_stream(Shop::NAME).await?;
                stream.delete_consumer(CONSUMER).await?;
                self.account.over();
            }
            Trouble::EditStream => {
                let mut stream = self.jetstream.get_stream(Shop::NAME).await?;
                let mut config = stream.info().await?.config.clone();
                config.description = Some(format!("changed by hand, {}", self.chance.below(99)));
                config.max_age = Duration::from_secs(3600 + self.chance.below(3600));
                self.jetstream.update_stream(config).await?;
            }
            Trouble::RecreateStream => {
                let all = u32::try_from(self.account.published())?;
                self.all_handled(all).await?;
                self.account.trouble();
                self.jetstream.delete_stream(Shop::NAME).await?;
                self.bus.provision::<Shop>().await?;
                self.account.over();
            }
        }
        Ok(())
    }

    /// Some version, and the new one where it would be the last instance that knows all events.
    fn next_version(&mut self, place: usize) -> Version {
        let others = self.members.iter().enumerate().filter(|(other, _)| *other != place);
        let new = others.filter(|(_, member)| member.version == Version::New).count();
        if new == 0 || self.chance.below(2) == 0 { Version::New } else { Version::Old }
    }

    async fn edit_consumer(&mut self) -> Result<()> {
        let stream = self.jetstream.get_stream(Shop::NAME).await?;
        // One that was deleted is made again by whoever reads it.
        let there = || stream.get_consumer::<consumer::pull::Config>(CONSUMER);
        let found = eventually(PATIENCE, "the consumer is there", there).await;
        let config = found.cached_info().config.clone();
        let mut config = consumer::pull::Config::try_from_consumer_config(config)
            .map_err(|error| anyhow!("not what a route reads: {error}"))?;
        config.description = Some("changed by hand".to_owned());
        config.max_ack_pending = 500 + i64::try_from(self.chance.below(500))?;
        stream.update_consumer(config).await?;
        Ok(())
    }
}
