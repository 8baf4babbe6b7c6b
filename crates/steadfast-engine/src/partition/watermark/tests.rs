//! A checkpoint never passes a record that no snapshot covers.

use super::Watermark;

#[test]
fn waits_for_appends_that_are_under_way() {
    let mut watermark = Watermark::default();
    watermark.begin(1);
    watermark.begin(2);
    // The second run's record is acknowledged first, though it may lie behind the other.
    watermark.acked(2);
    watermark.clean(2);
    assert_eq!(watermark.advance(), None);
    watermark.acked(1);
    watermark.clean(1);
    assert_eq!(watermark.advance(), Some(2));
}

#[test]
fn stops_before_the_oldest_uncovered_record_and_never_goes_back() {
    let mut watermark = Watermark::default();
    watermark.acked(10);
    assert_eq!(watermark.advance(), Some(10));
    watermark.begin(1);
    watermark.acked(11);
    watermark.begin(2);
    watermark.acked(12);
    assert_eq!(watermark.advance(), None);
    watermark.clean(1);
    assert_eq!(watermark.advance(), Some(11));
    watermark.mark(3, 5);
    assert_eq!(watermark.advance(), None);
}
