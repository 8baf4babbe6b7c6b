//! Tests of `signal`.
