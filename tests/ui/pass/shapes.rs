//! Newtypes and unit structs are events as well.

use tidings::prelude::*;

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "users.{user}.left")]
struct UserLeft(#[event(id)] Uuid);

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "users.{type}.joined", id = "r#type")]
struct UserJoined(u32);

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "night.fell", version = 2, name = "night", tagged)]
struct NightFell;

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "day.broke")]
struct DayBroke {}

fn decoded<E: tidings::Decode>(event: &E) -> E {
    let mut payload = Vec::new();
    event.encode(&mut payload).unwrap();
    E::decode(event.declaration(), &payload).unwrap()
}

fn main() {
    let left = UserLeft(Uuid::nil());
    assert_eq!(left.subject().unwrap().as_str(), format!("users.{}.left", left.0));
    assert_eq!(left.message_id(), Some(format!("users.left/{}", left.0)));
    assert_eq!(UserLeft::parse_subject(left.subject().unwrap().as_str()).unwrap().user, left.0);
    assert_eq!(decoded(&left), left);
    let filter = UserLeft::filter().user(Uuid::nil()).subjects().unwrap();
    assert_eq!(filter[0], left.subject().unwrap());

    assert_eq!(UserJoined(7).message_id().as_deref(), Some("users.joined/7"));
    assert_eq!(UserJoined::parse_subject("users.7.joined").unwrap().r#type, 7);

    assert_eq!(NightFell.subject().unwrap().as_str(), "night.fell");
    assert_eq!(NightFell.message_id(), None);
    assert_eq!(NightFell.declaration().tag, "night.v2");
    assert!(NightFell.declaration().tagged);
    assert_eq!(decoded(&NightFell), NightFell);
    NightFell::parse_subject("night.fell").unwrap();
    assert!(NightFell::parse_subject("night.fell.hard").is_err());
    assert_eq!(NightFell::filter().subjects().unwrap()[0].as_str(), "night.fell");

    assert_eq!(decoded(&DayBroke {}), DayBroke {});
}
