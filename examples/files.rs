//! Objects: files of any size by name, in chunks, with a digest that is checked.

use anyhow::Context as _;
use tidings::prelude::*;
use tidings::{ObjectChanges, ObjectEvent, ObjectMeta, ObjectPutError, ObjectStoreConfig};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let bus = tidings_examples::bus().await?;

    // A store is a stream: made where it is missing, and changed as far as that loses nothing.
    let mut config = ObjectStoreConfig::new("invoices");
    config.description = Some("Invoices as they were sent".to_owned());
    bus.apply(bus.plan_stream(&config.to_stream()).await?).await?;
    let invoices = bus.objects("invoices");

    // A name of this run's own, since a server may still have those of the last one.
    let run = Uuid::now_v7().simple().to_string();
    let name = format!("{run}/7.pdf");
    let mut changes = invoices.watch().updates_only().await?;

    // From whatever can be read. The chunks are full, however little it yields at a time.
    let pages: Vec<u8> = (0..1_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let meta = ObjectMeta::new(&name)
        .with_description("Invoice 7")
        .with_header("content-type", "application/pdf")?;
    let stored = invoices.put_from(meta, &pages[..]).await?;
    assert_eq!((stored.size, stored.chunks), (4_000_000, 31));

    // A store has the last word on each object alone, and so has a watch that is read late.
    assert_eq!(next(&mut changes, &run).await?, "put");

    // Whoever was faster is not overwritten.
    let late = invoices.put(name.as_str(), "other pages").at(stored.revision - 1).await;
    assert!(matches!(late, Err(ObjectPutError::Conflict { .. })));

    // On a writer, piece by piece, or a part of it.
    let invoice = invoices.get(&name).await?.context("it was stored")?;
    let mut copy = Vec::new();
    assert_eq!(invoice.write_to(&mut copy).await?, 4_000_000);
    assert!(copy == pages);
    let part = invoices.get(&name).range(4_000..4_004).await?.context("it was stored")?;
    assert_eq!(&part.bytes().await?[..], 1_000_u32.to_le_bytes());

    // By another name, which refers to it.
    let latest = format!("{run}/latest.pdf");
    invoices.link(latest.as_str(), &stored).await?;
    assert_eq!(next(&mut changes, &run).await?, "put");
    let found = invoices.get(&latest).await?.context("it was linked")?;
    assert_eq!(found.info().name(), name);

    assert!(invoices.delete(&latest).await? && invoices.delete(&name).await?);
    assert!(invoices.get(&name).await?.is_none());

    assert_eq!(next(&mut changes, &run).await?, "removed");
    assert_eq!(next(&mut changes, &run).await?, "removed");

    println!("an invoice of {} bytes was stored, read, linked and deleted", stored.size);
    bus.close().await?;
    Ok(())
}

/// Next change of a watch that is about the objects of this run.
async fn next(changes: &mut ObjectChanges, run: &str) -> anyhow::Result<&'static str> {
    loop {
        match changes.next().await.context("the bus is open")?? {
            ObjectEvent::Put(info) if info.name().starts_with(run) => return Ok("put"),
            ObjectEvent::Removed(info) if info.name().starts_with(run) => return Ok("removed"),
            _ => {}
        }
    }
}
