//! Search attributes: which ones a namespace has, and what their values say.
//!
//! Both doors and the projection stand on this, so that a value means the same everywhere.

mod admit;
mod value;

use std::{collections::BTreeMap, sync::Arc};

use futures::future::BoxFuture;
use steadfast_core::{AttributeType, Namespace};

pub(crate) use self::admit::admit_commands;
pub use self::{
    admit::{AttributeLimits, Refusal, admit},
    value::{AttributeValue, Scalar, ValueError, datetime, decode, guess, type_of},
};
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

    /// Whether runs may have any attribute, known or not, and nothing is checked.
    fn admits_anything(&self) -> bool {
        false
    }
}

/// A world without custom attributes, in which runs may have any.
#[derive(Clone, Copy, Debug, Default)]
pub struct AnyAttributes;

impl SearchAttributes for AnyAttributes {
    fn custom(
        &self,
        _namespace: &Namespace,
    ) -> BoxFuture<'_, Result<Arc<CustomAttributes>, ReadError>> {
        Box::pin(std::future::ready(Ok(Arc::default())))
    }

    fn admits_anything(&self) -> bool {
        true
    }
}
