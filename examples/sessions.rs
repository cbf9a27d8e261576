//! Key-value: sessions by key, changed by revision, with codes that expire.

use anyhow::Context as _;
use tidings::PutError;
use tidings::prelude::*;

/// Session of a user who is logged in, with the cart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Bucket)]
#[bucket(name = "sessions", key = "{tenant}.{user}", history = 5)]
struct Session {
    tenant: String,
    user: Uuid,
    cart: Vec<String>,
}

/// A code that logs somebody in, for a while.
#[derive(Debug, Serialize, Deserialize, JsonSchema, Bucket)]
#[bucket(name = "login-codes", key = "{code}", limit_markers = "10m")]
struct LoginCode {
    code: String,
    user: Uuid,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let bus = tidings_examples::bus().await?;
    bus.provision::<Session>().await?;
    bus.provision::<LoginCode>().await?;
    let sessions = bus.key_value::<Session>();
    let codes = bus.key_value::<LoginCode>();

    // A user of this run's own, since a server may still have those of the last one.
    let user = Uuid::now_v7();
    let key = SessionKey { tenant: "acme".into(), user };
    assert_eq!(sessions.get(&key).await?, None);

    // A code works once: whoever deletes it at its revision has used it.
    let code = LoginCode { code: user.simple().to_string(), user };
    let revision = codes.create(&code).ttl(Duration::from_secs(600)).await?;
    let once = LoginCodeKey { code: code.code };
    codes.delete(&once).at(revision).await?;
    assert!(matches!(codes.delete(&once).at(revision).await, Err(PutError::Conflict { .. })));

    // However many change it at a time, nothing is lost.
    sessions.create(&Session { tenant: "acme".into(), user, cart: Vec::new() }).await?;
    let changes = ["lamp", "desk", "chair"].map(|item| {
        let (sessions, key) = (sessions.clone(), key.clone());
        tokio::spawn(async move {
            let empty = || Session { tenant: "acme".into(), user, cart: Vec::new() };
            let add = |old: Option<Session>| {
                let mut session = old.unwrap_or_else(empty);
                session.cart.push(item.to_owned());
                session
            };
            sessions.update_with(&key, add).await
        })
    });
    for change in changes {
        change.await??;
    }
    let entry = sessions.entry(&key).await?.context("the session is there")?;
    assert_eq!(entry.value.cart.len(), 3);
    println!("revision {}: {:?}", entry.revision, entry.value.cart);

    // A value that no key can hold never reaches the server.
    let injected = SessionKey { tenant: "*".into(), user };
    println!("{}", sessions.get(&injected).await.err().context("no such tenant")?);

    sessions.delete(&key).await?;
    assert_eq!(sessions.get(&key).await?, None);
    Ok(())
}
