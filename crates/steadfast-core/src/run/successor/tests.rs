//! Tests of `successor`.
