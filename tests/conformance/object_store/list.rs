//! The list of a store's objects.

use super::files;
use crate::support::env::Env;

scenarios! {
    every_bus:
        an_empty_store_has_an_empty_list,
        what_is_there_is_listed_once;
}

async fn names(files: &tidings::Objects) -> Vec<String> {
    let mut list = files.list().await.unwrap();
    let mut names = Vec::new();
    while let Some(info) = list.next().await {
        names.push(info.unwrap().meta.name);
    }
    names.sort();
    names
}

async fn an_empty_store_has_an_empty_list(env: Env) {
    let (_, files) = files(&env).await;
    assert!(names(&files).await.is_empty());
}

async fn what_is_there_is_listed_once(env: Env) {
    let (_, files) = files(&env).await;
    for name in ["a", "b", "c", "b"] {
        files.put(name, "data").await.unwrap();
    }
    let info = files.info("a").await.unwrap().unwrap();
    files.link("link", &info).await.unwrap();
    files.delete("c").await.unwrap();
    assert_eq!(names(&files).await, ["a", "b", "link"]);
}
