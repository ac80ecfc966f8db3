//! Reads a typed spec from a YAML value and finds every mistake in one go.
//!
//! serde stops at the first error. [`read`] therefore repeats: it notes the
//! error, masks the place, and reads again until what is left is sound. Enum
//! choices are one-key maps (`poisson: { rate: 20/s }`) or bare words (`lru`);
//! a bare word also stands for a choice whose settings all have defaults.

use std::collections::BTreeSet;

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeOwned, DeserializeSeed, IntoDeserializer, Visitor};
use serde_yaml::{Mapping, Value};

use super::read_error::ReadError;
use crate::spec::{Path, Problem, Segment};

/// More mistakes than anyone mends at once.
const MOST_PROBLEMS: usize = 50;

/// What [`read`] found.
#[derive(Debug)]
pub struct Reading<T> {
    /// The spec, with defaults in the place of what could not be read; none
    /// where even that was impossible.
    pub spec: Option<T>,
    /// Every mistake, in the order of the file's fields.
    pub problems: Vec<Problem>,
    /// The places that were left out.
    pub masked: BTreeSet<Path>,
}

/// Reads a `T` from `value`.
pub fn read<T: DeserializeOwned>(value: &Value) -> Reading<T> {
    let mut problems = Vec::new();
    let mut masked = BTreeSet::new();
    loop {
        let node = Node { value, masked: &masked, path: (!masked.is_empty()).then(Path::default) };
        let error = match T::deserialize(node) {
            Ok(spec) => return Reading { spec: Some(spec), problems, masked },
            Err(error) => error,
        };
        let mut place = Path(error.path.iter().rev().cloned().collect());
        // What is missing beside a key that was not understood was meant by it.
        let parent = |mask: &Path| mask.0.split_last().is_some_and(|(_, above)| above == place.0);
        let consequence = error.missing.is_some() && masked.iter().any(parent);
        // A choice that is not known is found again once it is masked: its whole
        // place must go.
        if !consequence && !masked.contains(&place) {
            let problem = Problem::error(place.clone(), error.message).help(error.help);
            problems.push(Problem { at_key: error.at_key, ..problem });
        }
        while !masked.insert(place.clone()) && !place.0.is_empty() {
            place.0.pop();
        }
        if place.0.is_empty() || problems.len() >= MOST_PROBLEMS {
            return Reading { spec: None, problems, masked };
        }
    }
}

/// A value in the tree, the places to leave out, and (once there are any) the
/// way to it.
#[derive(Clone)]
struct Node<'a> {
    value: &'a Value,
    masked: &'a BTreeSet<Path>,
    path: Option<Path>,
}

static NOTHING: Value = Value::Null;

impl<'a> Node<'a> {
    fn child(&self, step: &Segment, value: &'a Value) -> Node<'a> {
        Node {
            value,
            masked: self.masked,
            path: self.path.as_ref().map(|path| path.join(step.clone())),
        }
    }

    fn is_masked(&self, step: &Segment) -> bool {
        self.path.as_ref().is_some_and(|path| self.masked.contains(&path.join(step.clone())))
    }

    fn visit_map<'de, V: Visitor<'de>>(
        &self,
        map: &'a Mapping,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let mut entries = Vec::with_capacity(map.len());
        for (key, value) in map {
            let key = key_text(key)?;
            if !self.is_masked(&Segment::Key(key.clone())) {
                entries.push((key, value));
            }
        }
        visitor.visit_map(Entries { node: self, rest: entries.into_iter(), current: None })
    }

    fn visit_seq<'de, V: Visitor<'de>>(
        &self,
        items: &'a [Value],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        visitor.visit_seq(Items { node: self, all: items, next: 0 })
    }
}

fn key_text(key: &Value) -> Result<String, ReadError> {
    match key {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(value) => Ok(value.to_string()),
        _ => Err(ReadError::new("a key must be a plain word".to_owned())),
    }
}

/// Where a number is expected, `1e3` and `1_000` are thousand.
macro_rules! numbers {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
            match whole(self.value) {
                Some(Whole::Positive(number)) => visitor.visit_u64(number),
                Some(Whole::Negative(number)) => visitor.visit_i64(number),
                None => match self.value.as_str().and_then(without_underscores) {
                    Some(number) => visitor.visit_f64(number),
                    None => self.deserialize_any(visitor),
                },
            }
        })*
    };
}

/// A whole number that is written as one that need not be.
enum Whole {
    Positive(u64),
    Negative(i64),
}

/// The whole number that a value is, where YAML sees a real number or a text in it.
fn whole(value: &Value) -> Option<Whole> {
    /// Up to here each whole number is a double, and no other is rounded to it.
    const EXACT: f64 = (1u64 << 53) as f64;
    let number = match value {
        Value::Number(number) if number.is_f64() => number.as_f64()?,
        Value::String(text) => without_underscores(text)?,
        _ => return None,
    };
    if libm::trunc(number) != number || number.abs() >= EXACT {
        return None;
    }
    Some(if number < 0.0 { Whole::Negative(number as i64) } else { Whole::Positive(number as u64) })
}

/// The number in `1_000` or `-1_000.5`: digits apart by single underscores.
fn without_underscores(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    let between = |at: usize| digit(at.checked_sub(1)) && digit(Some(at + 1));
    let numeric = |byte: &u8| matches!(byte, b'0'..=b'9' | b'_' | b'.' | b'-');
    let apart = bytes.iter().enumerate().all(|(at, byte)| *byte != b'_' || between(at));
    if !text.contains('_') || !apart || !bytes.iter().all(numeric) {
        return None;
    }
    text.replace('_', "").parse().ok()
}

impl<'de> de::Deserializer<'de> for Node<'_> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => {
                if let Some(value) = number.as_u64() {
                    visitor.visit_u64(value)
                } else if let Some(value) = number.as_i64() {
                    visitor.visit_i64(value)
                } else {
                    visitor.visit_f64(number.as_f64().unwrap_or(f64::NAN))
                }
            }
            Value::String(text) => visitor.visit_str(text),
            Value::Sequence(items) => self.visit_seq(items, visitor),
            Value::Mapping(map) => self.visit_map(map, visitor),
            Value::Tagged(tagged) => {
                Err(ReadError::new(format!("the tag `{}` is not understood", tagged.tag)))
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        // serde would take a list as the fields in their order.
        match self.value {
            Value::Sequence(_) => {
                Err(ReadError::new("expected a map of settings, found a list".into()))
            }
            _ => self.deserialize_map(visitor),
        }
    }

    /// Nothing stands for the empty map, so that a section may be written
    /// `cache:` and a choice as a bare word.
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.value {
            Value::Null => visitor.visit_map(Entries {
                node: &self,
                rest: Vec::new().into_iter(),
                current: None,
            }),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let one_of = || format!("one of: {}", variants.join(", "));
        let (choice, content) = match self.value {
            Value::String(word) => (word.clone(), &NOTHING),
            Value::Mapping(map) if map.len() == 1 => match map.iter().next() {
                Some((key, content)) => (key_text(key)?, content),
                None => return Err(ReadError::new(format!("expected {}", one_of()))),
            },
            Value::Mapping(map) => {
                return Err(ReadError::new(format!(
                    "expected a single choice, found a map with {} keys; {}",
                    map.len(),
                    one_of()
                )));
            }
            _ => return Err(ReadError::new(format!("expected {}", one_of()))),
        };
        let bare = self.value.is_string();
        let step = Segment::Key(choice.clone());
        visitor.visit_enum(Choice { content: self.child(&step, content), name: choice, bare })
    }

    numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
        deserialize_f32 deserialize_f64
    }

    serde::forward_to_deserialize_any! {
        bool i128 u128 char str string
        bytes byte_buf unit unit_struct seq tuple tuple_struct identifier ignored_any
    }
}

struct Entries<'n, 'a> {
    node: &'n Node<'a>,
    rest: std::vec::IntoIter<(String, &'a Value)>,
    current: Option<(String, &'a Value)>,
}

impl<'de> de::MapAccess<'de> for Entries<'_, '_> {
    type Error = ReadError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ReadError> {
        let Some((key, value)) = self.rest.next() else { return Ok(None) };
        let deserializer: StrDeserializer<ReadError> = key.as_str().into_deserializer();
        let result = seed.deserialize(deserializer).map(Some).map_err(|mut error| {
            error.at_key = true;
            error.within(Segment::Key(key.clone()))
        });
        self.current = Some((key, value));
        result
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ReadError> {
        let (key, value) = self.current.take().unwrap_or((String::new(), &NOTHING));
        let step = Segment::Key(key);
        seed.deserialize(self.node.child(&step, value)).map_err(|error| error.within(step))
    }
}

struct Items<'n, 'a> {
    node: &'n Node<'a>,
    all: &'a [Value],
    next: usize,
}

impl<'de> de::SeqAccess<'de> for Items<'_, '_> {
    type Error = ReadError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ReadError> {
        while let Some(item) = self.all.get(self.next) {
            let step = Segment::Index(self.next);
            self.next += 1;
            if !self.node.is_masked(&step) {
                let node = self.node.child(&step, item);
                return seed.deserialize(node).map(Some).map_err(|error| error.within(step));
            }
        }
        Ok(None)
    }
}

struct Choice<'a> {
    name: String,
    content: Node<'a>,
    bare: bool,
}

impl<'de, 'a> de::EnumAccess<'de> for Choice<'a> {
    type Error = ReadError;
    type Variant = Content<'a>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Content<'a>), ReadError> {
        let deserializer: StrDeserializer<ReadError> = self.name.as_str().into_deserializer();
        let step = Segment::Key(self.name.clone());
        let choice = seed.deserialize(deserializer).map_err(|error| {
            if self.bare {
                ReadError { at_key: false, ..error }
            } else {
                error.within(step.clone())
            }
        })?;
        Ok((choice, Content { node: self.content, step, bare: self.bare }))
    }
}

struct Content<'a> {
    node: Node<'a>,
    step: Segment,
    bare: bool,
}

impl Content<'_> {
    /// Puts the choice on the error's path, or says that a bare word needs
    /// settings.
    fn place(step: Segment, bare: bool, error: ReadError) -> ReadError {
        match (&step, bare) {
            (Segment::Key(choice), true) => {
                ReadError::new(format!("`{choice}` needs settings: {}", error.message))
            }
            _ => error.within(step),
        }
    }
}

impl<'de> de::VariantAccess<'de> for Content<'_> {
    type Error = ReadError;

    fn unit_variant(self) -> Result<(), ReadError> {
        match self.node.value {
            Value::Null => Ok(()),
            Value::Mapping(map) if map.is_empty() => Ok(()),
            _ => Err(ReadError::new("this choice has no settings".to_owned()).within(self.step)),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, ReadError> {
        let (step, bare) = (self.step, self.bare);
        seed.deserialize(self.node).map_err(|error| Self::place(step, bare, error))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, ReadError> {
        let (step, bare) = (self.step, self.bare);
        de::Deserializer::deserialize_any(self.node, visitor)
            .map_err(|error| Self::place(step, bare, error))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let (step, bare) = (self.step, self.bare);
        de::Deserializer::deserialize_map(self.node, visitor)
            .map_err(|error| Self::place(step, bare, error))
    }
}
