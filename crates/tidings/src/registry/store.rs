//! Buckets and object stores that a service needs: declared, planned, made and told in one way, those too that its
//! handlers watch.

use std::collections::BTreeSet;

use tidings_contract::{Catalog, CatalogError, Store};

use super::store_spec::StoreSpec;
use super::{Registry, ServeError};
use crate::bucket::Bucket;
use crate::object_store::ObjectStoreConfig;
use crate::stream::{Environment, StreamConfig, StreamDeclaration};
use crate::topology::{self, ProvisionError, StreamPlan, Topology};
use crate::transport::{Fault, Transport};

impl Registry {
    /// Says that it needs the bucket of `V`: it is made where it is missing, as [`streams`](Self::streams) says,
    /// before any handler runs, and stands in the plan and the catalog. A bucket that is
    /// [watched](Self::watch) needs no such word.
    ///
    /// ```
    /// use tidings::ObjectStoreConfig;
    /// use tidings::prelude::*;
    ///
    /// #[derive(Debug, Serialize, Deserialize, JsonSchema, Bucket)]
    /// #[bucket(name = "rates", key = "{currency}")]
    /// struct Rate { currency: String, cents: u64 }
    /// # #[derive(Serialize, Deserialize, JsonSchema, Event)]
    /// # #[event(subject = "users.created")]
    /// # struct UserCreated { name: String }
    /// # async fn welcome(_: UserCreated, _: Context) -> Result<(), Failure> { Ok(()) }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let registry = Registry::new("shop")
    ///     .bucket::<Rate>()
    ///     .object_store(ObjectStoreConfig::new("invoices"))
    ///     .handle::<UserCreated>(welcome);
    /// let bus = Bus::in_memory();
    /// println!("{}", registry.plan(&bus).await?);
    /// let running = registry.start(&bus).await?;
    /// bus.key_value::<Rate>().put(&Rate { currency: "eur".into(), cents: 108 }).await?;
    /// bus.objects("invoices").put("7.pdf", "pages").await?;
    /// # running.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn bucket<V: Bucket>(mut self) -> Self {
        let stream = StreamDeclaration::of::<V>();
        self.stores.push(StoreSpec::Bucket { stream, describe: V::descriptor });
        self
    }

    /// Says that it needs this object store, in the same way as [`bucket`](Self::bucket) says it of a bucket.
    pub fn object_store(mut self, config: ObjectStoreConfig) -> Self {
        self.stores.push(StoreSpec::Objects(config));
        self
    }
}

/// A store that is to be there.
struct Needed {
    config: StreamConfig,
    /// `true` if a handler watches the store.
    is_watched: bool,
}

impl Needed {
    fn failed(&self, source: ProvisionError) -> ServeError {
        let store = self.config.name.clone();
        if self.is_watched {
            ServeError::Provision { message: store, source }
        } else {
            ServeError::Store { store, source }
        }
    }
}

/// Stores that a registry needs, each once.
fn needed(registry: &Registry) -> impl Iterator<Item = Needed> {
    let watches = registry.watches.iter().map(|watch| {
        let config = (watch.stream.config)();
        Needed { config, is_watched: true }
    });
    let stores = registry.stores.iter().map(|store| {
        let config = store.config();
        Needed { config, is_watched: false }
    });
    let mut seen = BTreeSet::new();
    watches.chain(stores).filter(move |needed| seen.insert(needed.config.name.clone()))
}

/// Checks that each can be, and is declared in one way.
pub(super) fn check(registry: &Registry) -> Result<(), ServeError> {
    for (number, store) in registry.stores.iter().enumerate() {
        let StoreSpec::Objects(config) = store else { continue };
        let refused = |problem: String| ServeError::StoreDeclaration {
            registry: registry.name.clone(),
            store: config.name.clone(),
            problem,
        };
        config.try_to_stream().map_err(|error| refused(error.to_string()))?;
        let differs = |other: &StoreSpec| match other {
            StoreSpec::Objects(other) => other.name == config.name && other != config,
            StoreSpec::Bucket { .. } => false,
        };
        if registry.stores[..number].iter().any(differs) {
            return Err(refused("it is declared twice, in two ways".to_owned()));
        }
    }
    Ok(())
}

/// Makes them, as far as the mode lets it.
pub(super) async fn provision(
    registry: &Registry,
    transport: &Transport,
    (mode, environment): (Topology, &Environment),
) -> Result<(), ServeError> {
    for needed in needed(registry) {
        let wanted = environment.fit(needed.config.clone()).config;
        let provisioned = topology::provision(transport, &wanted, mode).await;
        provisioned.map_err(|source| needed.failed(source))?;
    }
    Ok(())
}

/// Plans of those that are not among these streams already.
pub(super) async fn plans(
    registry: &Registry,
    transport: &Transport,
    environment: &Environment,
    planned: &mut Vec<StreamPlan>,
) -> Result<(), ServeError> {
    for needed in needed(registry) {
        if planned.iter().any(|plan| plan.stream == needed.config.name) {
            continue;
        }
        let fitted = environment.fit(needed.config.clone());
        let failed = |fault: Fault| topology::not_planned(fault, &needed.config.name);
        let plan = topology::plan_fitted(transport, fitted).await;
        planned.push(plan.map_err(|fault| needed.failed(failed(fault)))?);
    }
    Ok(())
}

/// Adds what is declared of them, and gives each, those too that are watched.
pub(super) fn describe(
    registry: &Registry,
    catalog: &mut Catalog,
) -> Result<Vec<Store>, CatalogError> {
    for store in &registry.stores {
        match store {
            StoreSpec::Bucket { describe, .. } => catalog.add(describe())?,
            StoreSpec::Objects(config) => {
                let config = config.to_stream();
                catalog.add_stream(config.name.clone(), config.to_value())?;
            }
        }
    }
    Ok(needed(registry).filter_map(|needed| Store::of_stream(&needed.config.name)).collect())
}
