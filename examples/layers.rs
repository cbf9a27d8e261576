//! Layers of tower around handlers: a time limit, a limit of how many run at once, and one of our own,
//! which finds out whose message it is before the handler runs.

use tidings::prelude::*;
use tidings::{BoxError, HandlerError, HandlerRequest, HandlerResponse, HandlerService};
use tidings_examples::shop::{OrderCreated, Orders, Region};
use tokio::sync::mpsc;
use tower::{Service, ServiceBuilder, service_fn};

/// The customer on whose behalf a message was sent.
#[derive(Debug, Clone)]
struct Tenant(String);

/// Refuses what names no tenant, and tells of it; the handler reads the tenant from its context.
fn tenant(
    inner: HandlerService,
    refused: mpsc::UnboundedSender<String>,
) -> impl Service<HandlerRequest, Response = HandlerResponse, Error = BoxError, Future: Send + 'static>
+ Clone
+ Send
+ Sync
+ 'static {
    service_fn(move |request: HandlerRequest| {
        let (mut inner, refused) = (inner.clone(), refused.clone());
        async move {
            let Some(tenant) = request.headers().get("tenant").map(str::to_owned) else {
                // No retry helps, so the message becomes a dead letter.
                let why = format!("{} names no tenant", request.message());
                refused.send(why.clone())?;
                return Err(HandlerError::from(Failure::reject(why)).into());
            };
            request.insert(Tenant(tenant));
            inner.call(request).await
        }
    })
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let bus = tidings_examples::bus().await?;
    bus.provision::<Orders>().await?;

    let (sender, mut done) = mpsc::unbounded_channel();
    let invoice = move |order: OrderCreated, cx: Context| {
        let sender = sender.clone();
        async move {
            let tenant = cx.get::<Tenant>().ok_or_else(|| Failure::reject("no tenant"))?;
            sender.send(format!("{} owes {} cents", tenant.0, order.total_cents))?;
            Ok(())
        }
    };
    let (refused, mut refusals) = mpsc::unbounded_channel();
    // The outermost first, as tower has it.
    let layers = ServiceBuilder::new()
        .load_shed()
        .concurrency_limit(8)
        .timeout(Duration::from_secs(2))
        .layer_fn(move |inner| tenant(inner, refused.clone()));
    let running = Registry::new("layered-invoices")
        // Orders of before are not its business.
        .route(Route::of::<OrderCreated>(invoice).from(DeliverFrom::New).layer(layers))
        .start(&bus)
        .await?;

    let order = OrderCreated { order_id: Uuid::now_v7(), region: Region::Eu, total_cents: 4200 };
    bus.message(&order).header("tenant", "acme").publish().await?;
    println!("{}", done.recv().await.unwrap_or_default());
    let nobody = OrderCreated { order_id: Uuid::now_v7(), ..order };
    bus.publish(&nobody).await?;
    refusals.recv().await;
    // It waits until what was begun is settled.
    let reports = running.shutdown().await;
    println!("the other one became a dead letter");
    // On a server others' orders may have come since it last ran.
    assert!(reports[0].handled > 0 && reports[0].dead_lettered > 0, "{:?}", reports[0]);
    Ok(())
}
