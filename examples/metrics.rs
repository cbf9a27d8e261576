//! Figures of a service and its bus as Prometheus reads them. `operating/` has a dashboard and alert rules
//! for them, whose every name the test below finds in what this prints.

use anyhow::Context as _;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tidings::prelude::*;
use tidings_examples::shop::{OrderCreated, Orders, Region};
use tokio::sync::mpsc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let bus = tidings_examples::bus().await?;
    println!("{}", scrape(bus).await?);
    Ok(())
}

/// Runs a service for a moment, and gives what an HTTP server would answer to `GET /metrics`.
async fn scrape(bus: Bus) -> anyhow::Result<String> {
    // Before anything is recorded. With the exporter's feature `http-listener` it serves them itself.
    let prometheus: PrometheusHandle = PrometheusBuilder::new()
        .set_buckets(&[0.0001, 0.001, 0.01, 0.1, 1.0, 10.0])?
        .install_recorder()?;
    let bus = bus.with_metrics(Duration::from_secs(5));
    bus.provision::<Orders>().await?;

    // What is taken by hand counts as well, under the name of its durable consumer or its queue group.
    let mut heard = bus.subscribe_raw("orders.>").queue_group("audit").await?;
    let mut read = bus.consume::<OrderCreated>("archive").await?;

    let (sender, mut done) = mpsc::unbounded_channel();
    let ship = move |order: OrderCreated, _cx: Context| {
        let sender = sender.clone();
        async move {
            sender.send(order.order_id)?;
            if order.total_cents == 0 { Err(Failure::reject("nothing to ship")) } else { Ok(()) }
        }
    };
    let running =
        Registry::new("measured-shipping").handle::<OrderCreated>(ship).start(&bus).await?;
    for total_cents in [4200, 1700, 0] {
        let order = OrderCreated { order_id: Uuid::now_v7(), region: Region::Eu, total_cents };
        bus.publish(&order).await?;
        done.recv().await;
        heard.next().await.context("the bus is closed")??;
        read.next().await.context("the bus is closed")??.ack().await?;
    }
    // A scraper comes from time to time. How far the consumer is behind, the server is asked once the service has started.
    while !prometheus.render().contains("tidings_consumer_lag_messages") {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // The last figures are recorded here.
    running.shutdown().await;
    Ok(prometheus.render())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words that are names of metrics or of labels.
    fn names(text: &str) -> impl Iterator<Item = &str> {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        text.split(move |c| !is_name(c))
            .filter(|word| word.starts_with("tidings_") || word.starts_with("messaging_"))
    }

    /// Pairs of a label and a value that are asked for: `label="value"`, in JSON with the quotes escaped.
    fn selected(text: &str) -> impl Iterator<Item = String> {
        let text = text.replace('\\', "");
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let pairs: Vec<_> = text
            .match_indices("=\"")
            .filter_map(|(at, quote)| {
                let label = &text[text[..at].rfind(|c| !is_name(c))? + 1..at];
                let value = text[at + quote.len()..].split('"').next()?;
                label
                    .starts_with(|c: char| c.is_ascii_alphabetic())
                    .then(|| format!("{label}=\"{value}\""))
            })
            .collect();
        pairs.into_iter()
    }

    #[tokio::test]
    async fn the_dashboard_and_the_alerts_name_what_is_there() -> anyhow::Result<()> {
        let scraped = scrape(Bus::in_memory()).await?;
        let known: std::collections::BTreeSet<_> = names(&scraped).collect();
        for file in
            [include_str!("operating/dashboard.json"), include_str!("operating/alerts.yaml")]
        {
            assert!(names(file).count() > 3);
            for name in names(file) {
                assert!(known.contains(name), "`{name}` is not in\n{scraped}");
            }
            assert!(selected(file).any(|one| one == "messaging_operation_name=\"receive\""));
            for pair in selected(file) {
                assert!(scraped.contains(&pair), "`{pair}` is not in\n{scraped}");
            }
        }
        let template = "messaging_destination_template=\"orders.{region}.created\"";
        for line in [
            "messaging_client_consumed_messages_total",
            "messaging_client_sent_messages_total",
            "messaging_client_operation_duration_seconds_count",
            "messaging_process_duration_seconds_count",
            "tidings_consumer_lag_messages",
            "tidings_dead_letters_total",
        ] {
            let is_labelled = |at: &str| at.starts_with(line) && at.contains(template);
            assert!(scraped.lines().any(is_labelled), "{line} in\n{scraped}");
        }
        let outcome = |outcome: &str, count: &str| {
            let label = format!("tidings_outcome=\"{outcome}\"");
            scraped.lines().any(|at| at.contains(&label) && at.ends_with(&format!(" {count}")))
        };
        assert!(outcome("handled", "2") && outcome("rejected", "1"), "{scraped}");
        for (group, template) in [("audit", "orders.>"), ("archive", "orders.{region}.created")] {
            let is_by_hand = |at: &str| {
                at.contains("messaging_operation_name=\"receive\"")
                    && at.contains(&format!("messaging_consumer_group_name=\"{group}\""))
                    && at.contains(&format!("messaging_destination_template=\"{template}\""))
                    && at.contains("tidings_outcome=\"received\"")
                    && at.ends_with(" 3")
            };
            assert!(scraped.lines().any(is_by_hand), "{group} in\n{scraped}");
        }
        assert!(outcome("stored", "3") && outcome("duplicate", "0"), "{scraped}");
        Ok(())
    }
}
