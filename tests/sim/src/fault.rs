//! What can go wrong with an append, on purpose.

use std::collections::VecDeque;

/// What happens to one append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is written, and its acknowledgement is lost.
    DropAck,
    /// It is lost on the way, and nobody can tell.
    DropRequest,
    /// The log is not reachable, and says so.
    Refuse,
    /// Somebody else writes to the run first.
    Fence,
    /// The process is cut off before it is written: this and everything later fails.
    CrashBefore,
    /// The process is cut off after it is written: this and everything later fails.
    CrashAfter,
}

/// Faults for the next appends, in order; appends in between go well.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    queue: VecDeque<(u64, Fault)>,
    appends: u64,
}

impl Faults {
    /// The append after `skip` more of them meets the fault.
    pub(crate) fn add(&mut self, skip: u64, fault: Fault) {
        self.queue.push_back((self.appends + skip, fault));
    }

    /// What the next append meets.
    pub(crate) fn next(&mut self) -> Option<Fault> {
        let this = self.appends;
        self.appends += 1;
        let found = self.queue.iter().position(|(append, _)| *append == this)?;
        self.queue.remove(found).map(|(_, fault)| fault)
    }
}
