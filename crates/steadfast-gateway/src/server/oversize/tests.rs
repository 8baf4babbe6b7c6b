//! Which answers are reworded.

use super::*;

fn after(status: Status) -> Status {
    let mut response = Response::new(());
    status.add_header(response.headers_mut()).expect("a plain status");
    Status::from_header_map(reworded(response).headers()).expect("a status")
}

#[test]
fn only_a_request_over_the_limit_is_reworded() {
    let tonics =
        "Error, decoded message length too large: found 7000 bytes, the limit is: 5000 bytes";
    let told = after(Status::out_of_range(tonics));
    assert_eq!(told.code(), Code::ResourceExhausted);
    assert_eq!(told.message(), "grpc: received message larger than max (7000 vs. 5000)");
    for other in [Status::out_of_range("else"), Status::not_found(tonics)] {
        let told = after(other.clone());
        assert_eq!((told.code(), told.message()), (other.code(), other.message()));
    }
    assert!(reworded(Response::new(())).headers().is_empty());
}
