//! Caps: limits in tokens that a team sets for itself (L1).

use std::fmt;

use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::Decimal;

/// A cap as the team writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({"of": {"member": "alice"}, "per": "day", "tokens": "20", "hard": true}))
)]
#[serde(deny_unknown_fields)]
pub struct CapPut {
    pub of: CapOf,
    pub per: CapPer,
    /// So much may be used; reaching it exactly is allowed, passing it is not.
    pub tokens: Decimal,
    /// Whether what would pass it is refused (`cap_reached`), or granted with a warning (`cap_passed`).
    pub hard: bool,
}

/// A cap of a team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "cap": "alice-a-day",
        "of": {"member": "alice"},
        "per": "day",
        "tokens": "20",
        "hard": true,
        "used": "7"
    }))
)]
pub struct Cap {
    pub cap: String,
    pub of: CapOf,
    pub per: CapPer,
    pub tokens: Decimal,
    pub hard: bool,
    /// Tokens charged and held on the usage days of the current day or month of the team's zone, also those before the
    /// cap was set. Of a group, what its present members have used; of one that is no more, `"0"`.
    pub used: Decimal,
}

/// Whose use a cap limits: `{"member": "alice"}`, `{"group": "structures"}`, `{"product": "autocad"}`, or `"team"`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CapOf {
    Member(String),
    Group(String),
    Product(String),
    Team,
}

/// The calendar time that a cap counts in, in the team's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(example = "day"))]
#[serde(rename_all = "snake_case")]
pub enum CapPer {
    Day,
    Month,
}

const WHOSE: &[&str] = &["member", "group", "product"];

impl<'de> Deserialize<'de> for CapOf {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Whose)
    }
}

struct Whose;

impl<'de> Visitor<'de> for Whose {
    type Value = CapOf;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("\"team\", or one of {\"member\": …}, {\"group\": …} and {\"product\": …}")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<CapOf, E> {
        if text == "team" { Ok(CapOf::Team) } else { Err(E::invalid_value(de::Unexpected::Str(text), &self)) }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<CapOf, A::Error> {
        let mut whose = None;
        while let Some(field) = fields.next_key::<String>()? {
            let make = match field.as_str() {
                "member" => CapOf::Member,
                "group" => CapOf::Group,
                "product" => CapOf::Product,
                _ => return Err(de::Error::unknown_field(&field, WHOSE)),
            };
            // A field that says null says nothing.
            if let Some(id) = fields.next_value::<Option<String>>()?
                && whose.replace(make(id)).is_some()
            {
                return Err(de::Error::invalid_length(2, &self));
            }
        }
        whose.ok_or_else(|| de::Error::invalid_length(0, &self))
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for CapOf {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Type};

        let text = |pattern: &str| ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern));
        let id = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$";
        let one = ObjectBuilder::new()
            .schema_type(Type::Object)
            .property("member", text(id))
            .property("group", text(id))
            .property("product", text("^[a-z0-9][a-z0-9-]{0,63}$"))
            .min_properties(Some(1))
            .max_properties(Some(1));
        OneOfBuilder::new()
            .description(Some("Whose use a cap limits: that of one member, group or product, or of the whole team."))
            .item(ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["team"])))
            .item(one)
            .examples([serde_json::json!({"member": "alice"})])
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for CapOf {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l1_a_cap_is_of_one_thing_or_of_the_team() {
        let read = |text: &str| serde_json::from_str::<CapOf>(text);
        assert_eq!(read("\"team\"").unwrap(), CapOf::Team);
        for of in [CapOf::Member("a".into()), CapOf::Group("g".into()), CapOf::Product("p".into()), CapOf::Team] {
            assert_eq!(read(&serde_json::to_string(&of).unwrap()).unwrap(), of);
        }
        for bad in [
            "\"all\"",
            "null",
            "7",
            "{}",
            "[]",
            "{\"member\": 7}",
            "{\"member\": null}",
            "{\"team\": \"acme\"}",
            "{\"member\": \"a\", \"group\": \"g\"}",
            "{\"member\": \"a\", \"member\": \"b\"}",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
