//! Options that a program can switch on, beside the same without them: in these rows the left side is a
//! registry as it comes, the right one the same with metrics, with traces, or in a stack of three layers.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use metrics_exporter_prometheus::PrometheusBuilder;
use opentelemetry::global;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tidings::{Bus, HandlerRequest, Registry, Traces};
use tower::ServiceBuilder;

use super::{core_receive, stream_consume};
use crate::environment::Environment;
use crate::lap::Lap;

pub(crate) async fn metrics_handle(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    let bus = measured(&environment)?;
    core_receive::handle(environment, count, bus, Registry::new("bench")).await
}

pub(crate) async fn metrics_consume_64(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    let bus = measured(&environment)?;
    stream_consume::handle_64(environment, count, bus, Registry::new("bench")).await
}

/// The bus with a recorder as a program has one: Prometheus's, with buckets.
fn measured(environment: &Environment) -> Result<Bus> {
    static RECORDER: std::sync::Once = std::sync::Once::new();
    let recorder =
        PrometheusBuilder::new().set_buckets(&[1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0])?;
    // A second lap finds the first one's.
    RECORDER.call_once(|| {
        let handle = recorder.install_recorder();
        // As an exporter does it: what handlers took goes into its buckets from time to time.
        tokio::spawn(async move {
            while let Ok(handle) = &handle {
                tokio::time::sleep(Duration::from_secs(5)).await;
                handle.run_upkeep();
            }
        });
    });
    Ok(environment.bus.with_metrics(Duration::from_secs(1)))
}

pub(crate) async fn traces_handle(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    let bus = traced(&environment, Traces::new());
    core_receive::handle(environment, count, bus, Registry::new("bench")).await
}

pub(crate) async fn traces_handle_sampled(
    environment: Arc<Environment>,
    count: usize,
) -> Result<Lap> {
    let bus = traced(&environment, Traces::new().sampled_only());
    core_receive::handle(environment, count, bus, Registry::new("bench")).await
}

pub(crate) async fn traces_consume_64(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    let bus = traced(&environment, Traces::new());
    stream_consume::handle_64(environment, count, bus, Registry::new("bench")).await
}

/// The bus with a provider that records nothing: what is left is what each message costs.
fn traced(environment: &Environment, traces: Traces) -> Bus {
    static PROVIDER: std::sync::Once = std::sync::Once::new();
    PROVIDER.call_once(|| {
        let provider = SdkTracerProvider::builder().with_sampler(Sampler::AlwaysOff);
        global::set_tracer_provider(provider.build());
    });
    environment.bus.with_traces(traces)
}

pub(crate) async fn layers_handle(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    let bus = environment.bus.clone();
    core_receive::handle(environment, count, bus, layered()).await
}

pub(crate) async fn layers_consume_64(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    let bus = environment.bus.clone();
    stream_consume::handle_64(environment, count, bus, layered()).await
}

/// A stack of three layers that look at each message.
fn layered() -> Registry {
    let look = |request: HandlerRequest| {
        std::hint::black_box(request.attempt());
        request
    };
    let layers = ServiceBuilder::new().map_request(look).map_request(look).map_request(look);
    Registry::new("bench").layer(layers)
}

pub(crate) async fn tower_handle(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    let bus = environment.bus.clone();
    core_receive::handle(environment, count, bus, limited()).await
}

pub(crate) async fn tower_consume_64(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    let bus = environment.bus.clone();
    stream_consume::handle_64(environment, count, bus, limited()).await
}

/// Tower's own, as the guide has them.
fn limited() -> Registry {
    let layers =
        ServiceBuilder::new().load_shed().concurrency_limit(64).timeout(Duration::from_secs(30));
    Registry::new("bench").layer(layers)
}
