//! Finds out whether a value is bytes or nothing at its top level, and reads bytes back.

use std::fmt::Display;

use bytes::Bytes;
use serde::{
    Serialize, Serializer,
    de::{DeserializeOwned, Visitor, value},
    ser::{self, Impossible},
};

/// What a value is at its top level.
pub(super) enum Shape {
    Nothing,
    Bytes(Bytes),
    Other,
}

/// A serializer that looks at the outermost value only.
pub(super) struct Probe;

/// The value is something else.
#[derive(Debug, thiserror::Error)]
#[error("not bytes and not nothing")]
pub(super) struct Neither;

impl ser::Error for Neither {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }
}

macro_rules! other {
    ($($name:ident: $type:ty),* $(,)?) => {
        $(fn $name(self, _: $type) -> Result<Shape, Neither> {
            Ok(Shape::Other)
        })*
    };
}

impl Serializer for Probe {
    type Ok = Shape;
    type Error = Neither;
    type SerializeSeq = Impossible<Shape, Neither>;
    type SerializeTuple = Impossible<Shape, Neither>;
    type SerializeTupleStruct = Impossible<Shape, Neither>;
    type SerializeTupleVariant = Impossible<Shape, Neither>;
    type SerializeMap = Impossible<Shape, Neither>;
    type SerializeStruct = Impossible<Shape, Neither>;
    type SerializeStructVariant = Impossible<Shape, Neither>;

    other! {
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32,
        serialize_i64: i64, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32,
        serialize_u64: u64, serialize_f32: f32, serialize_f64: f64, serialize_char: char,
        serialize_str: &str, serialize_unit_struct: &'static str,
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<Shape, Neither> {
        Ok(Shape::Bytes(Bytes::copy_from_slice(bytes)))
    }

    fn serialize_none(self) -> Result<Shape, Neither> {
        Ok(Shape::Nothing)
    }

    fn serialize_unit(self) -> Result<Shape, Neither> {
        Ok(Shape::Nothing)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Shape, Neither> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Shape, Neither> {
        value.serialize(self)
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
    ) -> Result<Shape, Neither> {
        Ok(Shape::Other)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<Shape, Neither> {
        Ok(Shape::Other)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, Neither> {
        Err(Neither)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Neither> {
        Err(Neither)
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, Neither> {
        Err(Neither)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Neither> {
        Err(Neither)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Neither> {
        Err(Neither)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, Neither> {
        Err(Neither)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Neither> {
        Err(Neither)
    }
}

/// Reads a value that is bytes, also through `Option` and newtypes.
pub(super) fn from_bytes<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, value::Error> {
    T::deserialize(BytesReader(bytes))
}

struct BytesReader<'a>(&'a [u8]);

impl<'de> serde::Deserializer<'de> for BytesReader<'_> {
    type Error = value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, value::Error> {
        visitor.visit_byte_buf(self.0.to_vec())
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, value::Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, value::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, value::Error> {
        visitor.visit_seq(value::SeqDeserializer::new(self.0.iter().copied()))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct tuple tuple_struct map struct enum identifier ignored_any
    }
}
