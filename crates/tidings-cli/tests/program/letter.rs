//! `tidings dlq`: dead letters.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::StreamExt as _;
use tidings::prelude::*;
use tidings_tests::{Server, eventually, listen};

use super::{SOON, refused, said, shop, tidings, told};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn letters_are_listed_shown_put_back_and_purged() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    let (running, mended) = shop(&bus, 6).await;
    let of = ["--registry", "shop"];

    let text = said(&server, &["dlq", "list", of[0], of[1]]).await;
    assert_eq!(text.lines().count(), 6, "{text}");
    assert!(text.lines().next().unwrap().contains("no stock for 1"), "{text}");
    let listed = told(&server, &["dlq", "list", of[0], of[1], "--subject", "orders.eu.>"]).await;
    let errors: Vec<_> = listed.iter().map(|letter| letter["error"].as_str().unwrap()).collect();
    assert_eq!(errors, ["no stock for 2", "no stock for 4", "no stock for 6"]);
    assert_eq!(listed[0]["reason"], "rejected");
    assert_eq!(listed[0].get("payload"), None);
    let recent = ["dlq", "list", of[0], of[1], "--since", "1h", "--limit", "2"];
    assert_eq!(told(&server, &recent).await.len(), 2);
    let older = ["dlq", "list", "--in", "shop-dead-letters", "--until", "1h"];
    assert_eq!(told(&server, &older).await.len(), 0);

    let second = listed[0]["sequence"].to_string();
    let shown = told(&server, &["dlq", "show", of[0], of[1], &second]).await;
    assert_eq!(shown[0]["payload"]["number"], 2);
    assert_eq!(shown[0]["consumer"], "shop-orders_created");
    assert_eq!(shown[0]["headers"][0][0], "Nats-Msg-Id");
    let text = said(&server, &["dlq", "show", of[0], of[1], &second]).await;
    assert!(text.contains("\"region\":\"eu\"") && text.contains("orders.eu.created"), "{text}");

    // All of them only with a yes.
    for what in ["redrive", "purge"] {
        let (code, text) = refused(&server, &["dlq", what, of[0], of[1]]).await;
        assert_eq!(code, Some(2));
        assert!(text.contains("--yes"), "{text}");
    }
    let planned = told(&server, &["dlq", "redrive", of[0], of[1], "--dry-run"]).await;
    assert_eq!((&planned[0]["redriven"], &planned[0]["dry_run"]), (&6.into(), &true.into()));
    let purged = told(&server, &["dlq", "purge", of[0], of[1], &second]).await;
    assert_eq!(purged[0]["purged"], 1);
    let eu = ["dlq", "purge", of[0], of[1], "--subject", "orders.eu.>"];
    assert_eq!(said(&server, &eu).await, "2 removed\n");

    mended.store(true, Ordering::SeqCst);
    let one = told(&server, &["dlq", "list", of[0], of[1], "--limit", "1"]).await;
    let first = one[0]["sequence"].to_string();
    let text = said(&server, &["dlq", "redrive", of[0], of[1], &first, "--only-failed"]).await;
    assert_eq!(text, "1 put back\n");
    let rest = told(&server, &["dlq", "redrive", of[0], of[1], "--yes"]).await;
    assert_eq!((&rest[0]["redriven"], &rest[0]["failed"]), (&2.into(), &0.into()));
    eventually(SOON, "they are handled", || async { running.report()[0].handled == 3 }).await;
    assert_eq!(said(&server, &["dlq", "list", of[0], of[1]]).await, "");
    running.shutdown().await;
}

/// A sequence is one condition among others: one of which another does not hold is left alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn letters_by_their_sequences_are_those_that_are_asked_for() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    let (running, mended) = shop(&bus, 6).await;
    let listed = told(&server, &["dlq", "list", "--registry", "shop"]).await;
    let all: Vec<String> = listed.iter().map(|letter| letter["sequence"].to_string()).collect();
    let run = async |command: &[&str], sequences: &[String]| {
        let sequences = sequences.iter().map(String::as_str);
        let arguments: Vec<&str> =
            ["dlq"].into_iter().chain(command.iter().copied()).chain(sequences).collect();
        told(&server, &arguments).await.remove(0)
    };
    let of = ["--registry", "shop"];
    // Those of `eu` are the second, the fourth and the sixth.
    let eu = ["purge", of[0], of[1], "--subject", "orders.eu.>"];
    assert_eq!(run(&[&eu[..], &["--dry-run"]].concat(), &all[..4]).await["purged"], 2);
    assert_eq!(run(&eu, &all[..1]).await["purged"], 0);
    assert_eq!(run(&eu, &all[..3]).await["purged"], 1);
    let other = ["purge", of[0], of[1], "--consumer", "nobody", "--reason", "attempts"];
    assert_eq!(run(&other, &all[2..]).await["purged"], 0);
    mended.store(true, Ordering::SeqCst);
    // Of four that are asked for, the two oldest.
    let some = ["redrive", of[0], of[1], "--reason", "rejected", "--limit", "2"];
    let asked: Vec<String> = [5, 3, 2, 4].iter().map(|place| all[*place].clone()).collect();
    assert_eq!(run(&some, &asked).await["redriven"], 2);
    let left = told(&server, &["dlq", "list", of[0], of[1]]).await;
    let left: Vec<String> = left.iter().map(|letter| letter["sequence"].to_string()).collect();
    assert_eq!(left, [all[0].clone(), all[4].clone(), all[5].clone()]);
    let wrong = ["dlq", "purge", of[0], of[1], &all[0], "--subject", "orders..x"];
    assert_eq!(refused(&server, &wrong).await.0, Some(1));
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn letters_that_name_what_is_not_theirs_are_refused_and_the_rest_goes_back() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    let (running, mended) = shop(&bus, 1).await;
    mended.store(true, Ordering::SeqCst);
    let jetstream = async_nats::jetstream::new(server.client().await);
    let vault = async_nats::jetstream::stream::Config {
        name: "VAULT".to_owned(),
        subjects: vec!["vault.>".to_owned(), "$KV.vault.>".to_owned()],
        ..Default::default()
    };
    let mut vault = jetstream.create_stream(vault).await.unwrap();
    // Whoever may write letters names what others keep, and what the server does.
    for place in [
        "VAULT.shop.$KV.vault.key",
        "ORDERS.shop.vault.opened",
        "ORDERS.shop.$JS.API.STREAM.INFO.VAULT",
        "ORDERS.shop._INBOX.a.b",
        "NOWHERE.shop.orders.eu.created",
    ] {
        let subject = format!("_dead_letters.shop-dead-letters.{place}");
        jetstream.publish(subject, "{}".into()).await.unwrap().await.unwrap();
    }
    let mut heard = listen(&server.client().await, "_INBOX.a.>").await;

    let of = ["--registry", "shop"];
    let begun = std::time::Instant::now();
    for (dry, said) in
        [(true, "1 would be put back, 5 would be refused"), (false, "1 put back, 5 failed")]
    {
        let flag = if dry { "--dry-run" } else { "--yes" };
        let output = tidings(&server, &["dlq", "redrive", of[0], of[1], flag]).await;
        assert_eq!(output.status.code(), Some(1));
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.starts_with(said), "{text}");
        for named in ["$KV.vault.key", "vault.opened", "$JS.API", "_INBOX.a.b", "NOWHERE"] {
            assert!(text.contains(named), "{named}: {text}");
        }
    }
    // What is no stream is not asked again and again.
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    eventually(SOON, "it is handled", || async { running.report()[0].handled == 1 }).await;
    assert_eq!(vault.info().await.unwrap().state.messages, 0);
    let unheard = tokio::time::timeout(Duration::from_millis(100), heard.next()).await;
    assert!(unheard.is_err(), "{unheard:?}");
    assert_eq!(told(&server, &["dlq", "list", of[0], of[1]]).await.len(), 5);
    running.shutdown().await;
}
