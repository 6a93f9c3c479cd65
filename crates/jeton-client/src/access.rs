//! Access: which products members may have with tokens (A1).

use std::fmt;

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// All products, those to come included, or a named set: `"all"` or `["autocad", "revit"]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Products {
    All,
    Named(Vec<String>),
}

/// What a member is assigned to. It is both what is written and what is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({"products": ["autocad", "revit"]}))
)]
#[serde(deny_unknown_fields)]
pub struct Assignment {
    pub products: Products,
}

/// What every member of the team is assigned to without an assignment of their own; `null`: nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({"products": "all"}))
)]
#[serde(deny_unknown_fields)]
pub struct DefaultAccess {
    // Named, so that a body that leaves the field out is not taken for one that says null.
    #[serde(deserialize_with = "Option::deserialize")]
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub products: Option<Products>,
}

/// Products that nobody in the team has with tokens; a seat still opens them (A1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({"products": ["flame"]}))
)]
#[serde(deny_unknown_fields)]
pub struct BlockedProducts {
    pub products: Vec<String>,
}

impl Serialize for Products {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All => serializer.serialize_str("all"),
            Self::Named(products) => products.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Products {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AllOrNamed)
    }
}

struct AllOrNamed;

impl<'de> Visitor<'de> for AllOrNamed {
    type Value = Products;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("\"all\" or a list of product codes")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Products, E> {
        if text == "all" { Ok(Products::All) } else { Err(E::invalid_value(de::Unexpected::Str(text), &self)) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut codes: A) -> Result<Products, A::Error> {
        let mut named = Vec::new();
        while let Some(code) = codes.next_element()? {
            named.push(code);
        }
        Ok(Products::Named(named))
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Products {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Type};

        let code = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[a-z0-9][a-z0-9-]{0,63}$"));
        OneOfBuilder::new()
            .description(Some("All products, those to come included, or a named set of codes."))
            .item(ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["all"])))
            .item(ArrayBuilder::new().items(code))
            .examples(["all"])
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Products {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a1_access_is_all_or_a_named_set_and_nothing_else() {
        assert_eq!(serde_json::from_str::<Products>("\"all\"").unwrap(), Products::All);
        let named = Products::Named(vec!["autocad".to_owned()]);
        assert_eq!(serde_json::from_str::<Products>("[\"autocad\"]").unwrap(), named);
        for bad in ["\"some\"", "null", "7", "{}", "[7]"] {
            assert!(serde_json::from_str::<Products>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a1_no_default_access_has_to_be_said() {
        assert_eq!(serde_json::from_str::<DefaultAccess>("{\"products\":null}").unwrap().products, None);
        let refused = serde_json::from_str::<DefaultAccess>("{}").unwrap_err().to_string();
        assert!(refused.contains("missing field `products`"), "{refused}");
    }
}
