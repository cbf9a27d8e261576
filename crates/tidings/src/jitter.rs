//! Waits: randomness for them, so that many clients of one server don't come back all at once, and
//! how long one can be.

use std::time::Duration;

use uuid::Uuid;

/// Time that is as good as for ever: what may last longer lasts as long. Later than that no clock
/// has a time for sure.
pub(crate) const FAR: Duration = Duration::from_secs(30 * 365 * 86_400);

/// `delay`, lengthened by up to a quarter; never shortened.
pub(crate) fn jittered(delay: Duration) -> Duration {
    let delay = delay.min(FAR);
    delay + delay.mul_f64(random_unit() / 4.0)
}

/// A number from 0 up to 1. A UUIDv7's last 32 bits are random, and its generator is here already.
pub(crate) fn random_unit() -> f64 {
    let [.., a, b, c, d] = *Uuid::now_v7().as_bytes();
    f64::from(u32::from_be_bytes([a, b, c, d])) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_lengthens_by_at_most_a_quarter() {
        let delay = Duration::from_secs(100);
        let waits: Vec<_> = (0..1000).map(|_| jittered(delay)).collect();
        assert!(waits.iter().all(|w| (delay..delay + delay / 4).contains(w)));
        assert!(waits.iter().any(|w| *w > delay + delay / 5));
    }
}
