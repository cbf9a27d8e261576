//! Conditions that scenarios wait for.

use tidings::prelude::*;
use tidings::{Control, DeadLetter, DeadLetterFilter, DeadLetters, EventStream, RouteState};
use tidings_tests::eventually;

use crate::support::env::{BY_AND_BY, SOON, soon};

/// Waits until there are exactly so many letters, and gives them.
pub(crate) async fn letters(of: &DeadLetters, count: usize) -> Vec<DeadLetter> {
    let found = async || {
        let mut found = Vec::new();
        let mut list = of.list(DeadLetterFilter::all());
        while let Some(letter) = list.next().await {
            found.push(letter.map_err(|error| error.to_string())?);
        }
        Ok::<_, String>(found)
    };
    eventually(BY_AND_BY, format!("{count} letters"), || async {
        let found = found().await?;
        if found.len() == count { Ok(found) } else { Err(format!("{found:?}")) }
    })
    .await
}

/// Waits until the stream holds exactly so many messages.
pub(crate) async fn holds<S: EventStream>(bus: &Bus, messages: u64) {
    eventually(SOON, format!("{messages} messages"), || async {
        let state = bus.stream::<S>().state().await.map_err(|error| error.to_string())?;
        if state.messages == messages { Ok(()) } else { Err(format!("{state:?}")) }
    })
    .await;
}

/// Waits until the one route is in a state that is meant.
pub(crate) async fn state(control: &Control, is_meant: impl Fn(&RouteState) -> bool) -> RouteState {
    let come = async {
        loop {
            let changed = control.changed();
            let state = control.status().remove(0).state;
            if is_meant(&state) {
                return state;
            }
            changed.await;
        }
    };
    soon(come).await
}
