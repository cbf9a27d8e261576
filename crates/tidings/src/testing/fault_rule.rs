//! Rules for the messages that something still goes wrong with.

use std::time::Duration;

use crate::message::Declaration;

/// Kind of a fault that happens a number of times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FaultKind {
    FailPublish,
    HideObject,
    LoseAck,
    Redeliver,
}

type Declarations = &'static [&'static Declaration];

/// Faults that are still to happen.
#[derive(Debug, Default)]
pub(super) struct Rules {
    faults: Vec<(FaultKind, Declarations, usize)>,
    holds: Vec<(Declarations, Duration)>,
}

impl Rules {
    pub(super) fn add(&mut self, kind: FaultKind, of: Declarations, times: usize) {
        self.faults.push((kind, of, times));
    }

    pub(super) fn set_hold(&mut self, of: Declarations, time: Duration) {
        self.holds.retain(|(held, _)| !concerns(held, of));
        if !time.is_zero() {
            self.holds.push((of, time));
        }
    }

    /// Returns `true` if this message is the next that it happens to.
    pub(super) fn take(&mut self, kind: FaultKind, message: &[&'static Declaration]) -> bool {
        let mut faults = self.faults.iter_mut();
        let fault = faults.find(|(k, of, left)| *k == kind && *left > 0 && concerns(of, message));
        fault.is_some_and(|(.., left)| {
            *left -= 1;
            true
        })
    }

    /// Returns `true` if anything is still to go wrong with a handler's message of these.
    pub(super) fn applies_to(&self, message: &[&'static Declaration]) -> bool {
        let is_left = |(kind, of, left): &(FaultKind, Declarations, usize)| {
            matches!(kind, FaultKind::LoseAck | FaultKind::Redeliver)
                && *left > 0
                && concerns(of, message)
        };
        self.faults.iter().any(is_left) || self.hold(message).is_some()
    }

    pub(super) fn hold(&self, message: &[&'static Declaration]) -> Option<Duration> {
        let hold = self.holds.iter().find(|(of, _)| concerns(of, message));
        hold.map(|(_, time)| *time)
    }
}

fn concerns(of: Declarations, message: &[&'static Declaration]) -> bool {
    of.iter().any(|declared| {
        declared.versions().any(|version| message.iter().any(|one| one.is(version)))
    })
}
