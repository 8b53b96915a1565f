//! JSON as the SDK has it, from and to ours.

use aws_smithy_types::{Document, Number};
use serde_json::{Map, Value};

/// Ours, as the SDK has it.
pub(super) fn document(value: &Value) -> Document {
    match value {
        Value::Null => Document::Null,
        Value::Bool(is) => Document::Bool(*is),
        Value::Number(number) => Document::Number(if let Some(whole) = number.as_u64() {
            Number::PosInt(whole)
        } else if let Some(negative) = number.as_i64() {
            Number::NegInt(negative)
        } else {
            Number::Float(number.as_f64().unwrap_or(f64::NAN))
        }),
        Value::String(text) => Document::String(text.clone()),
        Value::Array(list) => Document::Array(list.iter().map(document).collect()),
        Value::Object(fields) => {
            Document::Object(fields.iter().map(|(name, value)| (name.clone(), document(value))).collect())
        }
    }
}

/// The SDK's, as ours, its fields by name: the SDK keeps them in no order.
pub(super) fn value(document: &Document) -> Value {
    match document {
        Document::Null => Value::Null,
        Document::Bool(is) => Value::Bool(*is),
        Document::Number(Number::PosInt(whole)) => Value::from(*whole),
        Document::Number(Number::NegInt(negative)) => Value::from(*negative),
        Document::Number(Number::Float(float)) => Value::from(*float),
        Document::String(text) => Value::String(text.clone()),
        Document::Array(list) => Value::Array(list.iter().map(value).collect()),
        Document::Object(fields) => {
            let mut sorted: Vec<_> = fields.iter().map(|(name, field)| (name.clone(), value(field))).collect();
            sorted.sort_by(|one, other| one.0.cmp(&other.0));
            Value::Object(Map::from_iter(sorted))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            (-1e6..1e6).prop_map(|float: f64| json!(float)),
            ".{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map("[a-z]{1,4}", inner, 0..5).prop_map(|map| json!(map)),
            ]
        })
    }

    proptest! {
        #[test]
        fn json_comes_back_as_it_went(sent in any_json()) {
            prop_assert_eq!(value(&document(&sent)).to_string(), sent.to_string());
        }
    }
}
