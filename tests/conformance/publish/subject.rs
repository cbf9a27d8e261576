//! Promise 1: subjects.

use std::time::Duration;

use tidings::prelude::*;
use tidings::{Decode, ParseSubjectError, PublishError, RequestError};

use crate::support::env::{Env, never, soon};
use crate::support::message::{Echo, Parcels, Region, Seen, Sent, Switched, sent, switched};

scenarios! {
    every_bus:
        tokens_fill_the_template,
        a_value_that_is_no_token_is_refused_and_nothing_is_sent,
        what_subject_makes_the_filter_matches_and_the_parser_gives_back,
        a_foreign_subject_is_an_error_and_no_guess;
}

async fn tokens_fill_the_template(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let mut all = bus.subscribe::<Sent>().await.unwrap();
    bus.publish(&Sent::new(7, Region::Us)).await.unwrap();
    let delivery = soon(all.next()).await.unwrap().unwrap();
    assert_eq!(delivery.subject(), "parcels.us.sent");
    assert_eq!(delivery.tokens().unwrap().region, Region::Us);
    assert_eq!(*delivery, Sent::new(7, Region::Us));
}

async fn a_value_that_is_no_token_is_refused_and_nothing_is_sent(env: Env) {
    let bus = env.bus();
    let mut all = bus.subscribe::<Switched>().await.unwrap();
    let refused =
        ["", "a.b", "*", ">", "a b", "a\tb", "a\r\nPUB x 0", "\u{0}", "\u{a0}", "x.>", "é*"];
    for room in refused {
        let error = bus.publish(&Switched { room: room.into(), number: 1 }).await.unwrap_err();
        let PublishError::Subject(error) = error else { panic!("{room:?}: {error:?}") };
        assert_eq!((error.field, error.template), ("room", "lamps.{room}.switched"));
        assert!(error.to_string().contains("`room`"), "{error}");

        let ask = Echo { room: room.into(), text: String::new() };
        let error = bus.request(&ask).await.unwrap_err();
        assert!(matches!(&error, RequestError::Subject(error) if error.field == "room"));

        let filter = Switched::filter().room(room);
        assert!(bus.subscribe_to(filter).await.is_err(), "{room:?} in a filter");
    }
    let too_long = "x".repeat(4000);
    let error = bus.publish(&Switched { room: too_long, number: 1 }).await.unwrap_err();
    assert!(matches!(error, PublishError::Subject(_)), "{error:?}");
    never(Duration::from_millis(100), all.next()).await;

    // The bus is as well as before.
    bus.publish(&switched(2)).await.unwrap();
    assert_eq!(soon(all.next()).await.unwrap().unwrap().number, 2);
}

async fn what_subject_makes_the_filter_matches_and_the_parser_gives_back(env: Env) {
    let bus = env.bus();
    for room in ["hall", "é", "日本", "a-b_c", "$x", "100%", "a/b\\c", "{}", "\"q\""] {
        let event = Switched { room: room.into(), number: 1 };
        let mut narrow = bus.subscribe_to(Switched::filter().room(room)).await.unwrap();
        let mut wide = bus.subscribe::<Switched>().await.unwrap();
        bus.publish(&event).await.unwrap();
        for delivery in [soon(narrow.next()).await, soon(wide.next()).await] {
            let delivery = delivery.unwrap().unwrap();
            assert_eq!(delivery.subject(), event.subject().unwrap().as_str());
            assert_eq!(delivery.tokens().unwrap().room, room);
        }
    }
}

async fn a_foreign_subject_is_an_error_and_no_guess(env: Env) {
    fn parse<M: Decode>(subject: &str) -> Result<M::Tokens, ParseSubjectError> {
        M::parse_subject(subject)
    }
    drop(env);
    for subject in
        ["", "parcels", "parcels.eu", "parcels.eu.sent.x", "x.eu.sent", "parcels.eu.seen"]
    {
        assert!(
            matches!(parse::<Sent>(subject), Err(ParseSubjectError::Shape { .. })),
            "{subject}"
        );
    }
    let error = parse::<Seen>("parcels.mars.seen").err().unwrap();
    assert!(matches!(&error, ParseSubjectError::Token { token, .. } if token == "mars"));
    assert_eq!(sent(1).subject().unwrap().as_str(), "parcels.eu.sent");
}
