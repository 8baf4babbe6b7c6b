//! Search attributes: which ones a namespace has, and what their values say.
//!
//! Both doors and the projection stand on this, so that a value means the same everywhere.

mod value;

use std::{collections::BTreeMap, sync::Arc};

use futures::future::BoxFuture;
use steadfast_core::{AttributeType, Namespace};

pub use self::value::{AttributeValue, Scalar, ValueError, datetime, decode, guess, type_of};
use crate::ports::ReadError;

/// A namespace's custom search attributes: name and type.
pub type CustomAttributes = BTreeMap<String, AttributeType>;

/// The registry of search attributes.
pub trait SearchAttributes: Send + Sync + 'static {
    /// A namespace's custom attributes. Asked often: an answer should be quick.
    fn custom(
        &self,
        namespace: &Namespace,
    ) -> BoxFuture<'_, Result<Arc<CustomAttributes>, ReadError>>;
}

/// A world without custom attributes.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoCustomAttributes;

impl SearchAttributes for NoCustomAttributes {
    fn custom(
        &self,
        _namespace: &Namespace,
    ) -> BoxFuture<'_, Result<Arc<CustomAttributes>, ReadError>> {
        Box::pin(std::future::ready(Ok(Arc::default())))
    }
}
