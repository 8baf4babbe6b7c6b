//! `RPCS.md` is made from the table, and says what is true today.

use expect_test::expect_file;

use super::*;

#[test]
fn the_document_is_made_from_the_table() {
    let mut text = String::from(
        "# Temporal's RPCs\n\nMade from `src/service.rs` by a test; `UPDATE_EXPECT=1 cargo test -p \
         steadfast-gateway` rewrites it.\nWhat is not built answers `Unimplemented` and is not \
         advertised.\n",
    );
    for service in ["WorkflowService", "OperatorService"] {
        let of = |built: bool| {
            let mut names: Vec<_> = rpcs()
                .filter(|rpc| rpc.service == service && rpc.is_built == built)
                .map(|rpc| rpc.name)
                .collect();
            names.sort_unstable();
            names
        };
        let (built, missing) = (of(true), of(false));
        text += &format!("\n## {service}: {} of {}\n\n", built.len(), built.len() + missing.len());
        text += &format!("Built: {}.\n", built.join(", "));
        if !missing.is_empty() {
            text += &format!("\nNot built: {}.\n", missing.join(", "));
        }
    }
    expect_file!["../../RPCS.md"].assert_eq(&text);
}

#[test]
fn every_rpc_of_the_descriptors_is_in_the_table() {
    // The server traits are generated from the descriptors, so a missing one does not compile; this
    // counts that nothing is there twice.
    let mut names: Vec<_> = rpcs().map(|rpc| (rpc.service, rpc.name)).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
    assert_eq!(all, 123 + 12);
}
