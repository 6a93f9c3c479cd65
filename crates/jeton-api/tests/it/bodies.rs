//! A good body for every operation that takes one, and what can be done to each of its fields.

use axum::http::Method;
use serde_json::{Map, Value, json};

use crate::house::{Client, Told};

/// A request with a body.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) operation: &'static str,
    pub(crate) method: Method,
    /// `{n}` in it is another number for each request, where an id can be used once only.
    pub(crate) path: &'static str,
    pub(crate) body: Value,
}

/// Every operation that takes a body, over the things of the shop.
pub(crate) fn requests() -> Vec<Request> {
    let names = json!({"en": "Name", "fr": "Nom"});
    let put = |operation, path, body| Request { operation, method: Method::PUT, path, body };
    let post = |operation, path, body| Request { operation, method: Method::POST, path, body };
    let session = json!({"team": "acme", "member": "alice", "product": "autocad"});
    vec![
        put("put_use", "/v1/uses/film", json!({"names": names, "industry": {"code": "media", "names": names}})),
        put(
            "put_product",
            "/v1/products/flame",
            json!({
                "names": names, "uses": ["architecture"], "versions": ["2026"], "undo_interval_s": 60,
                "idle_aware": false, "idle_after_s": 900, "min_balance": "1.5"
            }),
        ),
        put("put_rate", "/v1/products/autocad/rates/2027-01-01T00:00:00Z", json!({"per_day": "8"})),
        put(
            "put_rate",
            "/v1/products/autocad/rates/2027-02-01T00:00:00Z",
            json!({"results": {"study": {"unit": "each", "tokens": "11", "rounding": "up"}}}),
        ),
        put(
            "put_price_list",
            "/v1/price-lists/dollars",
            json!({
                "currency": "USD", "tiers": [{"from": 1, "unit_price": "3.33"}, {"from": 100, "unit_price": "3"}],
                "countries": ["US"], "starts_at": "2026-01-01T00:00:00Z", "partner": "resale", "min_quantity": 10, "step": 5
            }),
        ),
        post("quote_order", "/v1/quotes", json!({"quantity": 10, "currency": "EUR"})),
        post("quote_order", "/v1/quotes", json!({"quantity": 10, "team": "acme"})),
        put(
            "put_settings",
            "/v1/settings",
            json!({
                "devices": 3, "undone_limit": 3, "heartbeat_s": 120, "lost_after_s": 600, "revive_within_s": 14400,
                "unfunded_s": 900, "invoice_due_days": 30
            }),
        ),
        post(
            "create_api_key",
            "/v1/api-keys",
            json!({"scope": "member", "team": "acme", "member": "bob", "ends_at": "2027-01-01T00:00:00Z", "label": "Bob's"}),
        ),
        post("create_api_key", "/v1/api-keys", json!({"scope": "product", "product": "autocad"})),
        post("create_api_key", "/v1/api-keys", json!({"scope": "partner", "partner": "resale"})),
        put("put_sandbox_clock", "/v1/sandbox/clock", json!({"at": "2026-03-02T08:00:00Z"})),
        put(
            "put_team",
            "/v1/teams/globex",
            json!({"name": "Globex", "country": "FR", "currency": "EUR", "time_zone": "Europe/Paris", "locale": "fr"}),
        ),
        put(
            "put_member",
            "/v1/teams/acme/members/carol",
            json!({"email": "carol@acme.example", "name": "Carol", "role": "billing"}),
        ),
        post("create_enrolment", "/v1/teams/acme/members/carol/enrolments", json!({})),
        // Of a form that could be good.
        post("enrol", "/v1/enrolments", json!({"code": "00000-00000-00000-00000-00000", "device": "laptop"})),
        put("put_assignment", "/v1/teams/acme/members/bob/assignment", json!({"products": ["autocad"]})),
        put("put_default_access", "/v1/teams/acme/default-access", json!({"products": "all"})),
        put("put_blocked_products", "/v1/teams/acme/blocked-products", json!({"products": ["revit"]})),
        put(
            "put_seat",
            "/v1/teams/acme/members/bob/seats/revit",
            json!({"starts_at": "2026-04-01T00:00:00Z", "ends_at": "2027-04-01T00:00:00Z", "plan": "premium"}),
        ),
        put(
            "put_group",
            "/v1/teams/acme/groups/night",
            json!({"name": "Night shift", "members": ["alice", "bob"], "products": ["autocad"]}),
        ),
        put("put_cap", "/v1/teams/acme/caps/all", json!({"of": "team", "per": "day", "tokens": "900", "hard": true})),
        put(
            "put_cap",
            "/v1/teams/acme/caps/bobs",
            json!({"of": {"member": "bob"}, "per": "month", "tokens": "900.5", "hard": false}),
        ),
        put(
            "put_cap",
            "/v1/teams/acme/caps/revits",
            json!({"of": {"product": "revit"}, "per": "month", "tokens": "0", "hard": true}),
        ),
        put(
            "put_plan",
            "/v1/teams/acme/plan",
            json!({"plan": "premium", "starts_at": "2026-01-01T00:00:00Z", "ends_at": "2027-01-01T00:00:00Z"}),
        ),
        put(
            "put_agreement",
            "/v1/teams/acme/agreements/a",
            json!({
                "starts_at": "2027-04-01T00:00:00Z", "ends_at": "2029-04-01T00:00:00Z", "price_list": "reference",
                "rates": {
                    "revit": {"per_day": "9"},
                    "generative-design": {"results": {"study": {"unit": "each", "tokens": "10", "rounding": "up"}}}
                }
            }),
        ),
        put(
            "put_credits",
            "/v1/teams/acme/members/bob/credits/c",
            json!({"credits": "100", "ends_at": "2027-01-01T00:00:00Z"}),
        ),
        post("reassign_seat", "/v1/teams/acme/seats/revit/reassign", json!({"from": "bob", "to": "bob"})),
        put("put_order", "/v1/teams/acme/orders/x{n}", json!({"quantity": 10, "payment": "card"})),
        post(
            "record_payment",
            "/v1/teams/acme/orders/o1/payment",
            json!({"paid_on": "2026-03-01", "reference": "SEPA"}),
        ),
        post("quote_session", "/v1/sessions/quote", session.clone()),
        put(
            "open_session",
            "/v1/sessions/x{n}",
            json!({
                "team": "acme", "member": "alice", "product": "autocad", "version": "2026", "device": "laptop",
                "tags": {"project": "tower"}
            }),
        ),
        post(
            "heartbeat_session",
            "/v1/sessions/s1/heartbeat",
            json!({"last_activity_at": "2026-03-02T08:00:00Z", "lease": true}),
        ),
        post("close_session", "/v1/sessions/s1/close", json!({"last_activity_at": "2026-03-02T08:00:00Z"})),
        post("quote_job", "/v1/jobs/quote", job()),
        put("hold_job", "/v1/jobs/x{n}", job()),
        post("commit_job", "/v1/jobs/j1/commit", json!({"parts": [{"result": "study", "quantity": "1"}]})),
        post("extend_job", "/v1/jobs/j2/extend", json!({})),
        post("release_job", "/v1/jobs/j1/release", json!({})),
        // The last, since afterwards nothing is opened without them.
        put("put_required_tags", "/v1/teams/acme/required-tags", json!({"tags": ["project"]})),
    ]
}

/// A job of alice's, for one study.
pub(crate) fn job() -> Value {
    json!({
        "team": "acme", "member": "alice", "product": "generative-design",
        "parts": [{"result": "study", "quantity": "1.5"}], "tags": {"project": "tower"}
    })
}

impl Request {
    /// Sends it with another body, the number of whose sending is `n`.
    pub(crate) async fn send(&self, client: &Client, n: usize, body: Value) -> Told {
        let path = self.path.replace("{n}", &n.to_string());
        let told = client.ask(self.method.clone(), &path, &[("idempotency-key", &format!("k{n}"))], Some(body)).await;
        if self.operation == "open_session" && told.status == 201 {
            client.post(&format!("{path}/close"), json!({})).await.is(200);
        }
        if self.operation == "hold_job" && told.status == 201 {
            client.post(&format!("{path}/release"), json!({})).await.is(200);
        }
        told
    }

    /// Whether fields that nobody knows are passed over.
    pub(crate) fn is_metering(&self) -> bool {
        self.operation.ends_with("_session") || self.operation.ends_with("_job")
    }

    /// Every field that is a text, a number or a truth, by its path as problems name it.
    pub(crate) fn leaves(&self) -> Vec<(String, Value)> {
        let mut leaves = Vec::new();
        collect(&self.body, "", &mut leaves);
        leaves
    }

    /// The body with another value at a leaf.
    pub(crate) fn with(&self, leaf: &str, value: &Value) -> Value {
        replaced(&self.body, "", leaf, value)
    }
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn collect(value: &Value, path: &str, leaves: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| collect(value, &below(path, name), leaves)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| collect(item, &format!("{path}[{index}]"), leaves));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            leaves.push((path.to_owned(), value.clone()));
        }
    }
}

fn replaced(value: &Value, path: &str, leaf: &str, by: &Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(
            fields
                .iter()
                .map(|(name, value)| (name.clone(), replaced(value, &below(path, name), leaf, by)))
                .collect::<Map<_, _>>(),
        ),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, item)| replaced(item, &format!("{path}[{index}]"), leaf, by))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            if path == leaf {
                by.clone()
            } else {
                value.clone()
            }
        }
    }
}
