//! Memory of the program beside a large object.

use std::fs;
use std::io::{Read as _, Write as _};
use std::process::Child;

use tidings_tests::Server;

use super::{spawn, store};

/// A large object is never in memory as a whole, on its way in or out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_does_not_grow_with_an_object() {
    const MEGABYTES: usize = 96;
    /// The most memory that a process ever had, in KiB.
    fn highest(child: &Child) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().strip_suffix("kB").unwrap().trim().parse().unwrap()
    }
    let server = Server::start().await;
    let (_bus, objects) = store(&server, "backups").await;
    let mut child = spawn(&server, &["object", "put", "backups", "large", "-"]);
    let grown = tokio::task::spawn_blocking(move || {
        let mut input = child.stdin.take().unwrap();
        let mut early = 0;
        for written in 0..MEGABYTES {
            input.write_all(&vec![u8::try_from(written).unwrap(); 1 << 20]).unwrap();
            if written == 24 {
                early = highest(&child);
            }
        }
        let late = highest(&child);
        drop(input);
        assert!(child.wait().unwrap().success());
        (early, late)
    });
    let (early, late) = grown.await.unwrap();
    assert!(late < early + 8 * 1024, "{early} KiB, then {late}");
    assert_eq!(objects.info("large").await.unwrap().unwrap().size, (MEGABYTES as u64) << 20);

    let mut child = spawn(&server, &["object", "get", "backups", "large"]);
    let grown = tokio::task::spawn_blocking(move || {
        let mut output = child.stdout.take().unwrap();
        let mut piece = vec![0; 1 << 20];
        let mut early = 0;
        // The last one waits until it has been looked.
        for read in 0..MEGABYTES - 1 {
            output.read_exact(&mut piece).unwrap();
            assert!(piece.iter().all(|byte| usize::from(*byte) == read), "{read}");
            if read == 24 {
                early = highest(&child);
            }
        }
        let late = highest(&child);
        output.read_to_end(&mut piece).unwrap();
        assert!(child.wait().unwrap().success());
        (early, late)
    });
    let (early, late) = grown.await.unwrap();
    assert!(late < early + 8 * 1024, "{early} KiB, then {late}");
}
