//! Payloads, and maps of them.

use bytes::Bytes;
use steadfast_core::{Payload, PayloadMap, Payloads};
use steadfast_temporal_api::api::common::v1 as common;

/// One value, in Temporal's form.
pub(crate) fn to_proto(payload: &Payload) -> common::Payload {
    let metadata = payload.metadata.iter().map(|(name, value)| (name.clone(), value.to_vec()));
    common::Payload {
        metadata: metadata.collect(),
        data: payload.data.to_vec(),
        external_payloads: Vec::new(),
    }
}

/// One value, from Temporal's form.
pub(crate) fn from_proto(payload: common::Payload) -> Payload {
    let metadata = payload.metadata.into_iter().map(|(name, value)| (name, Bytes::from(value)));
    Payload { metadata: metadata.collect(), data: payload.data.into() }
}

/// A list of values; an empty one is left out, as Temporal's own server does.
pub(crate) fn list(payloads: &Payloads) -> Option<common::Payloads> {
    (!payloads.is_empty())
        .then(|| common::Payloads { payloads: payloads.iter().map(to_proto).collect() })
}

/// A list of values, from Temporal's form.
pub(crate) fn core_list(payloads: Option<common::Payloads>) -> Payloads {
    payloads.map_or_else(Vec::new, |list| list.payloads.into_iter().map(from_proto).collect())
}

fn fields(map: &PayloadMap) -> std::collections::HashMap<String, common::Payload> {
    map.iter().map(|(name, value)| (name.clone(), to_proto(value))).collect()
}

fn core_map(fields: impl IntoIterator<Item = (String, common::Payload)>) -> PayloadMap {
    fields.into_iter().map(|(name, value)| (name, from_proto(value))).collect()
}

/// A header, when there is one.
pub(crate) fn header(map: &PayloadMap) -> Option<common::Header> {
    (!map.is_empty()).then(|| common::Header { fields: fields(map) })
}

/// A header, from Temporal's form.
pub(crate) fn core_header(header: Option<common::Header>) -> PayloadMap {
    header.map_or_else(PayloadMap::new, |header| core_map(header.fields))
}

/// A memo, when there is one.
pub(crate) fn memo(map: &PayloadMap) -> Option<common::Memo> {
    (!map.is_empty()).then(|| common::Memo { fields: fields(map) })
}

/// A memo, from Temporal's form.
pub(crate) fn core_memo(memo: Option<common::Memo>) -> PayloadMap {
    memo.map_or_else(PayloadMap::new, |memo| core_map(memo.fields))
}

/// Search attributes, when there are any.
pub(crate) fn search_attributes(map: &PayloadMap) -> Option<common::SearchAttributes> {
    (!map.is_empty()).then(|| common::SearchAttributes { indexed_fields: fields(map) })
}

/// Search attributes, from Temporal's form.
pub(crate) fn core_search_attributes(found: Option<common::SearchAttributes>) -> PayloadMap {
    found.map_or_else(PayloadMap::new, |found| core_map(found.indexed_fields))
}
