//! Makes a value of any deserializable type with every field filled, for tests of encodings.
//!
//! New fields and kinds thus enter the golden files and the round-trip tests by themselves. Values are
//! fixed: the same type always gives the same sample.

use std::{cell::RefCell, collections::BTreeMap, fmt};

use serde::de::{
    self, DeserializeOwned, DeserializeSeed, IntoDeserializer, Visitor, value::StrDeserializer,
};

/// Below this many structs, optional values and lists end.
const STRUCTS_DEEP_MAX: usize = 6;

/// Which variant each enum takes, by the enum's name; others take their second.
#[derive(Default)]
pub(crate) struct Sampler {
    pub(crate) choices: BTreeMap<&'static str, usize>,
    seen: RefCell<BTreeMap<&'static str, &'static [&'static str]>>,
}

impl Sampler {
    /// A sampler that takes this variant of this enum.
    pub(crate) fn choosing(name: &'static str, variant: usize) -> Self {
        Self { choices: BTreeMap::from([(name, variant)]), ..Self::default() }
    }

    /// A sample of the type.
    pub(crate) fn sample<T: DeserializeOwned>(&self) -> T {
        T::deserialize(Filler { sampler: self, depth: 0 }).expect("every type has a sample")
    }
}

/// The names of an enum's variants, where the type holds that enum.
pub(crate) fn variants<T: DeserializeOwned>(name: &'static str) -> &'static [&'static str] {
    let sampler = Sampler::choosing(name, 0);
    let _ = sampler.sample::<T>();
    let seen = sampler.seen.borrow();
    seen.get(name).copied().expect("the type holds the enum")
}

#[derive(Clone, Copy)]
struct Filler<'s> {
    sampler: &'s Sampler,
    depth: usize,
}

#[derive(Debug)]
pub(crate) struct Unfillable(String);

impl fmt::Display for Unfillable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unfillable {}

impl de::Error for Unfillable {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

macro_rules! fill {
    ($($method:ident => $visit:ident($value:expr)),* $(,)?) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfillable> {
            visitor.$visit($value)
        }
    )*};
}

impl<'de> de::Deserializer<'de> for Filler<'_> {
    type Error = Unfillable;

    fill! {
        deserialize_bool => visit_bool(true),
        deserialize_i8 => visit_i8(-1),
        deserialize_i16 => visit_i16(-2),
        deserialize_i32 => visit_i32(3),
        deserialize_i64 => visit_i64(4_000_000_000),
        deserialize_u8 => visit_u8(5),
        deserialize_u16 => visit_u16(6),
        deserialize_u32 => visit_u32(7),
        deserialize_u64 => visit_u64(8_000_000_000),
        deserialize_f32 => visit_f32(1.5),
        deserialize_f64 => visit_f64(2.5),
        deserialize_char => visit_char('c'),
        deserialize_str => visit_str("text"),
        deserialize_string => visit_str("text"),
        deserialize_bytes => visit_bytes(b"\x00bytes\xFF"),
        deserialize_byte_buf => visit_bytes(b"\x00bytes\xFF"),
        deserialize_identifier => visit_str("text"),
    }

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Unfillable> {
        Err(Unfillable("wire types say what they are".to_owned()))
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfillable> {
        visitor.visit_unit()
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfillable> {
        visitor.visit_unit()
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfillable> {
        if self.depth >= STRUCTS_DEEP_MAX { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unfillable> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unfillable> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfillable> {
        let left = usize::from(self.depth < STRUCTS_DEEP_MAX);
        visitor.visit_seq(Items { filler: self, left })
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Unfillable> {
        visitor.visit_seq(Items { filler: self, left: len })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Unfillable> {
        visitor.visit_seq(Items { filler: self, left: len })
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfillable> {
        let left = usize::from(self.depth < STRUCTS_DEEP_MAX);
        visitor.visit_map(Items { filler: self, left })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unfillable> {
        let filler = Filler { depth: self.depth + 1, ..self };
        visitor.visit_map(Fields { filler, fields: fields.iter() })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unfillable> {
        self.sampler.seen.borrow_mut().insert(name, variants);
        let chosen = self.sampler.choices.get(name).copied().unwrap_or(1) % variants.len();
        visitor.visit_enum(Variant { filler: self, name: variants[chosen] })
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

struct Items<'s> {
    filler: Filler<'s>,
    left: usize,
}

impl<'de> de::SeqAccess<'de> for Items<'_> {
    type Error = Unfillable;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Unfillable> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        seed.deserialize(self.filler).map(Some)
    }
}

impl<'de> de::MapAccess<'de> for Items<'_> {
    type Error = Unfillable;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Unfillable> {
        de::SeqAccess::next_element_seed(self, seed)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, Unfillable> {
        seed.deserialize(self.filler)
    }
}

struct Fields<'s> {
    filler: Filler<'s>,
    fields: std::slice::Iter<'static, &'static str>,
}

impl<'de> de::MapAccess<'de> for Fields<'_> {
    type Error = Unfillable;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Unfillable> {
        let Some(field) = self.fields.next() else {
            return Ok(None);
        };
        let field: StrDeserializer<'_, Unfillable> = (*field).into_deserializer();
        seed.deserialize(field).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, Unfillable> {
        seed.deserialize(self.filler)
    }
}

struct Variant<'s> {
    filler: Filler<'s>,
    name: &'static str,
}

impl<'de> de::EnumAccess<'de> for Variant<'_> {
    type Error = Unfillable;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Self), Unfillable> {
        let name: StrDeserializer<'_, Unfillable> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> de::VariantAccess<'de> for Variant<'_> {
    type Error = Unfillable;

    fn unit_variant(self) -> Result<(), Unfillable> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<T::Value, Unfillable> {
        seed.deserialize(self.filler)
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Unfillable> {
        visitor.visit_seq(Items { filler: self.filler, left: len })
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unfillable> {
        let filler = Filler { depth: self.filler.depth + 1, ..self.filler };
        visitor.visit_map(Fields { filler, fields: fields.iter() })
    }
}
