//! Memory that this process has, and the bound on it.

use std::fmt;

use anyhow::{Context as _, Result, ensure};

/// Bound on memory once it has settled: a tenth and 8 MiB more than it was then.
#[derive(Debug)]
pub(crate) struct Bound {
    settled: u64,
    most: u64,
}

impl Bound {
    pub(crate) fn after(settled: u64) -> Self {
        Self { settled, most: settled + settled / 10 + (8 << 20) }
    }

    /// # Errors
    /// If it is more.
    pub(crate) fn holds(&self, memory: u64) -> Result<()> {
        let (now, then) = (mebibytes(memory), mebibytes(self.settled));
        ensure!(memory <= self.most, "memory has grown from {then} to {now}, and may to {self}");
        Ok(())
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&mebibytes(self.most))
    }
}

/// Memory of this process that is resident, in bytes.
pub(crate) fn resident() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")
        .context("how much memory a process has is read from Linux's /proc")?;
    let kibibytes = status
        .lines()
        .find_map(|line| {
            line.strip_prefix("VmRSS:")?.trim().strip_suffix("kB")?.trim().parse().ok()
        })
        .context("/proc/self/status has no VmRSS")?;
    Ok(u64::saturating_mul(kibibytes, 1024))
}

/// Rounded down.
pub(crate) fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_lets_memory_grow_by_a_tenth_and_some() {
        let bound = Bound::after(100 << 20);
        bound.holds(118 << 20).unwrap();
        let error = bound.holds(119 << 20).unwrap_err();
        assert_eq!(
            error.to_string(),
            "memory has grown from 100 MiB to 119 MiB, and may to 118 MiB"
        );
    }
}
