//! Chains of failures.

use super::*;

fn chain(links: usize) -> Failure {
    let mut failure = Failure::application("Last", "last");
    for _ in 1..links {
        failure = Failure { cause: Some(Box::new(failure)), ..Failure::application("Link", "") };
    }
    failure
}

fn links(failure: &Failure) -> usize {
    std::iter::successors(Some(failure), |failure| failure.cause.as_deref()).count()
}

#[test]
fn a_chain_is_cut_at_its_hundredth_link() {
    for (before, after) in [(1, 1), (CAUSES_MAX, CAUSES_MAX), (CAUSES_MAX + 1, CAUSES_MAX)] {
        let mut failure = chain(before);
        failure.shorten();
        assert_eq!(links(&failure), after);
    }
    let mut failure = chain(5_000);
    failure.shorten();
    assert_eq!(links(&failure), CAUSES_MAX);
}
