//! A handler that takes the value alone.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Bucket)]
#[bucket(name = "sessions", key = "{user}")]
struct Session {
    user: u64,
}

async fn learn(_session: Session, _cx: Context) -> Result<(), Failure> {
    Ok(())
}

fn registry() -> Registry {
    Registry::new("mirror").watch(Route::watch::<Session>(learn))
}

fn main() {}
