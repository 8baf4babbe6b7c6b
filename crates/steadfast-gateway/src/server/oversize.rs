//! A request over the limit, worded as Temporal's server (grpc-go) words it: SDKs tell by the code and the
//! words that sending it again is in vain. tonic says `OutOfRange`, in words of its own.

use tonic::{
    Code, Status,
    codegen::http::{HeaderMap, Response},
};

/// How tonic begins.
const TOO_LARGE: &str = "Error, decoded message length too large: found ";

/// The same answer, reworded if it says that the request was too large.
pub(super) fn reworded<B>(mut response: Response<B>) -> Response<B> {
    if let Some(status) = status(response.headers()) {
        let headers = response.headers_mut();
        headers.remove(Status::GRPC_STATUS);
        headers.remove(Status::GRPC_MESSAGE);
        // Two plain numbers always make a header.
        drop(status.add_header(headers));
    }
    response
}

/// The status in its place.
fn status(headers: &HeaderMap) -> Option<Status> {
    // Answers that are not errors have no status here, but behind their message.
    let status = Status::from_header_map(headers)?;
    if status.code() != Code::OutOfRange {
        return None;
    }
    let numbers = status.message().strip_prefix(TOO_LARGE)?;
    let mut numbers = numbers.split(|c: char| !c.is_ascii_digit()).filter(|text| !text.is_empty());
    let (found, limit) = (numbers.next()?, numbers.next()?);
    let message = format!("grpc: received message larger than max ({found} vs. {limit})");
    Some(Status::resource_exhausted(message))
}

#[cfg(test)]
mod tests;
