//! The verbs: the last token of `sf.api` and `sf.task` subjects.

macro_rules! verbs {
    ($(#[$outer:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$outer])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$doc])* $variant,)*
        }

        impl $name {
            /// All verbs.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its token.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The verb of that name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|verb| verb.name() == name)
            }
        }
    };
}

verbs! {
    /// What clients ask: `sf.api.<namespace>.<verb>`.
    ApiVerb {
        /// Starts a workflow, perhaps with a signal.
        Start = "start",
        /// Sends a signal.
        Signal = "signal",
        /// Asks the workflow's code; changes nothing.
        Query = "query",
        /// Asks the workflow to change and to answer.
        Update = "update",
        /// Waits for an update that was sent before.
        PollUpdate = "poll_update",
        /// Asks the workflow to cancel.
        Cancel = "cancel",
        /// Ends the workflow at once.
        Terminate = "terminate",
        /// Tells a run's state.
        Describe = "describe",
        /// Reads events.
        History = "history",
        /// Waits for the workflow's end.
        Result = "result",
        /// Lists runs.
        List = "list",
        /// Counts runs.
        Count = "count",
    }
}

verbs! {
    /// What workers answer: `sf.task.<namespace>.<verb>`.
    TaskVerb {
        /// The task is done.
        Complete = "complete",
        /// The task failed.
        Fail = "fail",
        /// The activity stopped because it was asked to.
        Cancel = "cancel",
        /// The activity is alive.
        Heartbeat = "heartbeat",
    }
}
