//! Keys: made of fields, and of nothing that a key can't hold.

use tidings::{GetError, KeyError, PutError, TokenError};

use super::{Code, Session, SessionKey, code, code_key, session};
use crate::support::env::Env;

scenarios! {
    every_bus:
        values_that_no_key_holds_are_refused,
        the_whole_key_of_a_value_is_typed,
        buckets_do_not_mix;
}

async fn values_that_no_key_holds_are_refused(env: Env) {
    let bus = env.bus_with::<Code>().await;
    let codes = bus.key_value::<Code>();
    for (value, source) in [
        ("", TokenError::Empty),
        ("a.b", TokenError::Dot),
        ("*", TokenError::Wildcard),
        (">", TokenError::Wildcard),
        ("a b", TokenError::WhiteSpace),
        ("a\u{a0}b", TokenError::WhiteSpace),
        ("a\0", TokenError::Control),
        ("a:b", TokenError::NoKey),
        ("zoë", TokenError::NoKey),
    ] {
        let put = codes.put(&code(value, 1)).await.unwrap_err();
        let PutError::Key(KeyError::Field(error)) = &put else { panic!("{put:?}") };
        assert_eq!((error.field, error.template, error.source), ("code", "{code}", source));
        let get = codes.get(&code_key(value)).await.unwrap_err();
        assert!(matches!(get, GetError::Key(KeyError::Field(_))), "{get:?}");
        let delete = codes.delete(&code_key(value)).await.unwrap_err();
        assert!(matches!(delete, PutError::Key(KeyError::Field(_))), "{delete:?}");
    }
    assert_eq!(bus.stream::<Code>().state().await.unwrap().messages, 0);
}

async fn the_whole_key_of_a_value_is_typed(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let sessions = bus.key_value::<Session>();
    let long = "t".repeat(200);
    for tenant in ["a/b=c-d_e", "0", long.as_str()] {
        let session = session(tenant, u64::MAX, &[]);
        sessions.put(&session).await.unwrap();
        let key = SessionKey { tenant: tenant.to_owned(), user: u64::MAX };
        let entry = sessions.entry(&key).await.unwrap().unwrap();
        assert_eq!((entry.key, entry.value), (key, session));
    }
}

async fn buckets_do_not_mix(env: Env) {
    let bus = env.bus_with::<Session>().await;
    bus.provision::<Code>().await.unwrap();
    bus.key_value::<Code>().put(&code("acme", 3)).await.unwrap();
    bus.key_value::<Session>().put(&session("acme", 7, &[])).await.unwrap();
    let codes = bus.key_value::<Code>();
    assert_eq!(codes.get(&code_key("acme")).await.unwrap(), Some(code("acme", 3)));
    assert_eq!(codes.name(), "codes");
    assert_eq!(bus.stream::<Session>().state().await.unwrap().messages, 1);
}
