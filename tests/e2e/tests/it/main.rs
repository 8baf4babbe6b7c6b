//! Real processes: see the files, one per theme.

mod bad_input;
mod callbacks;
mod demo;
mod kills;
mod metrics;
mod outage;
mod polyglot;
mod quarantine;
