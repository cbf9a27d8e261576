//! Trouble with the server or the database that is about more than one event: nothing is lost, others go on, and it says
//! what is wrong.

use tidings::prelude::*;
#[cfg(feature = "sqlite")]
use tidings_sql::Outbox;
use tidings_sql::{Database, ParkedFilter};
use tidings_tests::eventually;

#[cfg(feature = "sqlite")]
use crate::event::OrderCreated;
use crate::event::{Env, Orders, SOON, each_database, order};

each_database! {
    a_full_stream_holds_its_own_events_until_it_has_room,
    a_stream_that_is_deleted_under_a_relay_holds_no_other,
    a_key_of_any_length_is_parked_and_holds_nobody,
}

/// A stream with room for two, which knows ids for a second only.
#[derive(EventStream)]
#[stream(
    name = "SEATS",
    subjects("seats.>"),
    max_messages = 2,
    discard = "new",
    duplicate_window = "1s"
)]
struct Seats;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "seats.taken", stream = Seats)]
struct SeatTaken {
    #[event(id)]
    seat: u64,
}

async fn seats(bus: &Bus, count: u64) -> Vec<u64> {
    let mut replay = bus.replay::<SeatTaken>(DeliverFrom::Beginning).await.unwrap();
    let mut seats = Vec::new();
    for _ in 0..count {
        let next = tokio::time::timeout(SOON, replay.next()).await;
        seats.push(next.expect("it is stored in time").unwrap().unwrap().seat);
    }
    seats
}

async fn a_full_stream_holds_its_own_events_until_it_has_room<Db: Database>(env: Env<Db>) {
    env.bus.provision::<Seats>().await.unwrap();
    let outbox = env.outbox().await;
    let mut tx = outbox.begin().await.unwrap();
    outbox.publish_all(&mut tx, (1..=3).map(|seat| SeatTaken { seat })).await.unwrap();
    tx.commit().await.unwrap();
    let relay = outbox.relay().attempts(1).start();
    let said = eventually(SOON, "the stream is full", async || relay.status().error).await;
    assert!(said.contains("`SEATS`") && said.contains("maximum messages exceeded"), "{said}");
    // Others go on beside it.
    let mut tx = outbox.begin().await.unwrap();
    outbox.publish(&mut tx, &order(1)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(env.stored(1).await, [1]);
    assert_eq!(outbox.parked(0, 10).await.unwrap(), []);
    assert_eq!(seats(&env.bus, 2).await, [1, 2]);
    env.bus.stream::<Seats>().delete_message(1).await.unwrap();
    assert_eq!(seats(&env.bus, 2).await, [2, 3]);
    eventually(SOON, "nothing is wrong any more", async || relay.status().error.is_none()).await;
    assert_eq!(relay.shutdown().await.parked, 0);
}

async fn a_stream_that_is_deleted_under_a_relay_holds_no_other<Db: Database>(env: Env<Db>) {
    env.bus.provision::<Seats>().await.unwrap();
    let outbox = env.outbox().await;
    let relay = outbox.relay().attempts(2).start();
    let take = async |seat| {
        let mut tx = outbox.begin().await.unwrap();
        outbox.publish(&mut tx, &SeatTaken { seat }).await.unwrap();
        outbox.publish(&mut tx, &order(i64::try_from(seat).unwrap())).await.unwrap();
        tx.commit().await.unwrap();
    };
    take(1).await;
    eventually(SOON, "both are sent", async || outbox.status().await.unwrap().pending == 0).await;
    // By now the relay knows the stream, and looks into it before it sends: it knows ids for a second only.
    env.bus.stream::<Seats>().delete().await.unwrap();
    take(2).await;
    assert_eq!(env.stored(2).await, [1, 2]);
    let parked =
        eventually(SOON, "it is parked", async || outbox.parked(0, 10).await.unwrap().pop());
    let parked = parked.await;
    assert!(parked.reason.contains("`SEATS` does not exist"), "{parked:?}");
    env.bus.provision::<Seats>().await.unwrap();
    assert_eq!(outbox.retry(&ParkedFilter::All).await.unwrap(), 1);
    assert_eq!(seats(&env.bus, 1).await, [2]);
    assert_eq!(relay.shutdown().await.error, None);
}

/// The index of parked keys takes no text of any length.
async fn a_key_of_any_length_is_parked_and_holds_nobody<Db: Database>(env: Env<Db>) {
    let outbox = env.outbox().await;
    let long: String = (0..100).map(|_| Uuid::new_v4().to_string()).collect();
    let strange = "nothing \0 ends here";
    for key in [&long, strange] {
        let mut tx = outbox.begin().await.unwrap();
        for seat in 1..=2 {
            outbox.publish(&mut tx, &SeatTaken { seat }).key(key).await.unwrap();
        }
        outbox.publish(&mut tx, &order(1)).await.unwrap();
        tx.commit().await.unwrap();
        let relay = outbox.relay().attempts(1).start();
        let parked = eventually(SOON, "they are parked", async || {
            let parked = outbox.parked(0, 10).await.unwrap();
            (parked.len() == 2).then_some(parked)
        })
        .await;
        assert_eq!(parked[1].behind, Some(parked[0].id));
        eventually(SOON, "the other is sent", async || outbox.status().await.unwrap().pending == 0)
            .await;
        relay.shutdown().await;
        assert_eq!(outbox.purge(&ParkedFilter::Key("another".to_owned())).await.unwrap(), 0);
        assert_eq!(outbox.purge(&ParkedFilter::Key(key.to_owned())).await.unwrap(), 2);
    }
    assert_eq!(env.stored(1).await, [1]);
}

#[derive(EventStream)]
#[stream(name = "LOCKED", subjects("locked.>"))]
struct Locked;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "locked.told", stream = Locked)]
struct LockedTold {
    #[event(id)]
    number: u64,
}

/// An outbox in SQLite for events of a server, as whoever runs its relay sees both.
#[cfg(feature = "sqlite")]
async fn outbox_of(bus: &Bus) -> Outbox<sqlx::Sqlite> {
    let options = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1);
    let pool = options.connect("sqlite::memory:").await.unwrap();
    tidings_sql::migrate(&pool).await.unwrap();
    Outbox::open(bus, &pool).await.unwrap()
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn what_a_server_denies_is_parked_and_holds_no_other() {
    let users = |denied: &str| {
        format!(
            "authorization {{ users: [ {{ user: shop, password: s3cret }}, \
             {{ user: relay, password: s3cret, permissions: {{ publish: {{ deny: [{denied}] }} }} }} ] }}"
        )
    };
    let denied = "\"seats.>\", \"$JS.API.STREAM.INFO.LOCKED\"";
    let server = tidings_tests::Server::with_config(&users(denied)).await;
    let connect = async |user: &str| {
        let builder = Bus::builder().server(server.url()).user_and_password(user, "s3cret");
        builder.connect().await.unwrap()
    };
    let (shop, bus) = (connect("shop").await, connect("relay").await);
    shop.provision::<Orders>().await.unwrap();
    shop.provision::<Seats>().await.unwrap();
    shop.provision::<Locked>().await.unwrap();
    let outbox = outbox_of(&bus).await;
    let mut tx = outbox.begin().await.unwrap();
    for number in 1..=2 {
        outbox.publish(&mut tx, &LockedTold { number }).await.unwrap();
        outbox.publish(&mut tx, &SeatTaken { seat: number }).await.unwrap();
    }
    outbox.publish(&mut tx, &order(1)).await.unwrap();
    tx.commit().await.unwrap();
    let relay = outbox.relay().attempts(2).start();
    let parked = eventually(SOON, "what is denied is parked", async || {
        let parked = outbox.parked(0, 10).await.unwrap();
        (parked.len() == 4).then_some(parked)
    })
    .await;
    for (row, why) in parked.iter().zip(["`LOCKED` can't be looked at: ", "on `seats.taken`: "]) {
        assert!(row.reason.contains(why) && !row.reason.contains("s3cret"), "{row:?}");
    }
    assert_eq!((parked[2].behind, parked[3].behind), (Some(parked[0].id), Some(parked[1].id)));
    eventually(SOON, "the other is sent", async || outbox.status().await.unwrap().pending == 0)
        .await;
    server.reload(&users(""));
    let stored = async || {
        let locked = shop.stream::<Locked>().state().await.unwrap().messages;
        (locked, shop.stream::<Seats>().state().await.unwrap().messages)
    };
    eventually(SOON, "what is allowed is sent", async || {
        outbox.retry(&ParkedFilter::All).await.unwrap();
        stored().await == (2, 2)
    })
    .await;
    relay.shutdown().await;
    assert_eq!(shop.stream::<Orders>().state().await.unwrap().messages, 1);
}

/// Nobody says then that a stream is not there: it may be back with all its streams.
#[cfg(feature = "sqlite")]
#[tokio::test]
async fn nothing_is_parked_while_jetstream_itself_is_away() {
    let account = |jetstream: &str| {
        format!(
            "accounts {{ SHOP {{ jetstream: {jetstream}, users: [ {{ user: shop, password: s3cret }} ] }}, \
             OTHER {{ jetstream: enabled, users: [ {{ user: other, password: s3cret }} ] }} }}"
        )
    };
    let server = tidings_tests::Server::with_config(&account("enabled")).await;
    let builder = Bus::builder().server(server.url()).user_and_password("shop", "s3cret");
    let bus = builder.publish_timeout(Duration::from_secs(1)).connect().await.unwrap();
    bus.provision::<Orders>().await.unwrap();
    let outbox = outbox_of(&bus).await;
    let relay = outbox.relay().attempts(1).start();
    let place = async |number| {
        let mut tx = outbox.begin().await.unwrap();
        outbox.publish(&mut tx, &order(number)).await.unwrap();
        tx.commit().await.unwrap();
    };
    place(1).await;
    // By now the relay knows the stream.
    eventually(SOON, "it is sent", async || outbox.status().await.unwrap().pending == 0).await;
    server.reload(&account("disabled"));
    let stored = async || bus.stream::<Orders>().state().await.map(|state| state.messages);
    eventually(SOON, "JetStream is away", async || stored().await.is_err()).await;
    place(2).await;
    eventually(SOON, "it is told", async || relay.status().error.is_some()).await;
    server.reload(&account("enabled"));
    eventually(SOON, "it is sent as JetStream is back", async || {
        let status = outbox.status().await.unwrap();
        assert_eq!(status.parked, 0, "{:?}", outbox.parked(0, 1).await);
        (status.pending == 0).then_some(()).ok_or((status, relay.status()))
    })
    .await;
    relay.shutdown().await;
    assert_eq!(stored().await.unwrap(), 2);
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn what_is_larger_than_the_server_takes_by_now_is_parked_and_holds_no_other() {
    let mut server = tidings_tests::Server::with_config("max_payload: 64KB").await;
    let bus = Bus::connect(server.url()).await.unwrap();
    bus.provision::<Orders>().await.unwrap();
    let outbox = outbox_of(&bus).await;
    let mut tx = outbox.begin().await.unwrap();
    let large = OrderCreated { note: "x".repeat(40_000), ..order(1) };
    outbox.publish(&mut tx, &large).key("large").await.unwrap();
    outbox.publish(&mut tx, &order(2)).key("small").await.unwrap();
    tx.commit().await.unwrap();
    server.reload("max_payload: 4KB");
    let relay = outbox.relay().attempts(2).start();
    let parked =
        eventually(SOON, "it is parked", async || outbox.parked(0, 10).await.unwrap().pop());
    let parked = parked.await;
    assert!(parked.reason.contains("the server takes 4096 (`max_payload`)"), "{parked:?}");
    eventually(SOON, "the other is sent", async || outbox.status().await.unwrap().pending == 0)
        .await;
    // Who is connected hears of a higher limit with the next connection.
    server.reload("max_payload: 64KB");
    server.restart().await;
    eventually(SOON, "it is sent where it may be", async || {
        outbox.retry(&ParkedFilter::All).await.unwrap();
        bus.stream::<Orders>().state().await.is_ok_and(|state| state.messages == 2)
    })
    .await;
    relay.shutdown().await;
}

/// A stream that knows ids for a second only.
#[derive(EventStream)]
#[stream(name = "GATES", subjects("gates.>"), duplicate_window = "1s")]
struct Gates;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "gates.passed", stream = Gates)]
struct GatePassed {
    #[event(id)]
    gate: u64,
}

/// And what the stream has stored meanwhile, and forgotten the id of, is not sent again.
#[cfg(feature = "postgres")]
#[tokio::test]
async fn a_database_that_can_only_be_read_is_told_until_it_can_be_written() {
    use sqlx::Executor as _;
    let env = Env::postgres().await;
    env.bus.provision::<Gates>().await.unwrap();
    let outbox = env.outbox().await;
    let mut tx = outbox.begin().await.unwrap();
    outbox.publish(&mut tx, &GatePassed { gate: 1 }).await.unwrap();
    tx.commit().await.unwrap();
    let read_only = "ALTER DATABASE postgres SET default_transaction_read_only = on";
    env.pool.execute(read_only).await.unwrap();
    let relay = outbox.relay().start();
    eventually(SOON, "it says so", async || relay.status().error.is_some()).await;
    let stored = async || env.bus.stream::<Gates>().state().await.unwrap().messages;
    eventually(SOON, "its event is stored", async || stored().await == 1).await;
    let other = GatePassed { gate: 2 };
    env.bus.publish(&other).await.unwrap();
    eventually(SOON, "its id is forgotten", async || {
        let said = relay.status().error.unwrap_or_default();
        assert!(said.contains("the outbox's database") && said.contains("read-only"), "{said}");
        !env.bus.publish(&other).await.unwrap().duplicate
    })
    .await;
    // Each attempt has a connection of its own, with a lock: one has ended by then, and another one after it.
    let locks = "SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 \
        AND mode = 'ExclusiveLock'";
    let mut attempts = std::collections::BTreeSet::new();
    while attempts.len() < 3 {
        let next = eventually(SOON, "it tries again", async || {
            let now = sqlx::query_scalar::<_, i64>(locks).fetch_all(&env.pool).await.unwrap();
            now.into_iter().find(|attempt| !attempts.contains(attempt))
        });
        attempts.insert(next.await);
    }
    // The pool's connection may be one of those that can only read.
    let mut mending = env.pool.begin().await.unwrap();
    mending.execute("SET TRANSACTION READ WRITE").await.unwrap();
    let writable = "ALTER DATABASE postgres RESET default_transaction_read_only";
    mending.execute(writable).await.unwrap();
    mending.commit().await.unwrap();
    eventually(SOON, "it is removed", async || outbox.status().await.unwrap().pending == 0).await;
    eventually(SOON, "nothing is wrong any more", async || relay.status().error.is_none()).await;
    relay.shutdown().await;
    assert_eq!(stored().await, 3, "one, and twice the other");
}

/// Its statements wait for whoever has locked the table, and may not wait for long.
#[cfg(feature = "postgres")]
#[tokio::test]
async fn a_database_that_ends_statements_is_told_until_it_does_not() {
    use sqlx::Executor as _;
    let env = Env::postgres().await;
    let outbox = env.outbox().await;
    env.pool.execute("ALTER DATABASE postgres SET statement_timeout = '200ms'").await.unwrap();
    let mut tx = outbox.begin().await.unwrap();
    outbox.publish(&mut tx, &order(1)).await.unwrap();
    tx.commit().await.unwrap();
    let mut locking = env.pool.begin().await.unwrap();
    locking.execute("SET LOCAL statement_timeout = 0").await.unwrap();
    locking.execute("LOCK TABLE tidings_outbox IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let relay = outbox.relay().start();
    let said = eventually(SOON, "it says so", async || relay.status().error).await;
    assert!(said.contains("the outbox's database") && said.contains("statement timeout"), "{said}");
    locking.rollback().await.unwrap();
    assert_eq!(env.stored(1).await, [1]);
    eventually(SOON, "it is removed", async || outbox.status().await.unwrap().pending == 0).await;
    eventually(SOON, "nothing is wrong any more", async || relay.status().error.is_none()).await;
    relay.shutdown().await;
    assert_eq!(env.bus.stream::<Orders>().state().await.unwrap().messages, 1);
}
