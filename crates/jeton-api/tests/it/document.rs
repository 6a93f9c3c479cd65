//! The operations of the OpenAPI document with what nobody well-meant would send, made from the document itself: who
//! adds an operation, a parameter or a field adds it here, too.
//!
//! Every answer is one that the document knows for the operation, none is a server error, and what is refused says of
//! which field or limit.

use axum::http::Method;
use serde_json::{Map, Value, json};

use crate::conformity::Document;
use crate::house::{Client, House, Told};
use crate::shop::{open, shop};

/// An operation, as the document has it.
struct Asked {
    id: String,
    method: Method,
    path: String,
    parameters: Vec<Parameter>,
    /// The example of the body, where there is one to send.
    body: Option<Value>,
    /// Every field of the body that is a text, a number or a truth, with what it is.
    leaves: Vec<Leaf>,
}

struct Parameter {
    name: String,
    /// `path`, `query` or `header`.
    place: String,
}

/// A field of a body.
struct Leaf {
    steps: Vec<Step>,
    schema: Value,
}

#[derive(Clone)]
enum Step {
    Field(String),
    Item,
}

fn operations() -> Vec<Asked> {
    let document = serde_json::to_value(jeton_api::openapi()).unwrap();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let parameters = parameters.map(|parameter| {
                let parameter = resolved(&document, parameter);
                Parameter { name: text(&parameter["name"]), place: text(&parameter["in"]) }
            });
            let content = operation.pointer("/requestBody/content/application~1json");
            let mut leaves = Vec::new();
            if let Some(content) = content {
                collect(&document, &content["schema"], &[], &mut leaves);
            }
            operations.push(Asked {
                id: text(&operation["operationId"]),
                method: Method::from_bytes(method.to_uppercase().as_bytes()).unwrap(),
                path: path.clone(),
                parameters: parameters.collect(),
                body: content.map(|content| content["example"].clone()),
                leaves,
            });
        }
    }
    assert!(operations.len() > 60);
    operations
}

fn resolved<'a>(document: &'a Value, part: &'a Value) -> &'a Value {
    part["$ref"].as_str().map_or(part, |at| document.pointer(&at[1..]).unwrap())
}

/// The leaves of a schema: through objects, lists and maps, and all choices.
fn collect(document: &Value, schema: &Value, steps: &[Step], leaves: &mut Vec<Leaf>) {
    let schema = resolved(document, schema);
    let below = |step: Step| [steps, &[step]].concat();
    for name in ["oneOf", "anyOf", "allOf"] {
        for part in schema[name].as_array().into_iter().flatten() {
            collect(document, part, steps, leaves);
        }
    }
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        collect(document, field, &below(Step::Field(name.clone())), leaves);
    }
    if schema["items"].is_object() {
        collect(document, &schema["items"], &below(Step::Item), leaves);
    }
    if schema["additionalProperties"].is_object() {
        collect(document, &schema["additionalProperties"], &below(Step::Field("project".to_owned())), leaves);
    }
    let kind = schema["type"].to_string();
    if ["string", "integer", "number", "boolean"].iter().any(|leaf| kind.contains(leaf)) {
        leaves.push(Leaf { steps: steps.to_vec(), schema: schema.clone() });
    }
}

impl Leaf {
    /// As problems name it.
    fn name(&self) -> String {
        self.steps.iter().fold(String::new(), |name, step| match step {
            Step::Field(field) if name.is_empty() => field.clone(),
            Step::Field(field) => format!("{name}.{field}"),
            Step::Item => format!("{name}[0]"),
        })
    }

    /// The body with something at this place that is JSON, or nearly.
    fn with(&self, body: &Value, raw: &str) -> String {
        const PLACE: &str = "\u{1}here\u{1}";
        let mut body = body.clone();
        let mut at = &mut body;
        for step in &self.steps {
            at = match step {
                Step::Field(name) => {
                    if !at.is_object() {
                        *at = json!({});
                    }
                    &mut at[name.as_str()]
                }
                Step::Item => {
                    if at.as_array().is_none_or(Vec::is_empty) {
                        *at = json!([null]);
                    }
                    &mut at[0]
                }
            };
        }
        *at = json!(PLACE);
        body.to_string().replace(&json!(PLACE).to_string(), raw)
    }
}

impl Asked {
    /// Its path, with one parameter said by somebody.
    fn path_with(&self, name: &str, value: &str) -> String {
        self.parameters.iter().filter(|parameter| parameter.place == "path").fold(
            self.path.clone(),
            |path, parameter| {
                let good = match parameter.name.as_str() {
                    "team" => "acme",
                    "member" => "bob",
                    "product" => "mudbox",
                    "session" => "s1",
                    "order" => "o1",
                    "use" => "architecture",
                    "list" => "reference",
                    "effective_at" => "2026-01-01T00:00:00Z",
                    _ => "c8",
                };
                let value = if parameter.name == name { value } else { good };
                path.replace(&format!("{{{}}}", parameter.name), value)
            },
        )
    }

    async fn send(&self, client: &Client, path: &str, body: impl Into<axum::body::Body>) -> Told {
        let kind = self.body.is_some().then_some("application/json");
        let key = [("idempotency-key", "k1")];
        client.send(self.method.clone(), path, &key, kind, body).await
    }

    fn good_body(&self) -> String {
        self.body.as_ref().map(ToString::to_string).unwrap_or_default()
    }

    /// What holds for each of these answers.
    #[track_caller]
    fn is_good(&self, document: &Document, told: &Told, what: &str) {
        assert!(told.status < 500, "{what}: {told}");
        assert!(
            document.says(&self.id, told.status),
            "{} is not said to answer {}: {what}: {told}",
            self.id,
            told.status
        );
        // No answer repeats what was sent at any length.
        assert!(told.status < 400 || told.body.to_string().len() < 4_096, "{what}: {told}");
        if told.status == 400 && told.body["code"] != "limit" {
            assert!(told.body["field"].as_str().is_some_and(|field| !field.is_empty()), "{what}: {told}");
        }
        if told.body["code"] == "limit" {
            assert!(told.body["name"].is_string() && told.body["value"].is_u64(), "{what}: {told}");
        }
    }
}

async fn furnished() -> House {
    let house = shop().await;
    open(&house.vendor, "s1", "bob", "mudbox").await.is(201);
    house
}

#[tokio::test]
async fn what_is_wrong_with_a_whole_body_is_said_by_every_operation_that_takes_one() {
    let document = Document::new();
    for asked in operations().iter().filter(|asked| asked.body.is_some()) {
        let house = furnished().await;
        let path = asked.path_with("", "");
        let large = format!("{{\"a\": \"{}\"}}", "x".repeat(65_530));
        let deep = format!("{}{}", "{\"a\":[".repeat(5_000), "]}".repeat(5_000));
        let told = asked.send(&house.vendor, &path, large).await;
        assert_eq!(told.refused(413, "limit")["name"], "body");
        for deep in [deep, "[".repeat(9), format!("{{\"a\":{}1{}}}", "[".repeat(8), "]".repeat(8))] {
            let told = asked.send(&house.vendor, &path, deep).await;
            assert_eq!(told.refused(400, "limit")["name"], "depth");
        }
        let good = asked.good_body();
        let cut = good[..good.len() - 1].to_owned();
        let latin = [b"{\"caf\xe9\": 1}".to_vec(), [&b"{\"a\":\"\xff\""[..], &good.as_bytes()[1..]].concat()];
        let marked = format!("\u{feff}{good}");
        for bytes in latin.into_iter().chain([cut.into_bytes(), marked.into_bytes(), format!("{good} {good}").into()]) {
            let told = asked.send(&house.vendor, &path, bytes).await;
            asked.is_good(&document, &told, "bytes");
            assert_eq!(told.status, 400, "{told}");
        }
        for bad in ["", "NaN", "'a'", "{a: 1}", "// x", "\0", "7", "\"a\"", "true", "[]", "{\"\\ud800\": 1e999}"] {
            let told = asked.send(&house.vendor, &path, bad).await;
            asked.is_good(&document, &told, bad);
        }
        for kind in [None, Some("text/plain"), Some("application/jsonp"), Some("multipart/form-data; boundary=x")] {
            let key = [("idempotency-key", "k1")];
            let told = house.vendor.send(asked.method.clone(), &path, &key, kind, good.clone()).await;
            told.refused(415, "unsupported_media_type");
        }
    }
}

/// What stands where a text, a number or a truth is meant; nearly all of it is JSON.
fn hostile_values() -> Vec<String> {
    let mut values: Vec<String> = [
        // Numbers that are not what they seem, or too much.
        "0",
        "-0",
        "-1",
        "1.0",
        "1e3",
        "1E3",
        "1e-3",
        "1e400",
        "-1e400",
        "18446744073709551615",
        "18446744073709551616",
        "9223372036854775808",
        "01",
        "+1",
        ".5",
        "0x10",
        "NaN",
        "Infinity",
        // Amounts: thousandths of thousandths, exponents, other digits, more than there can be.
        r#""0.0001""#,
        r#""0.000001""#,
        r#""1e3""#,
        r#""1E400""#,
        r#""-1""#,
        r#""-0""#,
        r#""٣""#,
        r#""1,5""#,
        r#""1.""#,
        r#""1000000000000.001""#,
        r#""9999999999999.999""#,
        r#""99999999999999999999999999.999""#,
        // Instants and days out of range, or none.
        r#""0000-01-01T00:00:00Z""#,
        r#""20000-01-01T00:00:00Z""#,
        r#""+020000-01-01T00:00:00Z""#,
        r#""1999-12-31T23:59:59.999999Z""#,
        r#""2200-01-01T00:00:00.000001Z""#,
        r#""2026-02-30T00:00:00Z""#,
        r#""2026-03-02T08:00:60Z""#,
        r#""2026-03-02T24:00:00Z""#,
        r#""2026-03-02T08:00:00+24:00""#,
        r#""0000-01-01""#,
        r#""20000-01-01""#,
        r#""2026-02-29""#,
        // Texts: control characters, look-alikes, halves of characters, what is something elsewhere.
        r#""""#,
        r#""\u0000""#,
        r#""a\u0007b""#,
        r#""\u202etxt.exe""#,
        r#""\ufeffa""#,
        r#""а""#,
        r#""ａ""#,
        r#""a\u200bb""#,
        r#""\ud800""#,
        r#""\udc00\ud800""#,
        r#""=1+1""#,
        r#""../../etc/passwd""#,
        r#""';--""#,
        r#""\ud83d\ude42""#,
        // Another kind altogether.
        "null",
        "true",
        "{}",
        "[]",
        "[[]]",
        r#"{"a":[{"a":[]}]}"#,
        r#"["a",1,null]"#,
    ]
    .map(str::to_owned)
    .into();
    values.push(format!("\"{}\"", "x".repeat(60_000)));
    values.push(format!("\"{}\"", "\u{202e}".repeat(10_000)));
    values.push(format!("\"{}\"", "9".repeat(10_000)));
    values.push("9".repeat(10_000));
    values.push(format!("[{}1]", "1,".repeat(10_000)));
    let pairs: Vec<String> = (0..6_000).map(|n| format!("\"{n}\":1")).collect();
    values.push(format!("{{{}}}", pairs.join(",")));
    values
}

#[tokio::test]
async fn whatever_stands_in_a_field_is_kept_or_refused_with_its_field() {
    let document = Document::new();
    let values = hostile_values();
    let mut sent = 0;
    for asked in operations() {
        let Some(body) = &asked.body else { continue };
        // Another house for each, since what is taken changes what is there.
        let house = furnished().await;
        let path = asked.path_with("", "");
        for leaf in &asked.leaves {
            for value in &values {
                sent += 1;
                let text = leaf.with(body, value);
                let told = asked.send(&house.vendor, &path, text).await;
                let shown: String = value.chars().take(60).collect();
                let what = format!("{} of {}: {shown}", leaf.name(), asked.id);
                asked.is_good(&document, &told, &what);
                if told.status == 400 && told.body["code"] == "bad_request" {
                    leaf.is_named(&told, &what);
                }
                if told.status < 300 && told.status != 204 {
                    document.check(&asked.id, told.status, &told.body);
                }
            }
        }
        // The house still stands, and its ledger can be read.
        for path in ["/v1/teams", "/v1/products", "/v1/uses", "/v1/price-lists", "/v1/settings"] {
            house.vendor.get(path).await.is(200);
        }
        for path in ["entries", "charges", "usage", "orders", "balance", "members"] {
            house.vendor.get(&format!("/v1/teams/acme/{path}")).await.is(200);
        }
    }
    println!("{sent} requests");
    assert!(sent > 3_000, "{sent}");
}

impl Leaf {
    /// Refused with this field, with what it is in, with one beside it that does not fit it, or with the whole where
    /// it is no JSON.
    #[track_caller]
    fn is_named(&self, told: &Told, what: &str) {
        let field = told.body["field"].as_str().unwrap();
        let Some(Step::Field(first)) = self.steps.first() else { panic!("a body is an object") };
        let belongs = field == "body" || field.starts_with(first.as_str()) || self.fits_with(field);
        assert!(belongs, "{what} ({}): {told}", self.schema["type"]);
    }

    /// Fields that are only right together.
    fn fits_with(&self, field: &str) -> bool {
        const TOGETHER: &[&[&str]] = &[
            &["scope", "team", "member", "product", "partner"],
            &["team", "currency", "country"],
            &["heartbeat_s", "lost_after_s", "revive_within_s", "unfunded_s"],
            &["starts_at", "ends_at"],
            &["per_day", "results"],
            &["tiers", "min_quantity", "step", "currency"],
        ];
        let first = self.name();
        let first = first.split(['.', '[']).next().unwrap_or_default().to_owned();
        TOGETHER.iter().any(|together| together.contains(&first.as_str()) && together.contains(&field))
    }
}

/// Percent-encoded texts in a path or a query, each of which is no id, code or instant.
fn no_ids() -> Vec<String> {
    let mut ids: Vec<String> = [
        "%D0%B0lice",
        "%EF%BD%81",
        "a%E2%80%8Bb",
        "%E2%80%AEa",
        "a%00",
        "a%07b",
        "a%0D%0Ax:%20y",
        "a%2Fb",
        "a%20b",
        "%2e%2e",
        "..",
        ".a",
        "-a",
        "_a",
        "%F0%9F%99%82",
        "a'b",
        "a%22b",
        "%25",
        "a%3Fb",
        "%7B%7D",
        "0000-01-01T00:00:00Z",
        "20000-01-01T00:00:00Z",
    ]
    .map(str::to_owned)
    .into();
    ids.push("x".repeat(65));
    ids.push("x".repeat(8_000));
    ids.push("%C3%A9".repeat(1_000));
    ids.push("%ff".to_owned());
    ids
}

#[tokio::test]
async fn whatever_stands_in_a_path_is_found_or_refused_with_its_parameter() {
    let document = Document::new();
    let house = furnished().await;
    for asked in operations() {
        for parameter in asked.parameters.iter().filter(|parameter| parameter.place == "path") {
            for id in no_ids() {
                let path = asked.path_with(&parameter.name, &id);
                let told = asked.send(&house.vendor, &path, asked.good_body()).await;
                asked.is_good(&document, &told, &format!("{} {id}", parameter.name));
                let is_named = told.status == 400 && told.body["field"] == parameter.name.as_str();
                assert!(is_named || told.status == 404, "{} {id}: {told}", parameter.name);
            }
        }
    }
}

#[tokio::test]
async fn whatever_stands_in_a_query_is_understood_or_refused_with_its_parameter() {
    let document = Document::new();
    let house = furnished().await;
    let mut seen = 0;
    for asked in operations() {
        let path = asked.path_with("", "");
        let queries: Vec<&Parameter> = asked.parameters.iter().filter(|parameter| parameter.place == "query").collect();
        for parameter in &queries {
            seen += 1;
            let name = &parameter.name;
            // A vendor has to say whose sessions.
            let others = queries.iter().filter(|other| other.name == "team" && other.name != *name);
            let path = others.fold(format!("{path}?"), |path, other| format!("{path}{}=acme&", other.name));
            let values = no_ids().into_iter().chain(
                [
                    "",
                    "0",
                    "-1",
                    "101",
                    "1e1",
                    "%D9%A3",
                    "99999999999999999999",
                    "MQ",
                    "_w",
                    "-",
                    "AA",
                    "w6k",
                    "day,,day",
                ]
                .map(str::to_owned),
            );
            for value in values {
                let told = asked.send(&house.vendor, &format!("{path}{name}={value}"), asked.good_body()).await;
                asked.is_good(&document, &told, &format!("{name}={value}"));
                if told.status == 400 && told.body["code"] == "bad_request" {
                    assert_eq!(told.body["field"], name.as_str(), "{value}: {told}");
                }
            }
            let told = asked.send(&house.vendor, &format!("{path}{name}=1&{name}=1"), asked.good_body()).await;
            told.unreadable(name);
        }
        // Where there is no parameter at all, there is nobody who would look.
        if !queries.is_empty() {
            let told = asked.send(&house.vendor, &format!("{path}?membre=alice"), asked.good_body()).await;
            told.unreadable("membre");
        }
    }
    assert!(seen > 30, "{seen}");
}

#[tokio::test]
async fn whatever_stands_in_a_header_is_understood_or_refused_with_it() {
    let document = Document::new();
    let house = furnished().await;
    for asked in operations() {
        let path = asked.path_with("", "");
        let kind = asked.body.is_some().then_some("application/json");
        let long = "x".repeat(8_000);
        let many = vec!["\"7\""; 2_000].join(",");
        for name in ["if-match", "idempotency-key", "accept", "x-request-id"] {
            for value in [
                "",
                "*",
                "\"",
                "\"\"",
                "W/\"1\"",
                "\"18446744073709551616\"",
                "a\u{e9}",
                "a b",
                ",",
                "\t",
                &long,
                &many,
            ] {
                let told =
                    house.vendor.send(asked.method.clone(), &path, &[(name, value)], kind, asked.good_body()).await;
                let shown: String = value.chars().take(40).collect();
                asked.is_good(&document, &told, &format!("{name}: {shown}"));
            }
        }
        for authorisation in ["", "Bearer", "Bearer ", "Basic YTpi", "bearer jtn_", &long, "Bearer \u{e9}"] {
            let headers = [("authorization", authorisation)];
            let told = house.without_key().send(asked.method.clone(), &path, &headers, kind, asked.good_body()).await;
            asked.is_good(&document, &told, authorisation);
            let is_open = document.is_open(&asked.id);
            assert_eq!(told.status == 401, !is_open, "{}: {told}", asked.id);
        }
    }
}

/// The tags of sessions are 16 at most, each with a name of 32 characters and a value of 64.
#[tokio::test]
async fn tags_are_few_and_short() {
    let house = furnished().await;
    let tagged = |tags: Map<String, Value>| {
        let mut body = crate::shop::opening("alice", "mudbox");
        body["tags"] = Value::Object(tags);
        body
    };
    let many = |count: usize| (0..count).map(|n| (n.to_string(), json!(""))).collect::<Map<_, _>>();
    // 10,000 tags are more than a body holds; so many as it holds are too many tags.
    for (count, status, name) in [(10_000, 413, "body"), (5_000, 400, "tags"), (17, 400, "tags")] {
        let told = house.vendor.put("/v1/sessions/t", tagged(many(count))).await;
        assert_eq!(told.refused(status, "limit")["name"], name, "{count}");
    }
    for (key, value, name) in [
        ("k".repeat(33), String::new(), "tag_key"),
        ("é".repeat(33), String::new(), "tag_key"),
        ("k".to_owned(), "é".repeat(65), "tag_value"),
    ] {
        let told = house.vendor.put("/v1/sessions/t", tagged(Map::from_iter([(key, json!(value))]))).await;
        assert_eq!(told.refused(400, "limit")["name"], name);
    }
    let full: Map<String, Value> = (0..16).map(|n| (format!("{n:é<32}"), json!("é".repeat(64)))).collect();
    house.vendor.put("/v1/sessions/t", tagged(full)).await.is(201);
}
