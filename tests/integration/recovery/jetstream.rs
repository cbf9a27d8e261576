//! JetStream is taken from the account while a registry runs, and given back.

use std::time::Duration;

use tidings::prelude::*;
use tidings_tests::Server;

use super::{Book, publish};

fn config(jetstream: &str) -> String {
    format!(
        "accounts {{
            A: {{ users: [{{ user: a, password: a }}]{jetstream} }},
            SYS: {{ users: [{{ user: s, password: s }}] }}
        }}
        system_account: SYS"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn routes_come_back_with_it() {
    let server = Server::with_config(&config(", jetstream: enabled")).await;
    let connect = || Bus::builder().server(server.url()).user_and_password("a", "a");
    let bus = connect().publish_timeout(Duration::from_secs(2)).connect().await.unwrap();
    let book = Book::default();
    let running = Registry::new("bakers").route(book.route()).start(&bus).await.unwrap();
    publish(&bus, 0..10).await;
    book.wait_for(0..10).await;

    server.reload(&config(""));
    tidings_tests::eventually(super::RECOVERED, "it is gone", || async {
        match bus.publish(&super::Kneaded { number: 0 }).await {
            Err(error) => Ok(error),
            Ok(ack) => Err(format!("{ack:?}")),
        }
    })
    .await;
    server.reload(&config(", jetstream: enabled"));
    publish(&bus, 10..20).await;
    book.wait_for(10..20).await;
    running.shutdown().await;
}
