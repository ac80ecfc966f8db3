//! YAML whose keys are texts as they are written.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor};
use serde_yaml::value::{Tag, TaggedValue};
use serde_yaml::{Mapping, Value};

/// A value of YAML in which `4.10: a` has the key `4.10`, and not the number 4.1: what names
/// something is no number, however it looks.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct AsWritten(pub Value);

impl<'de> Deserialize<'de> for AsWritten {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue).map(AsWritten)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any YAML value")
    }
    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::from(value))
    }
    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }
    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }
    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }
    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }
    fn visit_string<E: de::Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::from(value))
    }
    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_none<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        AsWritten::deserialize(deserializer).map(|AsWritten(value)| value)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(AsWritten(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Sequence(list))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Mapping::new();
        while let Some(key) = entries.next_key::<String>()? {
            let AsWritten(value) = entries.next_value()?;
            // As serde_yaml says it of keys that are texts.
            if map.contains_key(key.as_str()) {
                return Err(de::Error::custom(format!("duplicate entry with key {key:?}")));
            }
            map.insert(Value::String(key), value);
        }
        Ok(Value::Mapping(map))
    }
    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<Value, A::Error> {
        let (tag, content) = tagged.variant::<String>()?;
        let AsWritten(value) = content.newtype_variant()?;
        Ok(Value::Tagged(Box::new(TaggedValue { tag: Tag::new(tag), value })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stay_as_they_are_written_and_values_do_not() {
        let text = "{4.10: 4.10, 12e5: 1, 007: a, true: true, ~: [{0x10: 0x10}], 'x': !t 5}";
        let AsWritten(value) = serde_yaml::from_str(text).unwrap();
        let keys: Vec<&str> =
            value.as_mapping().unwrap().keys().map(|key| key.as_str().unwrap()).collect();
        assert_eq!(keys, ["4.10", "12e5", "007", "true", "~", "x"]);
        assert_eq!(value["4.10"], Value::from(4.1));
        assert_eq!(value["~"][0]["0x10"], Value::from(16));
        assert_eq!(value["true"], Value::from(true));
        assert!(matches!(&value["x"], Value::Tagged(tagged) if tagged.tag == "t"));
    }

    #[test]
    fn two_names_never_become_one_and_one_is_not_there_twice() {
        let AsWritten(value) = serde_yaml::from_str("{1.0: a, 1.00: b, 1: c}").unwrap();
        assert_eq!(value.as_mapping().unwrap().len(), 3);
        let error = serde_yaml::from_str::<AsWritten>("{4.1: a, '4.1': b}").unwrap_err();
        assert!(error.to_string().contains("duplicate entry with key \"4.1\""), "{error}");
    }
}
