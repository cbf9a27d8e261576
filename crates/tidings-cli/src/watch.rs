//! Watches, shown as they come until enough is shown or somebody ends them.

use anyhow::bail;
use serde_json::{Value, json};

use crate::output::Output;
use crate::terminal;

/// Item of a watch, as it is shown.
pub(crate) enum Item<T> {
    /// A value or a removal, which counts as shown.
    Change(T),
    /// A word about the watch itself.
    Mark(&'static str),
    /// A problem, told apart from what is shown.
    Problem(String),
    /// Nothing to be shown.
    Nothing,
}

/// A change that can be shown, for people and for programs.
pub(crate) trait Shown {
    fn text(&self) -> String;

    fn json(&self) -> Value;
}

/// Shows what comes, until so many changes are shown, by Ctrl-C, or until an error ends it.
pub(crate) async fn show<T: Shown>(
    output: &mut Output,
    count: Option<u64>,
    mut next: impl AsyncFnMut() -> Option<anyhow::Result<Item<T>>>,
) -> anyhow::Result<()> {
    let end = tokio::signal::ctrl_c();
    tokio::pin!(end);
    let mut shown = 0;
    while count.is_none_or(|count| shown < count) {
        let item = tokio::select! {
            _ = &mut end => break,
            item = next() => item,
        };
        match item {
            None => bail!("the connection was closed"),
            Some(Err(error)) => return Err(error),
            Some(Ok(Item::Change(change))) => {
                output.write(|| change.text(), || change.json())?;
                shown += 1;
            }
            Some(Ok(Item::Mark(what))) => {
                output.write(|| format!("({what})"), || json!({ "watch": what }))?;
            }
            Some(Ok(Item::Problem(problem))) => terminal::note(&problem),
            Some(Ok(Item::Nothing)) => {}
        }
        output.flush()?;
    }
    terminal::note(&format!("{shown} shown"));
    Ok(())
}
