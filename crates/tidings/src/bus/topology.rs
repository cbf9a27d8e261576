//! Streams and consumers of a bus: creating them, planning changes, and making these.

use super::Bus;
use crate::claim_check::store_config;
use crate::stream::{EventStream, Fitted, StreamConfig};
use crate::topology::{
    self, ApplyConsumerError, ApplyError, ConsumerPlan, ListError, ProvisionError, Provisioned,
    StreamPlan, Topology,
};
use crate::transport::{ConsumerInfo, StreamInfo};

impl Bus {
    /// Creates the stream `S` where it is missing. One that is there and keeps the same subjects
    /// is left as it is; what else is different is logged as a warning. [`plan`](Self::plan) and
    /// [`apply`](Self::apply) change it. So is the object store of its large events, where it declares one.
    ///
    /// # Errors
    /// [`ProvisionError`], also where it is there and does not keep a declared subject.
    ///
    /// # Cancel safety
    /// Dropping the future leaves it unknown whether the stream was created; calling it again is
    /// safe.
    pub async fn provision<S: EventStream>(&self) -> Result<Provisioned, ProvisionError> {
        let Fitted { config, .. } = self.link.environment.fit(S::config());
        let transport = &self.link.transport;
        if let Some(store) = S::LARGE_STORE {
            let store = store_config(&store, &config);
            topology::provision(transport, &store, Topology::CreateOnly).await?;
        }
        topology::provision(transport, &config, Topology::CreateOnly).await
    }

    /// Looks at the object store of the large events of `S` and says what is to be done so that it is as
    /// declared, which [`apply`](Self::apply) does; `None` where `S` declares none. Nothing is touched.
    ///
    /// # Errors
    /// As [`plan`](Self::plan); [`ProvisionError::Name`] for a name that no stream can have.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn plan_large_store<S: EventStream>(
        &self,
    ) -> Result<Option<StreamPlan>, ProvisionError> {
        let Some(store) = S::LARGE_STORE else { return Ok(None) };
        let Fitted { config, .. } = self.link.environment.fit(S::config());
        self.plan_stream(&store_config(&store, &config)).await.map(Some)
    }

    /// Looks at the stream `S` and says what is to be done so that it is as declared. Nothing is
    /// touched.
    ///
    /// ```
    /// # use tidings::prelude::*;
    /// # #[derive(EventStream)]
    /// # #[stream(name = "ORDERS", subjects("orders.>"), max_age = "7d")]
    /// # struct Orders;
    /// use tidings::{PlanAction, StreamConfig};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let bus = Bus::in_memory();
    /// let mut day = StreamConfig::new("ORDERS", ["orders.>"]);
    /// day.max_age = Some(Duration::from_secs(24 * 3600));
    /// bus.apply(bus.plan_stream(&day).await?).await?;
    ///
    /// let plan = bus.plan::<Orders>().await?;
    /// assert_eq!(plan.to_string(), "stream ORDERS: change\n  max_age: 1d -> 7d");
    /// bus.apply(plan).await?;
    ///
    /// // What would lose messages is refused, unless it is said.
    /// let plan = bus.plan_stream(&day).await?;
    /// assert_eq!(plan.action, PlanAction::Refuse);
    /// bus.apply(plan.allow_data_loss()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ProvisionError`] if the server can't be asked.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn plan<S: EventStream>(&self) -> Result<StreamPlan, ProvisionError> {
        self.plan_stream(&S::config()).await
    }

    /// Plans a stream whose type is not known here: [`StreamConfig::from_json`] reads one. Where the bus
    /// makes streams as its environment asks ([`BusBuilder::single_node`](crate::BusBuilder::single_node)),
    /// so does the plan.
    ///
    /// # Errors
    /// As [`plan`](Self::plan).
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn plan_stream(&self, wanted: &StreamConfig) -> Result<StreamPlan, ProvisionError> {
        tidings_subject::check_stream_name(&wanted.name).map_err(|problem| {
            let stream = wanted.name.chars().take(64).collect();
            ProvisionError::Name { stream, problem }
        })?;
        let fitted = self.link.environment.fit(wanted.clone());
        let planned = topology::plan_fitted(&self.link.transport, fitted).await;
        planned.map_err(|fault| topology::not_planned(fault, &wanted.name))
    }

    /// Does what a plan says. The stream is looked at again first: if it is not what it was when
    /// the plan was made, nothing is done. Between that look and the change somebody else may
    /// still change it, since NATS has no way to say "only if".
    ///
    /// # Errors
    /// [`ApplyError`], also for a plan that is refused.
    ///
    /// # Cancel safety
    /// Dropping the future leaves it unknown whether the stream was changed; planning again tells.
    pub async fn apply(&self, plan: StreamPlan) -> Result<(), ApplyError> {
        topology::apply(&self.link.transport, plan).await
    }

    /// Does what `Registry::plan` says of a durable consumer, if the consumer still is what it was.
    /// A start does of it what loses nothing; this also takes filters away, where that is said:
    ///
    /// ```
    /// # use tidings::prelude::*;
    /// # #[derive(EventStream)]
    /// # #[stream(name = "USERS", subjects("users.>"))]
    /// # struct Users;
    /// # #[derive(Serialize, Deserialize, JsonSchema, Event)]
    /// # #[event(subject = "users.created", stream = Users)]
    /// # struct UserCreated { name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let bus = Bus::in_memory();
    /// # bus.provision::<Users>().await?;
    /// # async fn welcome(_: UserCreated, _: Context) -> Result<(), Failure> { Ok(()) }
    /// # let registry = Registry::new("mail").handle::<UserCreated>(welcome);
    /// for plan in registry.plan(&bus).await?.consumers {
    ///     println!("{plan}");
    ///     bus.apply_consumer(plan.allow_data_loss()).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ApplyConsumerError`]: the plan says no, the consumer was changed meanwhile, or the server
    /// refuses.
    ///
    /// # Cancel safety
    /// If the future is dropped, the consumer may have been changed.
    pub async fn apply_consumer(&self, plan: ConsumerPlan) -> Result<(), ApplyConsumerError> {
        topology::apply_consumer(&self.link.transport, plan).await
    }

    /// Lists all streams of the server's account, by name, with their configurations and what they hold,
    /// whatever program made them.
    ///
    /// ```
    /// # use tidings::prelude::*;
    /// # #[derive(EventStream)]
    /// # #[stream(name = "ORDERS", subjects("orders.>"))]
    /// # struct Orders;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let bus = Bus::in_memory();
    /// # bus.provision::<Orders>().await?;
    /// for stream in bus.streams().await? {
    ///     println!("{}: {} messages", stream.config.name, stream.state.messages);
    ///     for consumer in bus.consumers(&stream.config.name).await? {
    ///         println!("  {}: {} to come", consumer.name, consumer.state.pending);
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ListError`]
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn streams(&self) -> Result<Vec<StreamInfo>, ListError> {
        self.link.transport.streams().await.map_err(|fault| ListError::of(fault, ""))
    }

    /// Lists the durable consumers of the stream of this name, by name, with how far each has come.
    ///
    /// # Errors
    /// [`ListError`], also where there is no such stream.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn consumers(&self, stream: &str) -> Result<Vec<ConsumerInfo>, ListError> {
        tidings_subject::check_stream_name(stream).map_err(|problem| ListError::Name {
            stream: stream.to_owned(),
            problem: problem.to_string(),
        })?;
        let listed = self.link.transport.consumers(stream).await;
        listed.map_err(|fault| ListError::of(fault, stream))
    }
}
