//! Promise 8: a stream that an environment can't make as it is declared.

use tidings::prelude::*;
use tidings::{DeadLetterPolicy, EventStream, PlanAction};

use crate::support::env::Env;

scenarios! {
    every_bus:
        a_stream_of_three_replicas_is_made_on_one_server,
        a_registry_changes_its_streams_and_a_plan_shows_it;
}

/// Stream as production declares it.
#[derive(EventStream)]
#[stream(name = "LEDGER", subjects("ledger.>"), replicas = 3)]
struct Ledger;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "ledger.booked", stream = Ledger)]
struct Booked {
    #[event(id)]
    number: u64,
}

async fn a_stream_of_three_replicas_is_made_on_one_server(env: Env) {
    let bus = env.bus_with_options(tidings::BusBuilder::single_node).await;
    let plan = bus.plan::<Ledger>().await.unwrap();
    assert_eq!(
        plan.to_string(),
        "stream LEDGER: create, for ledger.>\n  num_replicas: 3 is declared, 1 is used (single_node)"
    );
    let handler = async |_: Booked, _: Context| Err::<(), _>(Failure::reject("never"));
    let registry = Registry::new("bank").handle::<Booked>(handler);
    let running = registry.start(&bus).await.unwrap();
    bus.publish(&Booked { number: 1 }).await.unwrap();
    crate::support::condition::letters(&bus.dead_letters("bank"), 1).await;
    running.shutdown().await;
    for stream in bus.streams().await.unwrap() {
        assert_eq!(stream.config.replicas, 1, "{}", stream.config.name);
    }
    assert_eq!(bus.streams().await.unwrap().len(), 2);
    assert_eq!(bus.plan::<Ledger>().await.unwrap().action, PlanAction::Nothing);
    // A policy of its own is overruled, too.
    let policy = DeadLetterPolicy::stream("VAULT").replicas(3);
    let handler = async |_: Booked, _: Context| Ok(());
    let route = Route::of::<Booked>(handler).durable("other");
    let registry = Registry::new("other").route(route).dead_letters(policy);
    registry.start(&bus).await.unwrap().shutdown().await;
}

async fn a_registry_changes_its_streams_and_a_plan_shows_it(env: Env) {
    let bus = env.bus();
    let registry = || {
        let handler = async |_: Booked, _: Context| Ok(());
        Registry::new("bank").handle::<Booked>(handler).stream_config(|stream| {
            (stream.replicas, stream.max_messages) = (1, Some(7));
            // Events are declared for these.
            stream.name = "OTHER".into();
            stream.subjects = vec!["other.>".into()];
        })
    };
    let plan = registry().plan(&bus).await.unwrap().to_string();
    for told in [
        "stream LEDGER: create, for ledger.>",
        "max_msgs: null is declared, 7 is used (Registry::stream_config)",
        "num_replicas: 3 is declared, 1 is used (Registry::stream_config)",
    ] {
        assert!(plan.contains(told), "{plan}");
    }
    registry().start(&bus).await.unwrap().shutdown().await;
    let found = bus.stream::<Ledger>().config().await.unwrap().unwrap();
    assert_eq!((&*found.name, found.replicas, found.max_messages), (Ledger::NAME, 1, Some(7)));
    assert_eq!(registry().plan(&bus).await.unwrap().streams[0].action, PlanAction::Nothing);
}
