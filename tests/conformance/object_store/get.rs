//! Getting: all of an object or a part, in pieces, in memory, or on a writer.

use tidings::{ObjectMeta, ObjectReadError};

use super::{Files, bytes, files};
use crate::support::env::Env;

scenarios! {
    every_bus:
        what_is_not_there_is_none,
        a_flow_of_pieces,
        a_writer_gets_all,
        a_range,
        a_range_beyond_the_end,
        many_objects_between_each_other,
        an_object_larger_than_what_is_asked_for_at_once,
        objects_read_side_by_side,
        a_chunk_that_is_gone;
}

async fn what_is_not_there_is_none(env: Env) {
    let (_, files) = files(&env).await;
    assert!(files.get("a").await.unwrap().is_none());
    assert!(files.info("a").await.unwrap().is_none());
}

async fn a_flow_of_pieces(env: Env) {
    let (_, files) = files(&env).await;
    files.put("a", bytes(300_000)).await.unwrap();
    let mut found = files.get("a").await.unwrap().unwrap();
    let (mut pieces, mut sizes) = (Vec::new(), Vec::new());
    while let Some(piece) = found.next().await {
        sizes.push(piece.as_ref().unwrap().len());
        pieces.push(piece.unwrap());
    }
    assert_eq!(sizes, [131_072, 131_072, 37_856]);
    assert!(pieces.concat() == bytes(300_000));
    assert!(found.next().await.is_none());
}

async fn a_writer_gets_all(env: Env) {
    let (_, files) = files(&env).await;
    files.put("a", bytes(300_000)).await.unwrap();
    let mut written = Vec::new();
    let found = files.get("a").await.unwrap().unwrap();
    assert_eq!(found.write_to(&mut written).await.unwrap(), 300_000);
    assert!(written == bytes(300_000));
}

async fn a_range(env: Env) {
    let (_, files) = files(&env).await;
    let data = bytes(5000);
    files.put(ObjectMeta::new("a").with_chunk_size(1000), data.clone()).await.unwrap();
    for range in [0..5000, 0..1, 999..1001, 1000..2000, 4999..5000, 1234..4321, 7..7] {
        let found = files.get("a").range(range.clone()).await.unwrap().unwrap();
        let at = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
        assert!(found.bytes().await.unwrap() == data[at], "{range:?}");
    }
    let found = files.get("a").range(..=9).await.unwrap().unwrap();
    assert!(found.bytes().await.unwrap() == data[..10]);
    let mut written = Vec::new();
    let found = files.get("a").range(4990..).await.unwrap().unwrap();
    assert_eq!(found.write_to(&mut written).await.unwrap(), 10);
    assert!(written == data[4990..]);
}

async fn a_range_beyond_the_end(env: Env) {
    let (_, files) = files(&env).await;
    files.put("a", bytes(10)).await.unwrap();
    let found = files.get("a").range(5..500).await.unwrap().unwrap();
    assert!(found.bytes().await.unwrap() == bytes(10)[5..]);
    let found = files.get("a").range(500..600).await.unwrap().unwrap();
    assert!(found.bytes().await.unwrap().is_empty());
}

async fn many_objects_between_each_other(env: Env) {
    let (_, files) = files(&env).await;
    let puts = (0..8_usize).map(|object| {
        let files = files.clone();
        let meta = ObjectMeta::new(format!("object {object}")).with_chunk_size(100);
        tokio::spawn(async move { files.put(meta, bytes(150_000 + object)).await.unwrap() })
    });
    for put in puts.collect::<Vec<_>>() {
        put.await.unwrap();
    }
    for object in 0..8 {
        let found = files.get(format!("object {object}")).await.unwrap().unwrap();
        assert!(found.bytes().await.unwrap() == bytes(150_000 + object));
    }
}

async fn an_object_larger_than_what_is_asked_for_at_once(env: Env) {
    let (_, files) = files(&env).await;
    let data = bytes(12_000_000);
    files.put("large", data.clone()).await.unwrap();
    assert!(files.get("large").await.unwrap().unwrap().bytes().await.unwrap() == data);
    // By count and not by bytes.
    let data = bytes(3000);
    files.put(ObjectMeta::new("small").with_chunk_size(1), data.clone()).await.unwrap();
    assert!(files.get("small").await.unwrap().unwrap().bytes().await.unwrap() == data);
}

async fn objects_read_side_by_side(env: Env) {
    let (_, files) = files(&env).await;
    let data = bytes(1_000_000);
    files.put("a", data.clone()).await.unwrap();
    let reads = (0..8).map(|_| {
        let files = files.clone();
        tokio::spawn(async move { files.get("a").await.unwrap().unwrap().bytes().await.unwrap() })
    });
    for read in reads.collect::<Vec<_>>() {
        assert!(read.await.unwrap() == data);
    }
}

async fn a_chunk_that_is_gone(env: Env) {
    let (bus, files) = files(&env).await;
    let put = files.put(ObjectMeta::new("a").with_chunk_size(10), "a".repeat(95)).await.unwrap();
    bus.stream::<Files>().delete_message(put.revision - 3).await.unwrap();
    let error = files.get("a").await.unwrap().unwrap().bytes().await.unwrap_err();
    let ObjectReadError::Incomplete { size, read, .. } = error else { panic!("{error}") };
    assert_eq!((size, read), (95, 85));
}
