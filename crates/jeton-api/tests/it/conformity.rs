//! Whether an answer is what the OpenAPI document says: the part of JSON Schema that the document uses.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// The document, as it is served.
pub(crate) struct Document(Value);

impl Document {
    pub(crate) fn new() -> Self {
        Self(serde_json::to_value(jeton_api::openapi()).unwrap())
    }

    /// Whether the document says that the operation answers so.
    pub(crate) fn says(&self, operation: &str, status: u16) -> bool {
        self.operation(operation)["responses"].get(status.to_string()).is_some()
    }

    /// Whether the operation is there for everybody.
    pub(crate) fn is_open(&self, operation: &str) -> bool {
        let operation = self.operation(operation);
        operation.get("security").is_none_or(|security| security.as_array().is_none_or(Vec::is_empty))
    }

    fn operation(&self, id: &str) -> &Value {
        let items = self.0["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values());
        items.into_iter().find(|operation| operation["operationId"] == id).expect("it is in the document")
    }

    /// Panics where an answer of an operation has another form than the document gives it for its status.
    #[track_caller]
    pub(crate) fn check(&self, operation: &str, status: u16, body: &Value) {
        let operation = self.operation(operation);
        let response = &operation["responses"][status.to_string()];
        assert!(response.is_object(), "{status} is not said to be answered");
        match response["content"].get("application/json") {
            Some(content) => self.fits(&content["schema"], body, "body"),
            None => assert!(!body.is_object(), "no JSON is said to be answered"),
        }
    }

    #[track_caller]
    fn fits(&self, schema: &Value, value: &Value, path: &str) {
        if let Some(reference) = schema["$ref"].as_str() {
            return self.fits(self.0.pointer(&reference[1..]).unwrap(), value, path);
        }
        if let Some(choices) = schema["oneOf"].as_array() {
            let null = choices.iter().any(|choice| choice["type"] == "null") && value.is_null();
            let choice = choices.iter().find(|choice| choice["type"] != "null" && self.kind_fits(choice, value));
            return match choice {
                Some(choice) => self.fits(choice, value, path),
                None => assert!(null, "{path} is none of its choices: {value}"),
            };
        }
        assert!(self.kind_fits(schema, value), "{path} is {value} and should be {}", schema["type"]);
        if let Some(choices) = schema["enum"].as_array() {
            assert!(choices.contains(value), "{path} is {value}, and none of {choices:?}");
        }
        match value {
            Value::Object(fields) => self.object_fits(schema, fields, path),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.fits(&schema["items"], item, &format!("{path}[{index}]"));
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    #[track_caller]
    fn object_fits(&self, schema: &Value, fields: &Map<String, Value>, path: &str) {
        let mut parts = Vec::new();
        self.parts_of(schema, &mut parts);
        let mut known = BTreeSet::new();
        for part in &parts {
            for name in part["required"].as_array().into_iter().flatten() {
                assert!(fields.contains_key(name.as_str().unwrap()), "{path} has no {name}");
            }
            for (name, schema) in part["properties"].as_object().into_iter().flatten() {
                known.insert(name.as_str());
                if let Some(value) = fields.get(name) {
                    self.fits(schema, value, &format!("{path}.{name}"));
                }
            }
        }
        // What says nothing of its fields may have any.
        let is_free = known.is_empty();
        let others = parts.iter().find_map(|part| part.get("additionalProperties"));
        for (name, value) in fields.iter().filter(|(name, _)| !known.contains(name.as_str())) {
            match others {
                Some(Value::Bool(true)) => {}
                Some(schema @ Value::Object(_)) => self.fits(schema, value, &format!("{path}.{name}")),
                None if is_free => {}
                _ => panic!("{path}.{name} is not in the document"),
            }
        }
    }

    /// The objects that an object is made of.
    fn parts_of<'a>(&'a self, schema: &'a Value, parts: &mut Vec<&'a Value>) {
        if let Some(reference) = schema["$ref"].as_str() {
            return self.parts_of(self.0.pointer(&reference[1..]).unwrap(), parts);
        }
        match schema["allOf"].as_array() {
            Some(all) => all.iter().for_each(|part| self.parts_of(part, parts)),
            None => parts.push(schema),
        }
    }

    fn kind_fits(&self, schema: &Value, value: &Value) -> bool {
        if let Some(reference) = schema["$ref"].as_str() {
            return self.kind_fits(self.0.pointer(&reference[1..]).unwrap(), value);
        }
        if let Some(choices) = schema["oneOf"].as_array() {
            return choices.iter().any(|choice| self.kind_fits(choice, value));
        }
        let fits = |kind: &Value| match (kind.as_str(), value) {
            (Some("object"), Value::Object(_))
            | (Some("array"), Value::Array(_))
            | (Some("string"), Value::String(_))
            | (Some("boolean"), Value::Bool(_))
            | (Some("null"), Value::Null)
            | (None, _) => true,
            (Some("integer"), Value::Number(number)) => number.is_u64() || number.is_i64(),
            (Some(_), _) => false,
        };
        match &schema["type"] {
            Value::Array(kinds) => kinds.iter().any(fits),
            kind @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
                fits(kind)
            }
        }
    }
}
