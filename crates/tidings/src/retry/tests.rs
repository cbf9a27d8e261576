//! Waits of each policy, and when it gives up.

use super::*;

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// The waits until there is no next one.
fn waits(retry: &Retry) -> Vec<u64> {
    let next = |attempt| match retry.next(attempt, Duration::ZERO, None, 0.0) {
        RetryDecision::Again(wait) => Some(wait.as_secs()),
        RetryDecision::NoAttempts | RetryDecision::NoTime => None,
    };
    (1..100).map_while(next).collect()
}

#[test]
fn each_policy_has_its_waits() {
    assert_eq!(waits(&Retry::exponential(5)), [1, 2, 4, 8]);
    let capped = Retry::exponential(5).first_delay(secs(10)).factor(3.0).max_delay(secs(60));
    assert_eq!(waits(&capped), [10, 30, 60, 60]);
    assert_eq!(waits(&Retry::list([secs(3), secs(1)])), [3, 1]);
    assert_eq!(waits(&Retry::list([secs(3), secs(1)]).max_attempts(5)), [3, 1, 1, 1]);
    assert_eq!(waits(&Retry::fixed(secs(7))).len(), 99, "without end");
    assert_eq!(waits(&Retry::fixed(secs(7)).max_attempts(3)), [7, 7]);
    assert!(waits(&Retry::never()).is_empty());
    assert_eq!(Retry::list([]).attempts(), Some(1));
    assert_eq!(waits(&Retry::default())[..9], [1, 2, 4, 8, 16, 32, 64, 128, 256]);
    assert_eq!(waits(&Retry::default())[9..], [300, 300]);
}

#[test]
fn a_wait_without_measure_is_the_longest_one() {
    let endless = Retry::fixed(Duration::MAX).jitter(1.0);
    assert_eq!(endless.next(u64::MAX, Duration::MAX, None, 0.9), RetryDecision::Again(LONGEST));
    let steep = Retry::exponential(u64::MAX).factor(1e300).max_delay(Duration::MAX);
    assert_eq!(steep.wait(u64::MAX), Duration::MAX);
}

#[test]
fn jitter_only_lengthens() {
    let retry = Retry::exponential(9).jitter(0.5);
    let wait = |chance| retry.next(2, Duration::ZERO, None, chance);
    assert_eq!(wait(0.0), RetryDecision::Again(secs(2)));
    assert_eq!(wait(0.5), RetryDecision::Again(Duration::from_millis(2500)));
    assert_eq!(
        retry.next(2, Duration::ZERO, Some(secs(2)), 0.9),
        RetryDecision::Again(secs(2)),
        "asked"
    );
}

#[test]
fn time_runs_out_where_the_next_attempt_would_come_too_late() {
    let retry = Retry::fixed(secs(10)).max_elapsed(secs(25));
    assert_eq!(retry.next(1, secs(0), None, 0.0), RetryDecision::Again(secs(10)));
    assert_eq!(retry.next(2, secs(15), None, 0.0), RetryDecision::Again(secs(10)));
    assert_eq!(retry.next(3, secs(16), None, 0.0), RetryDecision::NoTime);
    assert_eq!(retry.next(3, secs(16), Some(secs(9)), 0.0), RetryDecision::Again(secs(9)));
    assert_eq!(retry.max_attempts(3).next(3, secs(99), None, 0.0), RetryDecision::NoAttempts);
}

#[test]
fn a_server_waits_as_the_policy_does() {
    let backoff = |retry: Retry| -> Vec<u64> {
        retry.backoff(secs(30)).iter().map(Duration::as_secs).collect()
    };
    assert_eq!(backoff(Retry::exponential(4)), [31, 32, 34, 38]);
    assert_eq!(backoff(Retry::fixed(secs(5))), [35], "the last one is repeated");
    assert_eq!(backoff(Retry::list([secs(1), secs(9)])), [31, 39]);
    assert_eq!(backoff(Retry::never()), [30]);
    assert_eq!(backoff(Retry::default()).len(), 10);
    assert_eq!(backoff(Retry::exponential(1000).factor(1.01)).len(), 64);
}

#[test]
fn what_can_not_hold_says_why() {
    for (retry, why) in [
        (Retry::exponential(0), "0 attempts"),
        (Retry::exponential(3).factor(0.5), "a factor of 0.5"),
        (Retry::exponential(3).factor(f64::NAN), "a factor of NaN"),
        (Retry::fixed(secs(1)).jitter(-0.1), "a jitter of -0.1"),
        (Retry::fixed(secs(1)).jitter(f64::INFINITY), "a jitter of inf"),
    ] {
        let problem = retry.problem().unwrap();
        assert!(problem.starts_with(why), "{problem}");
    }
    assert_eq!(Retry::default().problem(), None);
}
