//! Real processes: see the files, one per theme.

mod bad_input;
mod callbacks;
mod demo;
mod kills;
mod metrics;
mod operator_kills;
mod outage;
mod polyglot;
mod quarantine;
mod temporal_bad_input;
