//! Tests of `timer`.
