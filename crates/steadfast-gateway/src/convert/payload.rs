//! Payloads, and maps of them.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use steadfast_core::{Blanks, Payload, PayloadMap, Payloads};
use steadfast_temporal_api::api::common::v1::{self as common, payload::ExternalPayloadDetails};

/// Where the sizes of what a value keeps outside (in an SDK's external storage) are noted with it, in
/// bytes, separated by commas: the engine carries metadata and knows no such field.
const EXTERNAL_SIZES: &str = "steadfast-external-sizes";

/// One value, in Temporal's form.
pub(crate) fn to_proto(payload: &Payload) -> common::Payload {
    let metadata = payload.metadata.iter().filter(|(name, _)| *name != EXTERNAL_SIZES);
    let sizes = payload.metadata.get(EXTERNAL_SIZES).map_or(&b""[..], |sizes| sizes.as_ref());
    common::Payload {
        metadata: metadata.map(|(name, value)| (name.clone(), value.to_vec())).collect(),
        data: payload.data.to_vec(),
        external_payloads: external(sizes),
    }
}

fn external(sizes: &[u8]) -> Vec<ExternalPayloadDetails> {
    let sizes = std::str::from_utf8(sizes).unwrap_or_default().split(',');
    let sizes = sizes.filter_map(|size| size.parse().ok());
    sizes.map(|size_bytes| ExternalPayloadDetails { size_bytes }).collect()
}

/// One value, from Temporal's form.
pub(crate) fn from_proto(payload: common::Payload) -> Payload {
    let metadata = payload.metadata.into_iter().map(|(name, value)| (name, Bytes::from(value)));
    let mut metadata: BTreeMap<String, Bytes> = metadata.collect();
    if !payload.external_payloads.is_empty() {
        let sizes = payload.external_payloads.iter().map(|outside| outside.size_bytes.to_string());
        let sizes: Vec<String> = sizes.collect();
        metadata.insert(EXTERNAL_SIZES.to_owned(), sizes.join(",").into());
    }
    Payload { metadata, data: payload.data.into() }
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

fn fields<'a>(
    map: impl IntoIterator<Item = (&'a String, &'a Payload)>,
) -> HashMap<String, common::Payload> {
    map.into_iter().map(|(name, value)| (name.clone(), to_proto(value))).collect()
}

fn core_map(fields: impl IntoIterator<Item = (String, common::Payload)>) -> PayloadMap {
    fields.into_iter().map(|(name, value)| (name, from_proto(value))).collect()
}

/// A header, when there is one.
pub(crate) fn header<'a>(
    map: impl IntoIterator<Item = (&'a String, &'a Payload)>,
    blanks: Blanks,
) -> Option<common::Header> {
    let fields = fields(map);
    (!fields.is_empty() || blanks.has(Blanks::HEADER)).then_some(common::Header { fields })
}

/// Whether a header is there and empty.
pub(crate) fn blank_header(header: Option<&common::Header>) -> (Blanks, bool) {
    (Blanks::HEADER, header.is_some_and(|header| header.fields.is_empty()))
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

#[cfg(test)]
mod tests {
    //! A value that went to the engine's form and back is the same.

    use super::*;

    #[test]
    fn a_value_keeps_what_is_said_of_it() {
        let details = |size_bytes| ExternalPayloadDetails { size_bytes };
        for external_payloads in [vec![], vec![details(5)], vec![details(5), details(1 << 40)]] {
            let payload = common::Payload {
                metadata: [("encoding".to_owned(), b"json/plain".to_vec())].into(),
                data: b"1".to_vec(),
                external_payloads,
            };
            assert_eq!(to_proto(&from_proto(payload.clone())), payload);
        }
    }
}
