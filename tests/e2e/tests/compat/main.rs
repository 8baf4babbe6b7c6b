//! Temporal's official SDKs and CLI on Steadfast, unchanged: see the files, one per theme.

mod article;
mod cli;
mod core;
mod shops;
