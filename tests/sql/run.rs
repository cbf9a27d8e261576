//! Runs of the ordeal: all parts are started, killed as the seed says, and looked at in the end.

use std::time::Duration;

use anyhow::{Result, bail};
use sqlx::Pool;
use tidings::prelude::*;
use tidings_tests::{Chance, Server};
use tokio::time::{Instant, sleep};

use crate::event::Orders;
use crate::option::Options;
use crate::process::Process;
use crate::store::{Host as _, Store};
use crate::verify;

/// Longest time in which nothing may come on.
const STALL: Duration = Duration::from_mins(2);
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);
/// Time that a server is away once it is killed, in milliseconds, at most.
const OUTAGE: u64 = 400;
/// Number of consumers.
const CONSUMERS: usize = 2;

/// Things that are killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Service,
    Relay,
    Consumer,
    Database,
    Server,
}

struct Shop<Db: Store> {
    host: Db::Host,
    server: Server,
    pool: Pool<Db>,
    service: Process,
    relay: Process,
    consumers: Vec<Process>,
    chance: Chance,
}

pub(crate) async fn run<Db: Store>(options: &Options) -> Result<()> {
    let begun = Instant::now();
    println!("{} {options:?}", Db::NAME);
    let (host, server) = tokio::join!(Db::host(), Server::start());
    let host = host?;
    let pool = Db::pool(&host.url())?;
    tidings_sql::migrate(&pool).await?;
    Db::create(&pool).await?;
    let bus = Bus::connect(server.url()).await?;
    bus.provision::<Orders>().await?;

    let start = |role| Process::start(role, &host.url(), &server.url(), options.orders);
    let (service, relay) = (start("service")?, start("relay")?);
    let consumers = (0..CONSUMERS).map(|_| start("consumer")).collect::<Result<_>>()?;
    let chance = Chance::new(options.seed, 0);
    let mut shop = Shop { host, server, pool, service, relay, consumers, chance };
    let mut strikes = shop.strikes(options)?;
    let kills = strikes.len();
    strikes.reverse();

    let (mut effects, mut moved) = (0, Instant::now());
    let orders = options.orders;
    while effects < orders || !strikes.is_empty() {
        let now = Db::effects(&shop.pool).await?;
        if now > effects {
            (effects, moved) = (now, Instant::now());
        }
        if moved.elapsed() > STALL {
            bail!("{effects} effects of {orders} orders, and no more");
        }
        if strikes.last().is_some_and(|(at, _)| i64::from(*at) <= effects)
            && let Some((_, target)) = strikes.pop()
        {
            shop.strike(target).await?;
            continue;
        }
        shop.look()?;
        sleep(BETWEEN_LOOKS).await;
    }
    println!("{kills} kills, all effects after {:.1?}", begun.elapsed());
    let counts = verify::settled(&shop.pool, &bus, orders).await?;
    let before: u64 = shop.consumers.iter().map(Process::lines).sum();
    println!("{counts}; {before} redeliveries had no second effect; {:.1?}", begun.elapsed());
    Ok(())
}

impl<Db: Store> Shop<Db> {
    /// Numbers of effects at which something is killed, in order.
    fn strikes(&mut self, options: &Options) -> Result<Vec<(u32, Target)>> {
        let orders = u32::try_from(options.orders)?;
        let mut strikes = Vec::new();
        for target in
            [Target::Service, Target::Relay, Target::Consumer, Target::Database, Target::Server]
        {
            // A database that is a file dies with whoever writes there.
            if target != Target::Database || Db::Host::IS_PROCESS {
                let places = self.chance.places(options.kills, orders);
                strikes.extend(places.into_iter().map(|at| (at, target)));
            }
        }
        strikes.sort_by_key(|(at, _)| *at);
        Ok(strikes)
    }

    async fn strike(&mut self, target: Target) -> Result<()> {
        let outage = Duration::from_millis(self.chance.below(OUTAGE));
        match target {
            Target::Service => self.service.strike().await,
            Target::Relay => self.relay.strike().await,
            Target::Consumer => {
                let which = self.chance.below(CONSUMERS as u64);
                self.consumers[usize::try_from(which)?].strike().await
            }
            Target::Database => {
                self.host.kill();
                sleep(outage).await;
                self.host.restart().await;
                Ok(())
            }
            Target::Server => {
                self.server.kill();
                sleep(outage).await;
                self.server.restart().await;
                Ok(())
            }
        }
    }

    fn look(&mut self) -> Result<()> {
        self.service.look()?;
        self.relay.look()?;
        self.consumers.iter_mut().try_for_each(Process::look)
    }
}
