//! Deleting, linking, and describing anew.

use std::time::Duration;

use tidings::{ObjectGetError, ObjectMeta, ObjectPutError, ObjectStoreConfig};

use super::{bytes, chunks, files, make};
use crate::support::env::Env;

scenarios! {
    every_bus:
        a_deleted_object_is_gone_with_its_chunks,
        a_deleted_object_can_be_put_again,
        a_link_to_an_object,
        a_link_to_an_object_of_another_store,
        a_link_to_a_store,
        a_link_that_can_not_be,
        a_link_to_what_is_gone,
        metadata_is_updated,
        an_object_is_renamed,
        a_name_that_is_taken,
        what_is_not_there_can_not_be_updated,
        a_sealed_store_takes_nothing;
}

async fn a_deleted_object_is_gone_with_its_chunks(env: Env) {
    let (bus, files) = files(&env).await;
    files.put("a", bytes(300_000)).await.unwrap();
    files.put("b", bytes(10)).await.unwrap();
    assert!(files.delete("a").await.unwrap());
    assert!(files.info("a").await.unwrap().is_none());
    assert!(files.get("a").await.unwrap().is_none());
    assert_eq!(chunks(&bus).await, 1);
    assert!(!files.delete("a").await.unwrap());
    assert!(!files.delete("nobodys").await.unwrap());
    assert!(files.get("b").await.unwrap().is_some());
}

async fn a_deleted_object_can_be_put_again(env: Env) {
    let (_, files) = files(&env).await;
    files.put("a", "one").await.unwrap();
    files.delete("a").await.unwrap();
    let put = files.put("a", "two").await.unwrap();
    assert_eq!(files.info("a").await.unwrap().unwrap().revision, put.revision);
    assert_eq!(files.get("a").await.unwrap().unwrap().bytes().await.unwrap(), "two");
}

async fn a_link_to_an_object(env: Env) {
    let (bus, files) = files(&env).await;
    let put = files.put("2026.pdf", "pages").await.unwrap();
    let link = files.link("latest.pdf", &put).await.unwrap();
    let to = link.link.unwrap();
    assert_eq!((&*to.store, to.name.as_deref()), ("files", Some("2026.pdf")));
    let found = files.get("latest.pdf").await.unwrap().unwrap();
    assert_eq!(found.info().name(), "2026.pdf");
    assert_eq!(found.bytes().await.unwrap(), "pages");
    // It is the last version that it refers to.
    let put = files.put("2026.pdf", "more pages").await.unwrap();
    let found = files.get("latest.pdf").await.unwrap().unwrap();
    assert_eq!(found.bytes().await.unwrap(), "more pages");
    // Another link may take its place, and deleting it deletes no object.
    files.link("latest.pdf", &put).await.unwrap();
    assert!(files.delete("latest.pdf").await.unwrap());
    assert_eq!(chunks(&bus).await, 1);
    assert!(files.get("2026.pdf").await.unwrap().is_some());
}

async fn a_link_to_an_object_of_another_store(env: Env) {
    let (bus, files) = files(&env).await;
    make(&bus, &ObjectStoreConfig::new("archive")).await;
    let archive = bus.objects("archive");
    let put = archive.put("old.pdf", "pages").await.unwrap();
    files.link("old", &put).await.unwrap();
    let found = files.get("old").await.unwrap().unwrap();
    assert_eq!(found.info().store, "archive");
    assert_eq!(found.bytes().await.unwrap(), "pages");
}

async fn a_link_to_a_store(env: Env) {
    let (bus, files) = files(&env).await;
    make(&bus, &ObjectStoreConfig::new("archive")).await;
    files.link_store("archive", &bus.objects("archive")).await.unwrap();
    let link = files.info("archive").await.unwrap().unwrap().link.unwrap();
    assert_eq!((&*link.store, link.name), ("archive", None));
    let error = files.get("archive").await.unwrap_err();
    let ObjectGetError::StoreLink { target, .. } = error else { panic!("{error}") };
    assert_eq!(target, "archive");
}

async fn a_link_that_can_not_be(env: Env) {
    let (_, files) = files(&env).await;
    let put = files.put("a", "data").await.unwrap();
    files.put("b", "data").await.unwrap();
    assert!(matches!(files.link("b", &put).await, Err(ObjectPutError::Exists { .. })));
    let link = files.link("c", &put).await.unwrap();
    assert!(matches!(files.link("d", &link).await, Err(ObjectPutError::LinkTarget { .. })));
    assert!(matches!(files.link("", &put).await, Err(ObjectPutError::Name(_))));
}

async fn a_link_to_what_is_gone(env: Env) {
    let (_, files) = files(&env).await;
    let put = files.put("a", "data").await.unwrap();
    files.link("b", &put).await.unwrap();
    files.delete("a").await.unwrap();
    let error = files.get("b").await.unwrap_err();
    let ObjectGetError::DeadLink { target, .. } = error else { panic!("{error}") };
    assert_eq!(target, "files/a");
}

async fn metadata_is_updated(env: Env) {
    let (_, files) = files(&env).await;
    let put = files.put(ObjectMeta::new("a").with_metadata("year", "2025"), "data").await.unwrap();
    let meta = ObjectMeta::new("a").with_description("Data").with_metadata("year", "2026");
    let updated = files.update("a", meta).await.unwrap();
    assert!(updated.revision > put.revision);
    let info = files.info("a").await.unwrap().unwrap();
    assert_eq!((&info.nuid, &info.digest), (&put.nuid, &put.digest));
    assert_eq!(
        (&*info.meta.metadata["year"], info.meta.description.as_deref()),
        ("2026", Some("Data"))
    );
    assert_eq!(files.get("a").await.unwrap().unwrap().bytes().await.unwrap(), "data");
}

async fn an_object_is_renamed(env: Env) {
    let (bus, files) = files(&env).await;
    files.put("old", "data").await.unwrap();
    files.update("old", "new").await.unwrap();
    assert!(files.info("old").await.unwrap().is_none());
    assert_eq!(files.get("new").await.unwrap().unwrap().bytes().await.unwrap(), "data");
    // What becomes of the former name is nothing to it.
    files.put("old", "other data").await.unwrap();
    files.delete("old").await.unwrap();
    files.delete("old").await.unwrap();
    assert_eq!(files.get("new").await.unwrap().unwrap().bytes().await.unwrap(), "data");
    assert_eq!(chunks(&bus).await, 1);
}

async fn a_name_that_is_taken(env: Env) {
    let (_, files) = files(&env).await;
    files.put("a", "one").await.unwrap();
    files.put("b", "two").await.unwrap();
    assert!(matches!(files.update("a", "b").await, Err(ObjectPutError::Exists { .. })));
    files.delete("b").await.unwrap();
    files.update("a", "b").await.unwrap();
    assert_eq!(files.get("b").await.unwrap().unwrap().bytes().await.unwrap(), "one");
}

async fn what_is_not_there_can_not_be_updated(env: Env) {
    let (_, files) = files(&env).await;
    assert!(matches!(files.update("a", "a").await, Err(ObjectPutError::NotFound { .. })));
    files.put("a", "one").await.unwrap();
    files.delete("a").await.unwrap();
    assert!(matches!(files.update("a", "b").await, Err(ObjectPutError::NotFound { .. })));
}

async fn a_sealed_store_takes_nothing(env: Env) {
    let (_, files) = files(&env).await;
    let put = files.put("a", "data").await.unwrap();
    files.seal().await.unwrap();
    for changed in [
        files.put("b", "data").await.map(drop),
        files.put_from("b", &bytes(2_000_000)[..]).await.map(drop),
        files.put("b", "").await.map(drop),
        files.delete("a").await.map(drop),
        files.link("c", &put).await.map(drop),
        files.update("a", "d").await.map(drop),
    ] {
        let error = changed.unwrap_err();
        assert!(error.to_string().contains("`files` is sealed"), "{error}");
        assert!(matches!(error, ObjectPutError::Sealed { .. }), "{error:?}");
    }
    assert_eq!(files.sweep(Duration::ZERO).await.unwrap(), 0);
    assert_eq!(files.get("a").await.unwrap().unwrap().bytes().await.unwrap(), "data");
}
