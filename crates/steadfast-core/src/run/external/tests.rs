//! Tests of `external`.
