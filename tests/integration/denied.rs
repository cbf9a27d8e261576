//! Denials: what a user may not do is an error that names the subject, at once, and works again as
//! soon as it is allowed.

use std::time::Duration;

use tidings::prelude::*;
use tidings::{
    BusBuilder, CloseError, DeniedAction, GetError, ProvisionError, PublishError, PutError,
    ReceiveError, RequestError, RouteState, ServeError, SettleError, StreamError, SubscribeError,
};
use tidings_tests::{Server, eventually};
use tokio::time::Instant;

use crate::{SOON, soon};

#[derive(EventStream)]
#[stream(name = "SAFES", subjects("safes.>"))]
struct Safes;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "safes.opened", stream = Safes)]
struct Opened {
    number: u32,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "doors.{door}.knocked")]
struct Knocked {
    door: String,
    number: u32,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "safes.combination", reply = u32)]
struct Combination {
    safe: u32,
}

fn knocked(number: u32) -> Knocked {
    Knocked { door: "front".into(), number }
}

/// Ann may do these things, and the owner all.
fn users(publish: &str, subscribe: &str) -> String {
    format!(
        "authorization {{ users: [
            {{ user: owner, password: pw }},
            {{ user: ann, password: pw, permissions: {{ {publish}, {subscribe} }} }}
        ] }}"
    )
}

fn allow(what: &str, subjects: &[&str]) -> String {
    format!("{what}: {{ allow: {subjects:?} }}")
}

fn deny(what: &str, subjects: &[&str]) -> String {
    format!("{what}: {{ deny: {subjects:?} }}")
}

fn user(server: &Server, name: &str) -> BusBuilder {
    // Much longer than any of it may take.
    let builder = Bus::builder().server(server.url()).user_and_password(name, "pw");
    builder.request_timeout(SOON).publish_timeout(SOON).ack_timeout(SOON)
}

async fn ann_and_owner(server: &Server) -> (Bus, Bus) {
    let ann = user(server, "ann").connect().await.unwrap();
    (ann, user(server, "owner").connect().await.unwrap())
}

/// Result of a future, which must be there at once.
fn at_once<F: IntoFuture>(doing: F) -> impl Future<Output = F::Output> {
    let doing = Box::pin(doing.into_future());
    async move {
        let begun = Instant::now();
        let done = soon(doing).await;
        assert!(begun.elapsed() < SOON / 4, "{:?}", begun.elapsed());
        done
    }
}

/// Error of a flush; a busy machine may hear of a denial only by the next one.
async fn flushed(bus: &Bus) -> CloseError {
    at_once(eventually(SOON, "flush says so", || async {
        bus.flush().await.err().ok_or("it says nothing")
    }))
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_core_event_is_denied_by_the_next_publish_and_by_flush() {
    let server =
        Server::with_config(&users(&allow("publish", &["ok"]), &deny("subscribe", &["x"]))).await;
    let (ann, owner) = ann_and_owner(&server).await;
    let mut heard = owner.subscribe::<Knocked>().await.unwrap();
    // It returns before the server says anything.
    ann.publish(&knocked(1)).await.unwrap();
    let error = flushed(&ann).await;
    assert!(matches!(error, CloseError::Denied(_)), "{error:?}");
    assert!(error.to_string().contains("`doors.front.knocked`"), "{error}");
    at_once(ann.flush()).await.unwrap();
    for number in 2..5 {
        match at_once(ann.publish(&knocked(number))).await.unwrap_err() {
            PublishError::Denied { subject, source } => {
                assert_eq!(subject, "doors.front.knocked");
                assert_eq!((source.action, source.subject), (DeniedAction::Publish, subject));
            }
            other => panic!("{other:?}"),
        }
    }
    at_once(ann.flush()).await.unwrap();
    // A reload keeps the connection: what is allowed now works now.
    let begun = Instant::now();
    server.reload(&users(&allow("publish", &["doors.>"]), &deny("subscribe", &["x"])));
    eventually(SOON, "ann may knock", || async { ann.publish(&knocked(9)).await }).await;
    assert_eq!(soon(heard.next()).await.unwrap().unwrap().number, 9);
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_for_an_answer_is_denied_at_once() {
    let denied = ["safes.>", "$JS.API.>", "$JS.ACK.>"];
    let server =
        Server::with_config(&users(&deny("publish", &denied), &deny("subscribe", &[]))).await;
    let (ann, owner) = ann_and_owner(&server).await;
    owner.provision::<Safes>().await.unwrap();
    owner.publish(&Opened { number: 1 }).await.unwrap();

    let error = at_once(ann.publish(&Opened { number: 2 })).await.unwrap_err();
    assert!(matches!(&error, PublishError::Denied { subject, .. } if subject == "safes.opened"));
    let error = at_once(ann.publish_all([Opened { number: 2 }])).await.unwrap_err();
    assert!(matches!(error.outcomes[0], Err(PublishError::Denied { .. })), "{error:?}");
    let error = at_once(ann.request(&Combination { safe: 1 })).await.unwrap_err();
    let RequestError::Denied { subject, source } = error else { panic!("{error:?}") };
    assert_eq!((subject, source.action), ("safes.combination".into(), DeniedAction::Publish));
    let error = at_once(ann.provision::<Safes>()).await.unwrap_err();
    assert!(matches!(error, ProvisionError::Denied { .. }), "{error:?}");
    assert!(error.to_string().contains("$JS.API.STREAM.INFO.SAFES"), "{error}");
    let error = at_once(ann.stream::<Safes>().state()).await.unwrap_err();
    assert!(matches!(error, StreamError::Denied { stream: "SAFES", .. }), "{error:?}");
    let error = at_once(ann.consume::<Opened>("ann")).await.map(drop).unwrap_err();
    assert!(matches!(error, SubscribeError::Denied(_)), "{error:?}");
    let error = at_once(ann.replay::<Opened>(DeliverFrom::Beginning)).await.map(drop).unwrap_err();
    assert!(matches!(error, SubscribeError::Denied(_)), "{error:?}");
    assert!(error.to_string().contains("$JS.API.CONSUMER.CREATE.SAFES"), "{error}");
    let handler = |_: Opened, _: Context| async { Ok(()) };
    let error = at_once(Registry::new("vault").handle::<Opened>(handler).start(&ann)).await;
    let error = error.map(drop).unwrap_err();
    assert!(matches!(&error, ServeError::Provision { message, .. } if message == "safes.opened"));
    at_once(ann.flush()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ack_that_is_denied_is_an_error() {
    let server = Server::with_config(&users(
        &deny("publish", &["$JS.ACK.SAFES.ann.>"]),
        &deny("subscribe", &["x"]),
    ))
    .await;
    let (ann, owner) = ann_and_owner(&server).await;
    owner.provision::<Safes>().await.unwrap();
    owner.publish_all((1..4).map(|number| Opened { number })).await.unwrap();
    let mut safes = ann.consume::<Opened>("ann").await.unwrap();
    let first = soon(safes.next()).await.unwrap().unwrap();
    let error = at_once(first.ack_confirmed()).await.unwrap_err();
    assert!(matches!(&error, SettleError::Denied(_)), "{error:?}");
    assert!(error.to_string().contains("$JS.ACK.SAFES.ann.>"), "{error}");
    // One that is not confirmed is told by flush, and then by each that follows.
    soon(safes.next()).await.unwrap().unwrap().ack().await.unwrap();
    let error = flushed(&ann).await;
    assert!(matches!(error, CloseError::Denied(_)), "{error:?}");
    let third = soon(safes.next()).await.unwrap().unwrap();
    let error = at_once(third.ack()).await.unwrap_err();
    assert!(matches!(error, SettleError::Denied(_)), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_is_denied_when_it_is_made() {
    let server = Server::with_config(&users(
        &allow("publish", &[">"]),
        &allow("subscribe", &["_INBOX.>", "doors.>  them"]),
    ))
    .await;
    let (ann, owner) = ann_and_owner(&server).await;
    let error = at_once(ann.subscribe::<Knocked>()).await.map(drop).unwrap_err();
    let SubscribeError::Denied(denial) = &error else { panic!("{error:?}") };
    assert_eq!(
        (denial.action, denial.subject.as_str()),
        (DeniedAction::Subscribe, "doors.*.knocked")
    );
    assert_eq!(denial.queue_group, None);
    let error = at_once(ann.subscribe::<Knocked>().queue_group("us")).await.map(drop).unwrap_err();
    let SubscribeError::Denied(denial) = &error else { panic!("{error:?}") };
    assert_eq!(denial.queue_group.as_deref(), Some("us"));
    let knocks = |_: Knocked, _: Context| async { Ok(()) };
    let error = at_once(Registry::new("us").handle::<Knocked>(knocks).start(&ann)).await;
    let error = error.map(drop).unwrap_err();
    assert!(matches!(&error, ServeError::Subscribe { message, .. } if message == "doors.knocked"));
    assert!(error.to_string().contains("`doors.*.knocked`"), "{error}");
    // Another group's denial is not one's own.
    let mut theirs = at_once(ann.subscribe::<Knocked>().queue_group("them")).await.unwrap();
    owner.publish(&knocked(1)).await.unwrap();
    assert_eq!(soon(theirs.next()).await.unwrap().unwrap().number, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_that_is_denied_later_says_so_and_comes_back() {
    let all = users(&allow("publish", &[">"]), &allow("subscribe", &[">"]));
    let none = users(&allow("publish", &[">"]), &allow("subscribe", &["_INBOX.>"]));
    let server = Server::with_config(&all).await;
    let (ann, owner) = ann_and_owner(&server).await;
    let mut live = ann.subscribe::<Knocked>().await.unwrap();
    let knocks = |_: Knocked, _: Context| async { Ok(()) };
    let running = Registry::new("porter").handle::<Knocked>(knocks).start(&ann).await.unwrap();
    server.reload(&none);
    let error = soon(live.next()).await.unwrap().unwrap_err();
    assert!(matches!(&error, ReceiveError::Denied(denial) if denial.subject == "doors.*.knocked"));
    eventually(SOON, "the route says so", || async {
        let status = running.status();
        let RouteState::Failing { .. } = &status[0].state else { return Err(status) };
        assert!(format!("{status:?}").contains("doors.*.knocked"), "{status:?}");
        Ok(())
    })
    .await;
    server.reload(&all);
    let heard = async {
        loop {
            owner.publish(&knocked(1)).await.unwrap();
            let next = tokio::time::timeout(Duration::from_millis(100), live.next()).await;
            if let Ok(Some(Ok(_))) = next {
                return;
            }
        }
    };
    tokio::time::timeout(SOON * 2, heard).await.expect("it hears again");
    eventually(SOON * 2, "the route is well", || async {
        owner.publish(&knocked(2)).await.unwrap();
        let status = running.status();
        if status[0].state == RouteState::Running { Ok(()) } else { Err(status) }
    })
    .await;
    running.shutdown().await;
}

/// A user who only asks may publish nowhere else; nothing that is done beside it needs more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_of_few_subjects_can_do_all_that_is_allowed() {
    let server = Server::with_config(&users(
        &allow("publish", &["safes.combination", "doors.>"]),
        &allow("subscribe", &["_INBOX.>", "doors.>"]),
    ))
    .await;
    let (ann, owner) = ann_and_owner(&server).await;
    let combination = |ask: Combination, _: Context| async move { Ok(ask.safe) };
    let registry = Registry::new("vault").handle::<Combination>(combination);
    let running = registry.start(&owner).await.unwrap();
    assert_eq!(at_once(ann.request(&Combination { safe: 7 })).await.unwrap(), 7);
    let mut live = at_once(ann.subscribe::<Knocked>()).await.unwrap();
    ann.publish(&knocked(1)).await.unwrap();
    at_once(ann.flush()).await.unwrap();
    assert_eq!(soon(live.next()).await.unwrap().unwrap().number, 1);
    running.shutdown().await;
    soon(ann.close()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_route_that_may_not_pull_says_so() {
    let server = Server::with_config(&users(
        &deny("publish", &["$JS.API.CONSUMER.MSG.NEXT.>"]),
        &deny("subscribe", &["x"]),
    ))
    .await;
    let (ann, _owner) = ann_and_owner(&server).await;
    let handler = |_: Opened, _: Context| async { Ok(()) };
    let registry = Registry::new("vault").handle::<Opened>(handler);
    let running = registry.start(&ann).await.unwrap();
    eventually(SOON / 2, "the route says so", || async {
        let status = running.status();
        let said = format!("{status:?}");
        if said.contains("$JS.API.CONSUMER.MSG.NEXT.SAFES") { Ok(()) } else { Err(said) }
    })
    .await;
    running.shutdown().await;
}

/// Letters that may not be stored keep no handler's place, and are stored once they may be.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_route_that_may_not_put_aside_goes_on() {
    const MANY: u32 = 40;
    let denied = users(&deny("publish", &["_dead_letters.>"]), &deny("subscribe", &["x"]));
    let server = Server::with_config(&denied).await;
    let (ann, owner) = ann_and_owner(&server).await;
    let handler = |event: Opened, _: Context| async move {
        if event.number > 0 { Err(Failure::reject("it was empty")) } else { Ok(()) }
    };
    let running = Registry::new("vault").handle::<Opened>(handler).start(&ann).await.unwrap();
    owner.publish_all((1..=MANY).map(|number| Opened { number })).await.unwrap();
    owner.publish(&Opened { number: 0 }).await.unwrap();
    eventually(SOON, "the last one is handled", || async {
        let report = running.report().remove(0);
        if report.handled == 1 && report.unstored == u64::from(MANY) { Ok(()) } else { Err(report) }
    })
    .await;
    assert_eq!(running.report()[0].dead_lettered, 0);
    let status = format!("{:?}", running.status());
    assert!(status.contains("Failing") && status.contains("_dead_letters."), "{status}");

    server.reload(&users(&allow("publish", &[">"]), &deny("subscribe", &["x"])));
    let letters = owner.dead_letters("vault");
    let of_all = || async { letters.count(tidings::DeadLetterFilter::all()).await.unwrap() };
    eventually(SOON * 4, "all are put aside", || async { of_all().await == u64::from(MANY) }).await;
    eventually(SOON, "the route is well", || async {
        running.status()[0].state == RouteState::Running
    })
    .await;
    assert_eq!(running.shutdown().await[0].dead_lettered, u64::from(MANY));
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, Bucket)]
#[bucket(name = "locks", key = "{door}")]
struct Lock {
    door: String,
}

/// A user who may not write to a bucket, or not read it, is told the subject.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_denied_bucket_is_told_with_its_subject() {
    let publish = deny("publish", &["$KV.locks.>", "$JS.API.DIRECT.GET.>", "$JS.API.CONSUMER.>"]);
    let server = Server::with_config(&users(&publish, &allow("subscribe", &[">"]))).await;
    let owner = server.url().replace("nats://", "nats://owner:pw@");
    Bus::connect(owner).await.unwrap().provision::<Lock>().await.unwrap();
    let ann = Bus::builder().server(server.url().replace("nats://", "nats://ann:pw@"));
    let bus = ann.connect().await.unwrap();
    let locks = bus.key_value::<Lock>();
    let (lock, key) = (Lock { door: "front".into() }, LockKey { door: "front".into() });
    for change in [locks.put(&lock), locks.create(&lock), locks.delete(&key), locks.purge(&key)] {
        let error = soon(change.into_future()).await.unwrap_err();
        let PutError::Denied(denial) = &error else { panic!("{error:?}") };
        let expected = (DeniedAction::Publish, "$KV.locks.front");
        assert_eq!((denial.action, &*denial.subject), expected, "{error}");
    }
    let errors = [
        soon(locks.get(&key)).await.map(drop).unwrap_err(),
        soon(locks.get_many([&key])).await.map(drop).unwrap_err(),
        soon(locks.keys()).await.map(drop).unwrap_err(),
        soon(locks.history(&key)).await.map(drop).unwrap_err(),
        soon(locks.watch().into_future()).await.map(drop).unwrap_err(),
    ];
    for error in errors {
        let GetError::Denied(denial) = &error else { panic!("{error:?}") };
        assert!(denial.subject.starts_with("$JS.API."), "{error}");
    }
}
