//! Processor time of this program and of all that it has started, servers too: it says what something costs where others
//! keep the machine busy, too.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

/// Length of a tick: `sysconf(_SC_CLK_TCK)` is 100 on every Linux.
const TICK: Duration = Duration::from_millis(10);

/// Processor time so far of this program and of those that it has started and that run, or were waited for; nothing
/// where there is no `/proc`.
pub fn processor_time() -> Duration {
    let mut children: HashMap<u32, Vec<(u32, u32)>> = HashMap::new();
    let Ok(processes) = fs::read_dir("/proc") else { return Duration::ZERO };
    for process in processes.flatten() {
        let id: Option<u32> = process.file_name().to_str().and_then(|name| name.parse().ok());
        let stat = fs::read_to_string(process.path().join("stat"));
        if let (Some(id), Ok(stat)) = (id, stat)
            && let Some((parent, ticks)) = read(&stat)
        {
            children.entry(parent).or_default().push((id, ticks));
            if id == std::process::id() {
                // Under itself, whoever started it.
                children.entry(0).or_default().push((id, ticks));
            }
        }
    }
    let mut ticks = 0;
    let mut left: Vec<(u32, u32)> = children
        .get(&0)
        .into_iter()
        .flatten()
        .filter(|(id, _)| *id == std::process::id())
        .copied()
        .collect();
    while let Some((id, own)) = left.pop() {
        ticks += own;
        left.extend(children.get(&id).into_iter().flatten());
    }
    TICK * ticks
}

/// Parent of a process, and its ticks in user and in kernel mode with those of its children that it has waited for.
fn read(stat: &str) -> Option<(u32, u32)> {
    // Behind the name, which may hold anything.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |place: usize| fields.get(place)?.parse::<u32>().ok();
    Some((number(1)?, number(11)? + number(12)? + number(13)? + number(14)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_anything() {
        let stat = "7 (a) b) S 3 7 7 0 -1 0 0 0 0 0 10 20 1 2 20 0 1 0";
        assert_eq!(read(stat), Some((3, 33)));
    }
}
