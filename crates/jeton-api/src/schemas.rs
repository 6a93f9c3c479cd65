//! What the OpenAPI document says of types, completed by what holds for all of them.
//!
//! What always holds: in an answer a field that may be `null` is always there, and one that may be left out is never
//! `null`; in a request `null` is the same as a field left out, where the field need not be there. A field that is an id, a code, a currency, a country or
//! a name says so by its pattern, in every type alike.
//!
//! What it does not do: say what a field is for. Its type does, beside its field.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use utoipa::openapi::schema::{AdditionalProperties, ArrayItems, Object, Schema, SchemaType, Type};
use utoipa::openapi::{OpenApi, Ref, RefOr, Required};

use crate::document::operations_of_mut;

/// An id, as the contract has it.
pub(crate) const ID: &str = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$";
/// A member as answers have it: an id, or what stands for one who was erased (V5).
const MEMBER: &str = "^([A-Za-z0-9][A-Za-z0-9._-]{0,63}|~[0-9]+)$";
/// A code of the catalogue, as the contract has it.
pub(crate) const CODE: &str = "^[a-z0-9][a-z0-9-]{0,63}$";
const CURRENCY: &str = "^[A-Z]{3}$";
const COUNTRY: &str = "^[A-Z]{2}$";
const LOCALE: &str = "^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$";
/// No control characters.
const PLAIN: &str = r"^[^\u0000-\u001f\u007f-\u009f]*$";

const SCHEMAS: &str = "#/components/schemas/";

/// Completes the types, and says which bodies may be left out.
pub(crate) fn complete(document: &mut OpenApi) {
    let sent = sent_by_clients(document);
    let schemas = document.components.as_mut().map(|components| &mut components.schemas);
    for (name, schema) in schemas.into_iter().flatten() {
        if let RefOr::T(schema) = schema {
            refer_to_row(name, schema);
            for object in objects_of(schema) {
                if sent.contains(name) {
                    narrow_maps(object);
                } else {
                    require_nullable(object);
                }
                narrow(object, sent.contains(name));
            }
        }
    }
    let optional = types(document, |object| object.required.is_empty());
    let empty = types(document, |object| object.properties.is_empty());
    for operation in document.paths.paths.values_mut().flat_map(operations_of_mut).map(|(_, operation)| operation) {
        let is_metering = operation.tags.iter().flatten().any(|tag| tag == "Metering");
        if let Some(RefOr::T(body)) = &mut operation.request_body {
            let names: Vec<String> = references_of(&json!(body)).into_iter().collect();
            // A metering body that is not there is read as `{}`, and so is one with nothing to say; configuration has to
            // be said.
            let may_be_left_out =
                names.iter().any(|name| empty.contains(name) || (is_metering && optional.contains(name)));
            body.required = Some(if may_be_left_out { Required::False } else { Required::True });
        }
    }
}

/// The types that requests are made of.
fn sent_by_clients(document: &OpenApi) -> BTreeSet<String> {
    let schemas = document.components.as_ref().map(|components| json!(components.schemas)).unwrap_or_default();
    let operations = json!(document.paths.paths);
    let items = operations.as_object().into_iter().flat_map(|paths| paths.values());
    let bodies = items.flat_map(|item| item.as_object().into_iter().flat_map(|item| item.values()));
    let mut found: BTreeSet<String> =
        bodies.filter_map(|operation| operation.get("requestBody")).flat_map(references_of).collect();
    let mut to_look_at: Vec<String> = found.iter().cloned().collect();
    while let Some(name) = to_look_at.pop() {
        for other in schemas.get(&name).map(references_of).unwrap_or_default() {
            if found.insert(other.clone()) {
                to_look_at.push(other);
            }
        }
    }
    found
}

/// The names of the types that a part of the document refers to.
fn references_of(part: &Value) -> BTreeSet<String> {
    match part {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, value)| match (name.as_str(), value.as_str().and_then(|at| at.strip_prefix(SCHEMAS))) {
                ("$ref", Some(referred)) => BTreeSet::from([referred.to_owned()]),
                _ => references_of(value),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(references_of).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => BTreeSet::new(),
    }
}

/// The names of the object types of which this holds.
fn types(document: &OpenApi, holds: impl Fn(&Object) -> bool) -> BTreeSet<String> {
    let schemas = document.components.iter().flat_map(|components| &components.schemas);
    let wanted = |schema: &RefOr<Schema>| matches!(schema, RefOr::T(Schema::Object(object)) if holds(object));
    schemas.filter(|(_, schema)| wanted(schema)).map(|(name, _)| name.clone()).collect()
}

/// Has a page refer to the type of its rows, whose form the derived schema repeats.
fn refer_to_row(name: &str, schema: &mut Schema) {
    if let Some(row) = name.strip_prefix("Page_")
        && let Schema::Object(page) = schema
        && let Some(RefOr::T(Schema::Array(items))) = page.properties.get_mut("items")
    {
        items.items = ArrayItems::RefOrSchema(Box::new(Ref::from_schema_name(row).into()));
    }
}

/// The objects that a type is, or is made of by `allOf`.
fn objects_of(schema: &mut Schema) -> Vec<&mut Object> {
    if let Schema::Object(object) = schema {
        return vec![object];
    }
    let Schema::AllOf(parts) = schema else { return Vec::new() };
    let objects = parts.items.iter_mut().filter_map(|part| match part {
        RefOr::T(Schema::Object(object)) => Some(object),
        RefOr::T(_) | RefOr::Ref(_) => None,
    });
    objects.collect()
}

/// Says of every field that may be `null` that it is there.
fn require_nullable(object: &mut Object) {
    for (name, field) in &object.properties {
        if may_be_null(field) && !object.required.contains(name) {
            object.required.push(name.clone());
        }
    }
}

fn may_be_null(field: &RefOr<Schema>) -> bool {
    let is_null = |kind: &SchemaType| match kind {
        SchemaType::Type(kind) => *kind == Type::Null,
        SchemaType::Array(kinds) => kinds.contains(&Type::Null),
        SchemaType::AnyValue => false,
    };
    match field {
        RefOr::T(Schema::Object(object)) => is_null(&object.schema_type),
        RefOr::T(Schema::Array(array)) => is_null(&array.schema_type),
        RefOr::T(Schema::OneOf(choice)) => choice.items.iter().any(may_be_null),
        RefOr::T(_) | RefOr::Ref(_) => false,
    }
}

/// Says of texts what they may be, by the names that they have everywhere; a member is told by another name once erased.
fn narrow(object: &mut Object, is_sent: bool) {
    for (name, field) in &mut object.properties {
        let pattern = if name == "member" && !is_sent { Some(MEMBER) } else { pattern_of(name) };
        let Some(pattern) = pattern else { continue };
        let text = match field {
            RefOr::T(Schema::Object(text)) => Some(text),
            RefOr::T(Schema::Array(array)) => match &mut array.items {
                ArrayItems::RefOrSchema(item) => match item.as_mut() {
                    RefOr::T(Schema::Object(text)) => Some(text),
                    RefOr::T(_) | RefOr::Ref(_) => None,
                },
                ArrayItems::False => None,
            },
            RefOr::T(_) | RefOr::Ref(_) => None,
        };
        if let Some(text) = text.filter(|text| is_text(&text.schema_type)) {
            text.pattern = Some(pattern.to_owned());
        }
    }
}

/// Says how many there may be, and how long, in the maps that clients send.
fn narrow_maps(object: &mut Object) {
    for (name, field) in &mut object.properties {
        let RefOr::T(Schema::Object(map)) = field else { continue };
        match name.as_str() {
            "tags" => {
                map.max_properties = Some(16);
                if let Some(Schema::Object(key)) = map.property_names.as_deref_mut() {
                    (key.min_length, key.max_length) = (Some(1), Some(32));
                    key.pattern = Some(PLAIN.to_owned());
                }
                if let Some(AdditionalProperties::RefOr(RefOr::T(Schema::Object(value)))) =
                    map.additional_properties.as_deref_mut()
                {
                    value.max_length = Some(64);
                    value.pattern = Some(PLAIN.to_owned());
                }
            }
            "results" => map.min_properties = Some(1),
            _ => {}
        }
    }
}

fn pattern_of(name: &str) -> Option<&'static str> {
    match name {
        "team" | "team_of_order" | "member" | "partner" | "order" | "session" | "job" | "key" | "charge" | "lot"
        | "from" | "to" | "price_list" | "group" | "groups" | "members" | "cap" | "agreement" | "grant" => Some(ID),
        "product" | "use" | "uses" | "products" | "unit" | "result" => Some(CODE),
        "currency" | "currencies" => Some(CURRENCY),
        "country" | "countries" => Some(COUNTRY),
        "locale" => Some(LOCALE),
        "name" | "label" | "device" | "version" | "versions" | "reference" => Some(PLAIN),
        _ => None,
    }
}

fn is_text(kind: &SchemaType) -> bool {
    match kind {
        SchemaType::Type(kind) => *kind == Type::String,
        SchemaType::Array(kinds) => kinds.contains(&Type::String),
        SchemaType::AnyValue => false,
    }
}
