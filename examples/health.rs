//! Probes of a service over HTTP, and an end within the 30 seconds that Kubernetes gives it.
//!
//! With `PORT` it serves until SIGTERM or Ctrl-C; without, it asks itself once and ends.

use std::net::Ipv4Addr;

use anyhow::Context as _;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use metrics_exporter_prometheus::PrometheusBuilder;
use tidings::prelude::*;
use tidings::{Health, HealthProbe, HealthThresholds};
use tidings_examples::shop::{OrderCreated, Orders};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// Time for the handlers that are running. With the bus's own end it stays well within 30 seconds.
const HANDLERS_END: Duration = Duration::from_secs(15);
/// Time for what is still on its way, also where the server is away.
const BUS_END: Duration = Duration::from_secs(5);

/// Time between records of the routes' figures.
const RECORDED_EVERY: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    // With buckets, which the dashboard reads; without them a duration is a summary.
    let prometheus = PrometheusBuilder::new()
        .set_buckets(&[0.0001, 0.001, 0.01, 0.1, 1.0, 10.0])?
        .install_recorder()?;
    let upkeep = prometheus.clone();
    tokio::spawn(async move {
        // Else each duration is kept until somebody scrapes.
        loop {
            tokio::time::sleep(RECORDED_EVERY).await;
            upkeep.run_upkeep();
        }
    });
    let bus = tidings_examples::bus().await?.with_metrics(RECORDED_EVERY);
    bus.provision::<Orders>().await?;
    let ship = |_order: OrderCreated, _cx: Context| async { Ok(()) };
    let running = Registry::new("probed-shipping").handle::<OrderCreated>(ship).start(&bus).await?;

    let port = std::env::var("PORT").ok().map(|port| port.parse()).transpose()?;
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port.unwrap_or(0))).await?;
    let own_port = listener.local_addr()?.port();
    let probes = Router::new()
        .route("/live", get(live))
        .route("/ready", get(ready))
        .route("/metrics", get(async move || prometheus.render()))
        .with_state(running.health_probe());
    let (end, ended) = oneshot::channel::<()>();
    // Probes are answered until the very end: a pod that does not answer them is killed.
    let served = tokio::spawn(async move {
        let ended = async { drop(ended.await) };
        axum::serve(listener, probes).with_graceful_shutdown(ended).await
    });

    if port.is_some() {
        println!("http://127.0.0.1:{own_port}/ready");
        asked_to_end().await?;
    } else {
        for path in ["/live", "/ready", "/metrics"] {
            let answer = ask(own_port, path).await?;
            println!("{path}: {answer}");
            assert!(answer.contains("200"), "{answer}");
        }
    }

    // From here on `/ready` says no, and no new messages are taken.
    for report in running.shutdown_within(HANDLERS_END).await {
        println!("{report:?}");
    }
    if let Err(error) = bus.close_within(BUS_END).await {
        eprintln!("what was not confirmed comes again: {error}");
    }
    drop(end);
    served.await??;
    Ok(())
}

async fn live(State(probe): State<HealthProbe>) -> (StatusCode, Json<Health>) {
    let health = health(&probe).await;
    (status(health.live), Json(health))
}

async fn ready(State(probe): State<HealthProbe>) -> (StatusCode, Json<Health>) {
    let health = health(&probe).await;
    (status(health.ready), Json(health))
}

/// Bounded by the threshold's second, whatever the server does.
async fn health(probe: &HealthProbe) -> Health {
    let thresholds = HealthThresholds::new().max_lag(10_000).max_redelivered(100);
    probe.health_by(&thresholds).await
}

fn status(well: bool) -> StatusCode {
    if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}

/// Waits for the signal with which an orchestrator, or a person, ends a process.
async fn asked_to_end() -> anyhow::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminated = signal(SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted?,
            _ = terminated.recv() => {}
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await?;
    Ok(())
}

/// The first line of an answer, as a probe reads it.
async fn ask(port: u16, path: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer.lines().next().context("no answer")?.to_owned())
}

#[cfg(test)]
mod tests {
    use yaml_rust2::YamlLoader;

    use super::*;

    const DEPLOYED: &str = include_str!("operating/kubernetes.yaml");
    const GUIDE: &str = include_str!("../crates/tidings/src/guide/kubernetes.md");

    #[test]
    fn the_guide_shows_what_is_deployed() {
        assert!(GUIDE.contains(&format!("```yaml\n{DEPLOYED}```\n")));
    }

    #[test]
    fn what_is_deployed_is_for_this_program() {
        let documents = YamlLoader::load_from_str(DEPLOYED).unwrap();
        let [deployment, budget] = &*documents else { panic!("{} documents", documents.len()) };
        let pod = &deployment["spec"]["template"];
        let container = &pod["spec"]["containers"][0];
        let port = &container["ports"][0];
        let own = include_str!("health.rs");
        let mut probes = 0;
        for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
            let get = &container[probe]["httpGet"];
            let path = get["path"].as_str().unwrap();
            assert!(own.contains(&format!(".route({path:?}, get(")), "{probe}: {path}");
            assert_eq!(get["port"], port["name"], "{probe}");
            probes += 1;
        }
        assert_eq!(probes, 3);
        let scraped = &pod["metadata"]["annotations"];
        let path = scraped["prometheus.io/path"].as_str().unwrap();
        assert!(own.contains(&format!(".route({path:?}, get(")), "{path}");
        let env = |name: &str| {
            let all = container["env"].as_vec().unwrap();
            let found = all.iter().find(|one| one["name"].as_str() == Some(name)).unwrap();
            found["value"].as_str().unwrap()
        };
        let number = port["containerPort"].as_i64().unwrap().to_string();
        assert_eq!(
            [env("PORT"), scraped["prometheus.io/port"].as_str().unwrap()],
            [&*number, &number]
        );
        for (file, mount) in [("NATS_CREDS", 0), ("NATS_CA", 1)] {
            let mount = container["volumeMounts"][mount]["mountPath"].as_str().unwrap();
            assert!(env(file).starts_with(&format!("{mount}/")), "{file}");
        }
        let grace = pod["spec"]["terminationGracePeriodSeconds"].as_i64().unwrap();
        assert!((HANDLERS_END + BUS_END).as_secs() + 5 <= u64::try_from(grace).unwrap());
        let labels = &pod["metadata"]["labels"];
        for selecting in [deployment, budget] {
            assert_eq!(&selecting["spec"]["selector"]["matchLabels"], labels);
        }
    }
}
