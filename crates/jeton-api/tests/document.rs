//! The OpenAPI document: current, complete, and at one with the application's table of operations.

use std::collections::BTreeSet;

use jeton_app::{Access, Operation};
use serde_json::Value;

const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];

fn document() -> Value {
    serde_json::to_value(jeton_api::openapi()).expect("the document is JSON")
}

/// Every operation of the document, with its path and method.
fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().expect("a document has paths");
    paths
        .iter()
        .flat_map(|(path, item)| {
            METHODS
                .iter()
                .filter_map(move |method| item.get(method).map(|operation| (path.as_str(), *method, operation)))
        })
        .collect()
}

/// The responses of an operation, with their statuses, those in common looked up.
fn responses<'a>(document: &'a Value, operation: &'a Value) -> impl Iterator<Item = (&'a str, &'a Value)> {
    let responses = operation["responses"].as_object().expect("every operation has responses");
    responses.iter().map(|(status, response)| {
        let reference = response.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'));
        let common = reference.map(|pointer| document.pointer(pointer).expect("references lead somewhere"));
        (status.as_str(), common.unwrap_or(response))
    })
}

fn row_of(operation: &Value) -> Operation {
    let id = operation["operationId"].as_str().expect("every operation has an id");
    Operation::with_id(id).unwrap_or_else(|| panic!("{id} has no row in the table of operations"))
}

#[test]
fn the_file_is_current() {
    let document = jeton_api::openapi().to_pretty_json().unwrap() + "\n";
    let file = include_str!("../openapi.json");
    assert!(document == file, "crates/jeton-api/openapi.json is not current: run `cargo xtask openapi`");
}

#[test]
fn it_is_openapi_3_1() {
    assert_eq!(document()["openapi"], "3.1.0");
}

#[test]
fn every_operation_has_a_row_and_every_row_an_operation() {
    let document = document();
    let ids: Vec<_> = operations(&document).iter().map(|(_, _, operation)| row_of(operation).id()).collect();
    let unique: BTreeSet<_> = ids.iter().copied().collect();
    assert_eq!(ids.len(), unique.len(), "an id is there twice");
    let rows: BTreeSet<_> = Operation::ALL.iter().map(|row| row.id()).collect();
    assert_eq!(unique, rows);
}

#[test]
fn every_operation_says_which_keys_it_takes() {
    let document = document();
    for (path, method, operation) in operations(&document) {
        let is_open = row_of(operation).access() == Access::Open;
        let security = operation["security"].as_array().expect("every operation says its security");
        assert_eq!(security.is_empty(), is_open, "{method} {path}");
        for status in ["401", "403"] {
            assert_eq!(operation["responses"].get(status).is_none(), is_open, "{method} {path}: {status}");
        }
    }
    assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
}

#[test]
fn every_operation_has_an_example() {
    let document = document();
    for (path, method, operation) in operations(&document) {
        if let Some(body) = operation.get("requestBody") {
            has_examples(body, &format!("{method} {path}: the request"));
        }
        for (status, response) in responses(&document, operation) {
            if status == "204" {
                assert!(response.get("content").is_none(), "{method} {path}: {status}");
            } else {
                has_examples(response, &format!("{method} {path}: {status}"));
            }
        }
        for parameter in operation.get("parameters").and_then(Value::as_array).into_iter().flatten() {
            let name = &parameter["name"];
            assert!(parameter.get("example").is_some(), "{method} {path}: the parameter {name} has no example");
        }
    }
}

fn has_examples(with_content: &Value, what: &str) {
    let content = with_content["content"].as_object().unwrap_or_else(|| panic!("{what} has no content"));
    for (media_type, content) in content {
        let is_problem = media_type == "application/problem+json";
        assert!(is_problem || content.get("example").is_some(), "{what} has no example as {media_type}");
    }
}

#[test]
fn whatever_is_not_done_is_a_problem() {
    let document = document();
    for (path, method, operation) in operations(&document) {
        assert!(operation["responses"].get("503").is_some(), "{method} {path}");
        for (status, response) in responses(&document, operation).filter(|(status, _)| *status >= "400") {
            let schema = &response["content"]["application/problem+json"]["schema"];
            assert_eq!(schema["$ref"], "#/components/schemas/Problem", "{method} {path}: {status}");
        }
    }
}

#[test]
fn every_parameter_of_a_path_is_described() {
    let document = document();
    for (path, method, operation) in operations(&document) {
        let named: BTreeSet<_> = path.split(['{', '}']).skip(1).step_by(2).collect();
        let parameters = operation.get("parameters").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let described = parameters.iter().filter(|parameter| parameter["in"] == "path");
        let described: BTreeSet<_> = described.map(|parameter| parameter["name"].as_str().unwrap()).collect();
        assert_eq!(described, named, "{method} {path}");
    }
}

#[test]
fn configuration_has_revisions() {
    let document = document();
    let put = &document["paths"]["/v1/teams/{team}"]["put"];
    assert!(put["responses"]["200"]["headers"].get("ETag").is_some());
    assert!(put["parameters"].as_array().unwrap().iter().any(|parameter| parameter["name"] == "If-Match"));
    let once = &document["paths"]["/v1/sessions/{session}"]["put"];
    assert!(once["responses"]["201"].get("headers").is_none());
    assert!(once["responses"].get("412").is_none());
}

#[test]
fn a_field_of_an_answer_that_may_be_null_is_there() {
    let document = document();
    let schemas = document["components"]["schemas"].as_object().expect("there are types");
    let mut found = 0;
    // What clients send is called by how they send it.
    let sent = ["Put", "Post", "Open", "Heartbeat", "Close"];
    for (name, schema) in schemas.iter().filter(|(name, _)| !sent.iter().any(|ending| name.ends_with(ending))) {
        for (field, of_field) in schema["properties"].as_object().into_iter().flatten() {
            let choices = of_field["oneOf"].as_array().into_iter().flatten().map(|choice| &choice["type"]);
            let kinds = of_field["type"].as_array().into_iter().flatten();
            if choices.chain(kinds).any(|kind| kind == "null") {
                let required = schema["required"].as_array().expect("some fields are required");
                assert!(required.contains(&Value::from(field.as_str())), "{name}.{field}");
                found += 1;
            }
        }
    }
    assert!(found > 30, "{found}");
}

#[test]
fn a_body_may_be_left_out_where_it_says_nothing() {
    let document = document();
    for (path, method, operation) in
        operations(&document).into_iter().filter(|(_, _, it)| it.get("requestBody").is_some())
    {
        let may = ["heartbeat_session", "close_session", "commit_job", "extend_job", "release_job", "create_enrolment"]
            .contains(&operation["operationId"].as_str().unwrap());
        assert_eq!(operation["requestBody"]["required"], !may, "{method} {path}");
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let mut references = BTreeSet::new();
    collect_references(&document, &mut references);
    assert!(references.contains("#/components/schemas/Problem"));
    for reference in references {
        let pointer = reference.strip_prefix('#').expect("references stay inside the document");
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

fn collect_references<'a>(value: &'a Value, references: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(fields) => {
            references.extend(fields.get("$ref").and_then(Value::as_str));
            fields.values().for_each(|value| collect_references(value, references));
        }
        Value::Array(items) => items.iter().for_each(|value| collect_references(value, references)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
