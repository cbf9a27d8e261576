//! Rights that a relay needs, and whoever writes events: no more than the guide says.

use sqlx::PgPool;
use tidings::prelude::*;
use tidings_sql::{Inbox, Outbox, OutboxTable, ParkedFilter};
use tidings_tests::{Postgres, Server, eventually};

use crate::event::{Orders, SOON, order};

/// A stream that knows ids for a second only, so that a relay looks into it.
#[derive(EventStream)]
#[stream(name = "TICKETS", subjects("tickets.>"), duplicate_window = "1s")]
struct Tickets;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "tickets.sold", stream = Tickets)]
struct TicketSold {
    #[event(id)]
    ticket: u64,
}

const ROLES: &str = "\
    CREATE ROLE shop LOGIN; \
    GRANT SELECT, INSERT, UPDATE ON tidings_outbox TO shop; \
    GRANT USAGE ON SEQUENCE tidings_outbox_position TO shop; \
    GRANT SELECT ON tidings_layout TO shop; \
    GRANT SELECT, INSERT, UPDATE, DELETE ON tidings_inbox TO shop; \
    CREATE ROLE relay LOGIN; \
    GRANT SELECT, UPDATE, DELETE ON tidings_outbox TO relay; \
    GRANT SELECT ON SEQUENCE tidings_outbox_position TO relay; \
    GRANT SELECT ON tidings_layout TO relay; \
    CREATE ROLE operator LOGIN; \
    GRANT SELECT, UPDATE, DELETE ON tidings_outbox TO operator; \
    GRANT SELECT, INSERT, UPDATE ON tidings_layout TO operator;";

const USERS: &str = r#"authorization { users: [
    { user: admin, password: pw },
    { user: shop, password: pw, permissions: { publish: { deny: ">" }, subscribe: { deny: ">" } } },
    { user: relay, password: pw, permissions: {
        publish: { allow: [
            "orders.>", "tickets.>", "$JS.API.STREAM.INFO.*",
            "$JS.API.CONSUMER.CREATE.TICKETS.>",
            "$JS.API.CONSUMER.MSG.NEXT.TICKETS.>",
            "$JS.API.CONSUMER.DELETE.TICKETS.>"
        ] },
        subscribe: { allow: "_INBOX.>" }
    } }
] }"#;

#[tokio::test]
async fn a_relay_and_who_writes_events_need_no_more_than_the_guide_says() {
    let (postgres, server) = tokio::join!(Postgres::start(), Server::with_config(USERS));
    let owner = PgPool::connect(&postgres.url()).await.unwrap();
    tidings_sql::migrate(&owner).await.unwrap();
    postgres.psql(ROLES);
    let connect = async |user: &str| {
        let builder = Bus::builder().server(server.url()).user_and_password(user, "pw");
        builder.connect().await.unwrap()
    };
    let database = async |role: &str| {
        let url = postgres.url().replace("postgres@", &format!("{role}@"));
        PgPool::connect(&url).await.unwrap()
    };
    let admin = connect("admin").await;
    admin.provision::<Orders>().await.unwrap();
    admin.provision::<Tickets>().await.unwrap();

    let shop = Outbox::open(&connect("shop").await, &database("shop").await).await.unwrap();
    let mut tx = shop.begin().await.unwrap();
    shop.publish(&mut tx, &order(1)).await.unwrap();
    shop.publish_all(&mut tx, [1, 2].map(|ticket| TicketSold { ticket })).await.unwrap();
    tx.commit().await.unwrap();
    // It is there already, and is found.
    admin.publish(&TicketSold { ticket: 1 }).await.unwrap();

    let outbox = Outbox::open(&connect("relay").await, &database("relay").await).await.unwrap();
    let relay = outbox.relay().attempts(1).start();
    let stored = async || {
        let orders = admin.stream::<Orders>().state().await.unwrap().messages;
        (orders, admin.stream::<Tickets>().state().await.unwrap().messages)
    };
    eventually(SOON, "all are sent", async || {
        let status = shop.status().await.unwrap();
        (status.pending == 0).then_some(()).ok_or((status, relay.status()))
    })
    .await;
    assert_eq!(stored().await, (1, 2));

    // One that is parked is let go by an operator.
    admin.stream::<Orders>().delete().await.unwrap();
    let mut tx = shop.begin().await.unwrap();
    shop.publish(&mut tx, &order(2)).await.unwrap();
    tx.commit().await.unwrap();
    eventually(SOON, "it is parked", async || shop.status().await.unwrap().parked == 1).await;
    admin.provision::<Orders>().await.unwrap();
    let table = OutboxTable::open(&database("operator").await).await.unwrap();
    assert_eq!(table.retry(&ParkedFilter::All).await.unwrap(), 1);
    eventually(SOON, "it is sent", async || stored().await == (1, 2)).await;
    assert_eq!(relay.shutdown().await.error, None);

    let inbox =
        Inbox::open(&database("shop").await).await.unwrap().keep_for(Duration::from_secs(1));
    assert_eq!(inbox.clean_up().await.unwrap(), 0);
}
