//! Whose fence it is.

use super::*;

fn checkpoint(sequence: Sequence, owner: &str) -> Checkpoint {
    Checkpoint { sequence, through: 1, owner: owner.to_owned() }
}

#[test]
fn a_newcomer_takes_what_is_there() {
    assert_eq!(Fence::Unknown.settle(&checkpoint(7, "other"), "me"), Some(Fence::Held(7)));
}

#[test]
fn a_lost_answer_is_found_out() {
    let doubtful = Fence::Held(7).doubt();
    assert_eq!(doubtful.settle(&checkpoint(7, "other"), "me"), Some(Fence::Held(7)));
    assert_eq!(doubtful.settle(&checkpoint(9, "me"), "me"), Some(Fence::Held(9)));
}

#[test]
fn another_owner_is_not_overruled() {
    assert_eq!(Fence::Held(7).doubt().settle(&checkpoint(9, "other"), "me"), None);
}
