//! CloudEvents: published in either mode, and received wherever a message is.

use tidings::prelude::*;
use tidings::testing::TestBus;
use tidings::{
    CloudEvent, CloudEventMode, CloudEvents, DeadLetterFilter, DeadLetterReason, DecodeError,
    ReceiveError,
};
use tokio::sync::mpsc;

use crate::support::condition::letters;
use crate::support::env::{Env, next, soon};

scenarios! {
    every_bus:
        each_mode_comes_wherever_a_message_does,
        one_message_says_it_for_itself,
        a_request_is_one_too,
        letters_go_back_unchanged,
        events_of_others_are_read_by_their_type,
        what_can_not_be_read_is_put_aside_with_the_reason,
        data_is_validated_and_not_its_envelope,
        a_tests_bus_reads_them;
}

#[derive(EventStream)]
#[stream(name = "NOTES", subjects("notes.>"))]
struct Notes;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "notes.written", version = 1, stream = Notes)]
struct WrittenV1 {
    #[event(id)]
    title: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "notes.written", version = 2, upcasts = WrittenV1, stream = Notes)]
struct Written {
    #[event(id)]
    title: String,
    #[schemars(length(max = 10))]
    text: String,
}

impl Upcast<WrittenV1> for Written {
    fn upcast(old: WrittenV1) -> Self {
        Self { title: old.title, text: "none".to_owned() }
    }
}

/// Payload that other programs publish on the subject.
#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "notes.written", name = "notes.foreign", stream = Notes)]
#[serde(transparent)]
struct Foreign {
    payload: serde_json::Value,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "notes.find", reply = u64)]
struct Find {
    title: String,
}

const TITLE: &str = "Euro € 😀";

fn written(text: &str) -> Written {
    Written { title: TITLE.to_owned(), text: text.to_owned() }
}

fn modes() -> [CloudEvents; 2] {
    let options = CloudEvents::new("/notes").and_then(|options| options.extension("tenant", TITLE));
    let options = options.unwrap();
    [options.clone(), options.binary()]
}

fn assert_ours(event: Option<&CloudEvent>, id: Option<&str>) {
    let event = event.expect("it came as one");
    assert_eq!((event.source(), event.event_type()), ("/notes", "notes.written.v2"));
    assert_eq!((event.subject(), event.attribute("tenant")), (Some(TITLE), Some(TITLE)));
    assert_eq!(Some(event.id()), id, "the stream knows it by the same id");
    assert!(event.time().is_some());
}

type Handled = mpsc::UnboundedReceiver<(Written, Option<CloudEvent>, Option<String>)>;

/// A route that tells what it got, and that validates it.
fn telling() -> (Route<Written>, Handled) {
    let (sender, handled) = mpsc::unbounded_channel();
    let tell = move |event: Written, cx: Context| {
        let id = cx.message_id().map(str::to_owned);
        let sent = sender.send((event, cx.cloud_event(), id)).map_err(Failure::from);
        async move { sent }
    };
    (Route::of::<Written>(tell).validate(), handled)
}

async fn each_mode_comes_wherever_a_message_does(env: Env) {
    let bus = env.bus_with::<Notes>().await;
    let (route, mut handled) = telling();
    let _running = Registry::new("notes").route(route).start(&bus).await.unwrap();
    let mut live = bus.subscribe::<Written>().await.unwrap();
    let mut durable = bus.consume::<Written>("reader").await.unwrap();
    let mut history = bus.replay::<Written>(DeliverFrom::Beginning).await.unwrap();
    for (options, text) in modes().into_iter().zip(["structured", "binary"]) {
        let bus = bus.with_cloud_events(options);
        let mode = match text {
            "binary" => CloudEventMode::Binary,
            _ => CloudEventMode::Structured,
        };
        let event = written(text);
        bus.message(&event).message_id(text).publish().await.unwrap();
        let delivery = next(&mut live).await;
        assert_ours(delivery.cloud_event(), Some(text));
        assert_eq!(delivery.message_id(), Some(text));
        assert_eq!(delivery.cloud_event().map(CloudEvent::mode), Some(mode));
        let headers = delivery.headers();
        let (version, content_type) = (headers.get("ce-specversion"), headers.get("content-type"));
        match mode {
            CloudEventMode::Binary => {
                assert_eq!((version, content_type), (Some("1.0"), Some("application/json")));
                let encoded = Some("Euro%20%E2%82%AC%20%F0%9F%98%80");
                assert_eq!(headers.get("ce-subject"), encoded);
            }
            _ => assert_eq!((version, content_type), (None, Some("application/cloudevents+json"))),
        }
        assert_eq!(delivery.into_event(), event);
        let delivery = next(&mut history).await;
        assert_ours(delivery.cloud_event(), Some(text));
        assert_eq!(*delivery, event);
        let delivery = next(&mut durable).await;
        assert_ours(delivery.cloud_event(), Some(text));
        assert_eq!(*delivery, event);
        delivery.ack().await.unwrap();
        let (got, attributes, id) = soon(handled.recv()).await.unwrap();
        assert_ours(attributes.as_ref(), Some(text));
        assert_eq!((got, id.as_deref()), (event, Some(text)));
    }
}

async fn one_message_says_it_for_itself(env: Env) {
    let plain = env.bus_with::<Notes>().await;
    let [structured, binary] = modes();
    let bus = env.bus_with_options(|builder| builder.cloud_events(structured)).await;
    bus.provision::<Notes>().await.unwrap();
    let publishes = async |bus: &Bus, is: [Option<CloudEventMode>; 3]| {
        let mut live = bus.subscribe::<Written>().await.unwrap();
        let event = written("x");
        bus.message(&event).message_id(Uuid::now_v7().to_string()).publish().await.unwrap();
        let draft = bus.message(&event).message_id(Uuid::now_v7().to_string());
        draft.cloud_event(binary.clone()).publish().await.unwrap();
        let draft = bus.message(&event).message_id(Uuid::now_v7().to_string());
        draft.no_cloud_event().publish().await.unwrap();
        for expected in is {
            let delivery = next(&mut live).await;
            assert_eq!(delivery.cloud_event().map(CloudEvent::mode), expected);
            assert_eq!(*delivery, event);
        }
    };
    let (structured, binary) = (CloudEventMode::Structured, CloudEventMode::Binary);
    publishes(&plain, [None, Some(binary), None]).await;
    publishes(&bus, [Some(structured), Some(binary), None]).await;
    // Those of a publisher and of a batch too, each with an id of its own.
    let mut live = bus.subscribe::<Written>().await.unwrap();
    let events = ["a", "b"].map(|title| Written { title: title.to_owned(), text: String::new() });
    bus.publish_all(events.clone()).await.unwrap();
    for event in events {
        let delivery = next(&mut live).await;
        let attributes = delivery.cloud_event().unwrap();
        assert_eq!(Some(attributes.id()), delivery.message_id());
        assert_eq!((attributes.subject(), &*delivery), (Some(&*event.title), &event));
    }
}

async fn a_request_is_one_too(env: Env) {
    let bus = env.bus();
    let handler = |find: Find, cx: Context| async move {
        let event = cx.cloud_event().ok_or_else(|| Failure::reject("no CloudEvent"))?;
        assert_eq!((event.event_type(), find.title.as_str()), ("notes.find.v1", TITLE));
        Ok(7)
    };
    let _running = Registry::new("notes").handle::<Find>(handler).start(&bus).await.unwrap();
    let find = Find { title: TITLE.to_owned() };
    for options in modes() {
        let reply = bus.message(&find).cloud_event(options.clone()).request().await.unwrap();
        assert_eq!(reply, 7);
        assert_eq!(bus.with_cloud_events(options).request(&find).await.unwrap(), 7);
    }
}

async fn letters_go_back_unchanged(env: Env) {
    let bus = env.bus_with::<Notes>().await;
    let refuse = |_: Written, _: Context| async { Err(Failure::reject("not today")) };
    let refusing = Registry::new("notes").handle::<Written>(refuse).start(&bus).await.unwrap();
    let mut history = bus.replay::<Written>(DeliverFrom::Beginning).await.unwrap();
    let mut sent = Vec::new();
    for (options, id) in modes().into_iter().zip(["one", "two"]) {
        let event = written(id);
        let draft = bus.message(&event).message_id(id).cloud_event(options);
        draft.publish().await.unwrap();
        sent.push(next(&mut history).await.cloud_event().cloned());
    }
    let aside = bus.dead_letters("notes");
    let mut kept = Vec::new();
    for letter in letters(&aside, 2).await {
        let event = letter.decode::<Written>().unwrap();
        assert_eq!(letter.message_id(), Some(event.text.as_str()));
        assert_ours(letter.cloud_event().as_ref(), letter.message_id());
        kept.push(letter.cloud_event());
    }
    // They are handled side by side.
    let by_id = |mut events: Vec<Option<CloudEvent>>| {
        events.sort_by_key(|event| event.as_ref().map(|event| event.id().to_owned()));
        events
    };
    assert_eq!(by_id(kept), sent);
    refusing.shutdown().await;
    let (route, mut handled) = telling();
    let _running = Registry::new("notes").route(route).start(&bus).await.unwrap();
    let report = aside.redrive(DeadLetterFilter::all()).await.unwrap();
    assert_eq!((report.redriven, report.failed), (2, 0));
    let mut again = Vec::new();
    for _ in 0..2 {
        let (event, attributes, id) = soon(handled.recv()).await.unwrap();
        assert_eq!(id.as_deref(), Some(event.text.as_str()), "it is the message that it was");
        again.push(attributes);
    }
    assert_eq!(by_id(again), sent);
}

/// Publishes a payload with these headers.
async fn foreign(bus: &Bus, headers: &[(&str, &str)], payload: serde_json::Value) {
    let event = Foreign { payload };
    let mut draft = bus.message(&event);
    for (name, value) in headers {
        draft = draft.header(name, value);
    }
    draft.publish().await.unwrap();
}

/// An envelope of another program.
fn envelope(kind: &str, data: &serde_json::Value) -> serde_json::Value {
    serde_json::json!({
        "specversion": "1.0", "id": "theirs", "source": "urn:theirs", "type": kind, "data": data
    })
}

async fn events_of_others_are_read_by_their_type(env: Env) {
    let bus = env.bus_with::<Notes>().await;
    let data = || serde_json::json!({"title": "a", "text": "b"});
    let old = || serde_json::json!({"title": "a"});
    let marked = [("CONTENT-TYPE", "Application/CloudEvents+JSON; charset=utf-8")];
    foreign(&bus, &marked, envelope("notes.written.v2", &data())).await;
    foreign(&bus, &marked, envelope("notes.written.v1", &old())).await;
    // The released binding has no headers.
    foreign(&bus, &[], envelope("notes.written.v2", &data())).await;
    foreign(&bus, &[], envelope("notes.written.v1", &old())).await;
    let binary = |kind| {
        [
            ("CE-SpecVersion", "1.0"),
            ("Ce-Id", "theirs"),
            ("ce-source", "urn:theirs"),
            ("ce-type", kind),
        ]
    };
    foreign(&bus, &binary("notes.written.v2"), data()).await;
    foreign(&bus, &binary("notes.written.v1"), old()).await;
    foreign(&bus, &marked, envelope("notes.written.v3", &data())).await;
    foreign(&bus, &binary("notes.written.v3"), data()).await;
    foreign(&bus, &[], envelope("notes.written.v3", &serde_json::json!(7))).await;
    let mut history = bus.replay::<Written>(DeliverFrom::Beginning).await.unwrap();
    for text in ["b", "none"].repeat(3) {
        let delivery = next(&mut history).await;
        let event = delivery.cloud_event().unwrap();
        assert_eq!((event.id(), event.source()), ("theirs", "urn:theirs"));
        assert_ne!(delivery.message_id(), Some("theirs"), "the stream's id is another one");
        assert_eq!((delivery.title.as_str(), delivery.text.as_str()), ("a", text));
    }
    for _ in 0..3 {
        let error = soon(history.next()).await.unwrap().unwrap_err();
        let ReceiveError::Decode { source: error, .. } = error else { panic!("{error:?}") };
        let DecodeError::OtherMessage { found, .. } = &error else { panic!("{error:?}") };
        assert_eq!(found, "notes.written.v3");
    }
}

async fn what_can_not_be_read_is_put_aside_with_the_reason(env: Env) {
    let bus = env.bus_with::<Notes>().await;
    let (route, _handled) = telling();
    let _running = Registry::new("notes").route(route).start(&bus).await.unwrap();
    let data = serde_json::json!({"title": "a", "text": "b"});
    let marked = [("content-type", "application/cloudevents+json")];
    let mut old = envelope("notes.written.v2", &data);
    old["specversion"] = "0.3".into();
    foreign(&bus, &marked, old).await;
    foreign(&bus, &[("content-type", "application/cloudevents-batch+json")], serde_json::json!([]))
        .await;
    foreign(&bus, &[("ce-specversion", "1.0"), ("ce-id", "1")], data).await;
    let aside = bus.dead_letters("notes");
    let mut errors = Vec::new();
    for letter in letters(&aside, 3).await {
        assert_eq!(*letter.reason(), DeadLetterReason::Undecodable);
        let error = letter.decode::<Written>().unwrap_err();
        assert!(matches!(error, DecodeError::CloudEvent { .. }), "{error:?}");
        assert_eq!(error.payload(), letter.payload());
        errors.push(letter.error().to_owned());
    }
    for words in ["specversion is \"0.3\"", "is a batch", "\"source\" is missing"] {
        assert!(errors.iter().any(|error| error.contains(words)), "{words}: {errors:?}");
    }
}

async fn data_is_validated_and_not_its_envelope(env: Env) {
    let bus = env.bus_with::<Notes>().await;
    let (route, mut handled) = telling();
    let _running = Registry::new("notes").route(route).start(&bus).await.unwrap();
    for options in modes() {
        let bus = bus.with_cloud_events(options);
        for text in ["short", "much too long for it"] {
            let event = written(text);
            bus.message(&event).message_id(Uuid::now_v7().to_string()).publish().await.unwrap();
        }
        assert_eq!(soon(handled.recv()).await.unwrap().0, written("short"));
    }
    for letter in letters(&bus.dead_letters("notes"), 2).await {
        assert!(letter.error().contains("/text: "), "{}", letter.error());
    }
    let data = serde_json::json!({"title": "a", "text": "b"});
    foreign(&bus, &[], envelope("notes.written.v2", &data)).await;
    assert_eq!(soon(handled.recv()).await.unwrap().0.text, "b");
}

async fn a_tests_bus_reads_them(env: Env) {
    for options in modes() {
        let test = TestBus::on(env.bus_with::<Notes>().await);
        let (route, _handled) = telling();
        test.serve(Registry::new("notes").route(route)).await.unwrap();
        let event = written("x");
        let draft = test.bus().message(&event).message_id(Uuid::now_v7().to_string());
        draft.cloud_event(options).publish().await.unwrap();
        test.wait_idle().await.unwrap();
        test.published::<Written>().assert_eq(std::slice::from_ref(&event));
        test.handled::<Written>().assert_eq(&[event]);
    }
}
