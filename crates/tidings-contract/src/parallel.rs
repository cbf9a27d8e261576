//! Work on the items of a list, on all processors, with its results in the order of the list.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{panic, thread};

/// Number of items that are worth a thread of their own.
const WORTHWHILE: usize = 16;

/// Results that `each` makes of the items, in their order.
#[cfg(feature = "compat")]
pub(crate) fn map<T: Sync, R: Send>(items: &[T], each: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let Ok(all) = try_map(items, |item| Ok::<_, std::convert::Infallible>(each(item)));
    all
}

/// Results that `each` makes of the items, or the error of the first one that it fails for. After an error no
/// more of them are begun.
pub(crate) fn try_map<T: Sync, R: Send, E: Send>(
    items: &[T],
    each: impl Fn(&T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    on(threads.min(items.len() / WORTHWHILE), items, each)
}

fn on<T: Sync, R: Send, E: Send>(
    threads: usize,
    items: &[T],
    each: impl Fn(&T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    if threads < 2 {
        return items.iter().map(each).collect();
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else { break done };
            let result = each(item);
            if result.is_err() {
                // All before it were begun, so that the first error is among what is done.
                next.fetch_max(items.len(), Ordering::Relaxed);
            }
            done.push((at, result));
        }
    };
    let mut all = thread::scope(|scope| {
        // Where there are no more threads to be had, this one does the work of all.
        let others: Vec<_> = (1..threads)
            .filter_map(|_| thread::Builder::new().spawn_scoped(scope, work).ok())
            .collect();
        let mut all = work();
        for other in others {
            all.extend(other.join().unwrap_or_else(|panic| panic::resume_unwind(panic)));
        }
        all
    });
    all.sort_unstable_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::on;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        let items: Vec<usize> = (0..1_000).collect();
        for threads in [0, 1, 2, 7] {
            let done = on(threads, &items, |item| Ok::<_, ()>(item * 2)).unwrap();
            assert_eq!(done, items.iter().map(|item| item * 2).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_first_error_is_told_whoever_meets_it() {
        let items: Vec<usize> = (0..1_000).collect();
        for threads in [1, 2, 7] {
            for _ in 0..50 {
                let begun = AtomicUsize::new(0);
                let failed = on(threads, &items, |item| {
                    begun.fetch_add(1, Ordering::Relaxed);
                    if item % 100 == 99 { Err(*item) } else { Ok(()) }
                });
                assert_eq!(failed, Err(99));
                assert!(begun.into_inner() >= 100);
            }
        }
    }
}
