//! Which callbacks are taken.

use expect_test::expect;
use steadfast_temporal_api::api::common::v1::{self as common, callback::*};

use super::{admit, without_callbacks_links};
use crate::config::CallbackRules;

fn nexus(url: &str, header: &[(&str, &str)]) -> common::Callback {
    let header = header.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let nexus = Nexus { url: url.to_owned(), header: header.collect() };
    common::Callback { variant: Some(Variant::Nexus(nexus)), links: Vec::new() }
}

fn rules() -> CallbackRules {
    CallbackRules {
        count_max: 2,
        url_bytes_max: 30,
        header_bytes_max: 6,
        allowed: vec!["http://allowed".parse().unwrap()],
    }
}

fn refusal(callbacks: &mut [common::Callback]) -> String {
    let fault = admit(callbacks, &rules()).unwrap_err();
    let status = tonic::Status::from(fault);
    format!("{:?}: {}\n", status.code(), status.message())
}

#[test]
fn what_is_refused_is_refused_in_temporals_words() {
    let internal = Some(Variant::Internal(Internal { data: vec![1] }));
    let refusals = [
        refusal(&mut [nexus("http://allowed", &[]), nexus("a", &[]), nexus("b", &[])]),
        refusal(&mut [nexus("http://allowed/a-path-that-is-too-long", &[])]),
        refusal(&mut [nexus("http://elsewhere", &[])]),
        refusal(&mut [nexus("http://allowed", &[("too", "long")])]),
        refusal(&mut [nexus("temporal://system", &[])]),
        refusal(&mut [common::Callback { variant: internal, links: Vec::new() }]),
        refusal(&mut [common::Callback::default()]),
    ];
    expect![[r#"
        InvalidArgument: cannot attach more than 2 callbacks to an execution
        InvalidArgument: invalid url: url length longer than max length allowed of 30
        InvalidArgument: invalid url: url does not match any configured callback address: http://elsewhere
        InvalidArgument: invalid header: header size longer than max allowed size of 6
        Unimplemented: callbacks to temporal:// are not supported: there is no Nexus here
        InvalidArgument: unsupported callback variant: *common.Callback_Internal_
        Unimplemented: unknown callback variant: <nil>
    "#]].assert_eq(&refusals.concat());
}

#[test]
fn names_of_headers_become_lower_case() {
    let mut callbacks = [nexus("http://allowed", &[("Key", "Val")])];
    admit(&mut callbacks, &rules()).unwrap();
    assert_eq!(callbacks, [nexus("http://allowed", &[("key", "Val")])]);
}

#[test]
fn links_of_callbacks_are_not_the_starts_as_well() {
    let link = |workflow_id: &str| common::Link {
        variant: Some(common::link::Variant::WorkflowEvent(common::link::WorkflowEvent {
            workflow_id: workflow_id.to_owned(),
            ..Default::default()
        })),
    };
    let callback = common::Callback { links: vec![link("a")], ..nexus("http://allowed", &[]) };
    let links = without_callbacks_links(vec![link("a"), link("b")], &[callback]);
    assert_eq!(links, [link("b")]);
}
