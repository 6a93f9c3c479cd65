//! Every case of `cases/`, over HTTP: a server of its own for each, its clock moved by the sandbox's.
//!
//! Openings, beats, closes and jobs of members come with a key of the product's servers, what an admin does with one of
//! the team, everything else with the vendor's.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use jeton_cases::{
    Access, Action, Balance, CapOf, Case, ChargeSeen, Charged, Cover, JobSeen, JobState, Many, Observed, Offer, Part,
    Per, Product, Refused, Rounding, Setup, State, Tags, UsageSeen, WarningSeen, World, parse_rfc3339, rfc3339, run,
};
use serde_json::{Value, json};

use crate::support::http::{Answer, Api};
use crate::support::many;
use crate::support::process::{Folder, Server};
use crate::support::shop::{order, put_member, put_price_list, put_team};

#[test]
fn every_case_holds_over_http() {
    let cases = Mutex::new(VecDeque::from(jeton_cases::load_all()));
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(case) = next(&cases) {
                    if let Err(failure) = hold(&case) {
                        failures.lock().unwrap().push(failure);
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn next(cases: &Mutex<VecDeque<Case>>) -> Option<Case> {
    cases.lock().unwrap().pop_front()
}

/// One case; a panic of the test's own code is a failure of this case, not of all.
fn hold(case: &Case) -> Result<(), String> {
    let outcome = catch_unwind(AssertUnwindSafe(|| run(case, &mut Service::new(&case.setup))));
    outcome.unwrap_or_else(|panic| {
        let message = panic.downcast_ref::<String>().cloned();
        let message = message.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Err(format!("{}: {}", case.file, message.unwrap_or_default()))
    })
}

/// A server, as a case sees it.
struct Service {
    folder: Folder,
    /// `None` while it is down.
    server: Option<Server>,
    vendor_key: String,
    /// The keys of the products' servers.
    product_keys: HashMap<String, String>,
    team_key: String,
    /// The product of each session and job that was asked for.
    products: HashMap<String, String>,
    now_micros: i64,
}

impl Service {
    fn new(setup: &Setup) -> Self {
        let folder = Folder::new();
        let begin = rfc3339(setup.begins_at_micros);
        let server = folder.sandbox(Some(&begin));
        let vendor_key = folder.key(&["--scope", "vendor"]);
        let vendor = server.api().with(&vendor_key);
        let mut product_keys = HashMap::new();
        for product in &setup.products {
            put_product(&vendor, product, &begin);
            let key = folder.key(&["--scope", "product", "--product", &product.code]);
            product_keys.insert(product.code.clone(), key);
        }
        put_price_list(&vendor);
        put_team(&vendor, "acme", &setup.zone);
        let team_key = folder.key(&["--scope", "team", "--team", "acme"]);
        for member in &setup.members {
            put_member(&vendor, "acme", &member.name);
            assign(&vendor, &member.name, &member.access);
        }
        if setup.tokens > 0 {
            order(&vendor, "acme", "start", setup.tokens.into());
        }
        let now_micros = setup.begins_at_micros;
        let products = HashMap::new();
        Self { folder, server: Some(server), vendor_key, product_keys, team_key, products, now_micros }
    }

    fn api(&self) -> Api {
        self.server.as_ref().expect("no case asks anything of a server that is down").api()
    }

    fn vendor(&self) -> Api {
        self.api().with(&self.vendor_key)
    }

    /// With the key of the team for what its admin does, and with the vendor's for what the vendor does.
    fn of(&self, who: &str) -> Api {
        self.api().with(if who == "admin" { &self.team_key } else { &self.vendor_key })
    }

    /// With the key of the servers of a session's or job's product; with the vendor's, if there is no such product.
    fn client(&self, of: &str) -> Api {
        let product = self.products.get(of);
        let key = product.and_then(|product| self.product_keys.get(product)).unwrap_or(&self.vendor_key);
        self.api().with(key)
    }

    fn move_clock(&mut self, at_micros: i64) {
        if at_micros > self.now_micros {
            self.vendor().clock(&rfc3339(at_micros));
            self.now_micros = at_micros;
        }
    }

    fn act(&mut self, who: Option<&str>, action: &Action) -> Result<Observed, String> {
        let vendor = self.vendor();
        let who = who.unwrap_or_default();
        let answer = match action {
            Action::Open { product, session, device, version, team, tags } => {
                self.products.insert(session.clone(), product.clone());
                let team = team.as_deref().unwrap_or("acme");
                let mut body = json!({"team": team, "member": who, "product": product, "device": device});
                if let Some(version) = version {
                    body["version"] = json!(version);
                }
                self.client(session).put(&format!("/v1/sessions/{session}"), &tagged(body, tags))
            }
            Action::Beat { session, active_at_micros } => {
                self.client(session).post(&format!("/v1/sessions/{session}/heartbeat"), &active(*active_at_micros))
            }
            Action::Close { session, active_at_micros } => {
                let api = if who == "admin" { self.of(who) } else { self.client(session) };
                api.post(&format!("/v1/sessions/{session}/close"), &active(*active_at_micros))
            }
            Action::Quote { product } => {
                vendor.post("/v1/sessions/quote", &json!({"team": "acme", "member": who, "product": product}))
            }
            Action::QuoteJob { product, parts } => {
                let body = json!({"team": "acme", "member": who, "product": product, "parts": in_json(parts)});
                vendor.post("/v1/jobs/quote", &body)
            }
            Action::HoldJob { job, product, parts, tags } => {
                self.products.insert(job.clone(), product.clone());
                let body = json!({"team": "acme", "member": who, "product": product, "parts": in_json(parts)});
                self.client(job).put(&format!("/v1/jobs/{job}"), &tagged(body, tags))
            }
            Action::CommitJob { job, parts } => {
                let body = parts.as_ref().map_or(json!({}), |parts| json!({"parts": in_json(parts)}));
                self.client(job).post(&format!("/v1/jobs/{job}/commit"), &body)
            }
            Action::ExtendJob { job } => self.client(job).post(&format!("/v1/jobs/{job}/extend"), &json!({})),
            Action::ReleaseJob { job } => self.client(job).post(&format!("/v1/jobs/{job}/release"), &json!({})),
            Action::LookAtJob { job } => self.client(job).get(&format!("/v1/jobs/{job}")),
            Action::OpenByMany { product, members } => return Ok(self.open_by_many(product, *members)),
            Action::Erase { member } => vendor.post(&format!("/v1/teams/acme/members/{member}/erase"), &json!({})),
            Action::Order { order, quantity } => vendor
                .put(&format!("/v1/teams/acme/orders/{order}"), &json!({"quantity": quantity, "payment": "invoice"})),
            Action::Pay { order } => vendor.post(&format!("/v1/teams/acme/orders/{order}/payment"), &json!({})),
            Action::Rate { product, offer, effective_at_micros } => {
                vendor.put(&format!("/v1/products/{product}/rates/{}", rfc3339(*effective_at_micros)), &offered(offer))
            }
            Action::PriceList { list, unit_price, country } => {
                let tiers = json!([{"from": 1, "unit_price": unit_price}]);
                let body = json!({"currency": "EUR", "tiers": tiers, "countries": [country]});
                vendor.put(&format!("/v1/price-lists/{list}"), &body)
            }
            Action::Look | Action::Down | Action::Up => return Ok(Observed::default()),
            Action::Seat { .. }
            | Action::WithdrawSeat { .. }
            | Action::Assign { .. }
            | Action::DefaultAccess { .. }
            | Action::Group { .. }
            | Action::RemoveGroup { .. }
            | Action::Cap { .. }
            | Action::RemoveCap { .. }
            | Action::RequireTags { .. }
            | Action::Agreement { .. }
            | Action::RemoveAgreement { .. }
            | Action::Credits { .. }
            | Action::Plan { .. }
            | Action::Deactivate { .. }
            | Action::Block { .. } => set(&self.of(who), action),
        };
        observed(&answer)
    }

    fn open_by_many(&self, product: &str, members: u32) -> Observed {
        many::make_members(&self.vendor(), "acme", members);
        let mut seen = Many::default();
        for answer in many::open_at_once(&self.api().with(&self.product_keys[product]), "acme", product, members) {
            if answer.status < 300 {
                seen.covered += 1;
            } else {
                *seen.refused.entry(answer.code().to_owned()).or_default() += 1;
            }
        }
        Observed { many: Some(seen), ..Observed::default() }
    }
}

/// What the team's admin and the vendor set in the team.
#[expect(clippy::wildcard_enum_match_arm, reason = "what else there is was done before")]
fn set(api: &Api, action: &Action) -> Answer {
    let of_team = |what: &str, id: &str| format!("/v1/teams/acme/{what}{id}");
    let of_member = |member: &str, what: &str| format!("/v1/teams/acme/members/{member}{what}");
    match action {
        Action::Seat { product, member, starts_at_micros, ends_at_micros, plan } => {
            let mut body = period(*starts_at_micros, *ends_at_micros);
            if let Some(plan) = plan {
                body["plan"] = json!(plan);
            }
            api.put(&of_member(member, &format!("/seats/{product}")), &body)
        }
        Action::WithdrawSeat { product, member } => api.delete(&of_member(member, &format!("/seats/{product}"))),
        Action::Assign { member, access } => assign(api, member, access),
        Action::Deactivate { member } => api.delete(&of_member(member, "")),
        Action::Block { products } => api.put(&of_team("blocked-products", ""), &json!({"products": products})),
        Action::DefaultAccess { access } => {
            api.put(&of_team("default-access", ""), &json!({"products": products_of(access)}))
        }
        Action::Group { group, members, access } => {
            let mut body = json!({"name": group, "members": members});
            if *access != Access::Unassigned {
                body["products"] = products_of(access);
            }
            api.put(&of_team("groups/", group), &body)
        }
        Action::RemoveGroup { group } => api.delete(&of_team("groups/", group)),
        Action::Cap { cap, of, tokens, per, hard } => {
            let of = match of {
                CapOf::Member(member) => json!({"member": member}),
                CapOf::Group(group) => json!({"group": group}),
                CapOf::Product(product) => json!({"product": product}),
                CapOf::Team => json!("team"),
            };
            let per = match per {
                Per::Day => "day",
                Per::Month => "month",
            };
            let body = json!({"of": of, "per": per, "tokens": tokens, "hard": hard});
            api.put(&of_team("caps/", cap), &body)
        }
        Action::RemoveCap { cap } => api.delete(&of_team("caps/", cap)),
        Action::RequireTags { tags } => api.put(&of_team("required-tags", ""), &json!({"tags": tags})),
        Action::Agreement { agreement, starts_at_micros, ends_at_micros, rates, price_list } => {
            let mut body = period(*starts_at_micros, *ends_at_micros);
            let rates: BTreeMap<&String, Value> = rates.iter().map(|(of, offer)| (of, offered(offer))).collect();
            body["rates"] = json!(rates);
            if let Some(list) = price_list {
                body["price_list"] = json!(list);
            }
            api.put(&of_team("agreements/", agreement), &body)
        }
        Action::RemoveAgreement { agreement } => api.delete(&of_team("agreements/", agreement)),
        Action::Credits { grant, member, credits, ends_at_micros } => {
            let body = json!({"credits": credits, "ends_at": rfc3339(*ends_at_micros)});
            api.put(&of_member(member, &format!("/credits/{grant}")), &body)
        }
        Action::Plan { plan, starts_at_micros, ends_at_micros } => {
            let mut body = period(*starts_at_micros, *ends_at_micros);
            body["plan"] = json!(plan);
            api.put(&of_team("plan", ""), &body)
        }
        other => panic!("{other:?} sets nothing"),
    }
}

/// A product as the case has it, and its rate.
fn put_product(vendor: &Api, product: &Product, effective_at: &str) {
    let code = &product.code;
    let mut body = json!({"names": {"en": code, "fr": code}, "undo_interval_s": product.undo_interval_s});
    if let Some(idle_after_s) = product.idle_after_s {
        body["idle_aware"] = json!(true);
        body["idle_after_s"] = json!(idle_after_s);
    }
    if product.min_balance != "0" {
        body["min_balance"] = json!(product.min_balance);
    }
    vendor.put(&format!("/v1/products/{code}"), &body).ok();
    if let Some(offer) = &product.offer {
        vendor.put(&format!("/v1/products/{code}/rates/{effective_at}"), &offered(offer)).ok();
    }
}

fn offered(offer: &Offer) -> Value {
    match offer {
        Offer::PerDay(tokens) => json!({"per_day": tokens}),
        Offer::Results(results) => {
            let mut rates = BTreeMap::new();
            for of in results {
                let mut rate = json!({"unit": of.unit, "tokens": of.tokens});
                if of.rounding != Rounding::None {
                    rate["rounding"] = json!(of.rounding.name());
                }
                rates.insert(&of.result, rate);
            }
            json!({"results": rates})
        }
    }
}

fn period(starts_at_micros: i64, ends_at_micros: i64) -> Value {
    json!({"starts_at": rfc3339(starts_at_micros), "ends_at": rfc3339(ends_at_micros)})
}

fn active(at_micros: Option<i64>) -> Value {
    at_micros.map_or(json!({}), |at| json!({"last_activity_at": rfc3339(at)}))
}

fn in_json(parts: &[Part]) -> Value {
    parts.iter().map(|part| json!({"result": part.result, "quantity": part.quantity})).collect()
}

fn tagged(mut body: Value, tags: &Tags) -> Value {
    if !tags.is_empty() {
        body["tags"] = json!(tags);
    }
    body
}

impl World for Service {
    fn perform(&mut self, at_micros: i64, who: Option<&str>, action: &Action) -> Result<Observed, String> {
        if *action == Action::Up {
            let server = self.folder.sandbox(Some(&rfc3339(at_micros)));
            server.ready();
            self.server = Some(server);
            self.now_micros = at_micros;
        } else {
            self.move_clock(at_micros);
        }
        if *action == Action::Down {
            self.server.take().ok_or("it is down already")?.stop();
        }
        if self.server.is_none() { Ok(Observed::default()) } else { self.act(who, action) }
    }

    fn balance(&mut self) -> Result<Balance, String> {
        let balance = self.vendor().get("/v1/teams/acme/balance").ok();
        Ok(Balance {
            granted: text(&balance["granted"])?,
            available: text(&balance["available"])?,
            held: text(&balance["held"])?,
            overdue: balance["overdue"].as_bool().ok_or("a balance says whether the team is overdue")?,
        })
    }

    fn plan(&mut self) -> Result<Option<String>, String> {
        text(&self.vendor().get("/v1/teams/acme/plan").ok()["in_force"]).map(Some)
    }

    fn live_sessions(&mut self) -> Result<Vec<String>, String> {
        self.vendor().list("/v1/sessions?team=acme").iter().map(|session| text(&session["session"])).collect()
    }

    fn charges(&mut self) -> Result<Vec<ChargeSeen>, String> {
        let mut orders = HashMap::new();
        for order in self.vendor().list("/v1/teams/acme/orders") {
            if order["lot"].is_object() {
                orders.insert(text(&order["lot"]["lot"])?, text(&order["order"])?);
            }
        }
        let order_of = |lot: &Value| {
            let lot = text(lot)?;
            orders.get(&lot).cloned().ok_or(format!("no order has the lot {lot}"))
        };
        let charge = |charge: &Value| {
            let draws = charge["draws"].as_array().ok_or("a charge has draws")?;
            let draws = draws.iter().map(|draw| Ok((order_of(&draw["lot"])?, text(&draw["tokens"])?)));
            Ok(ChargeSeen {
                charge: text(&charge["charge"])?,
                member: text(&charge["member"])?,
                product: text(&charge["product"])?,
                tokens: text(&charge["tokens"])?,
                window_micros: window(&charge["window"])?,
                job: charge["job"].as_str().map(str::to_owned),
                tags: tags(&charge["tags"])?,
                draws: draws.collect::<Result<_, String>>()?,
            })
        };
        self.vendor().list("/v1/teams/acme/charges").iter().map(charge).collect()
    }

    fn usage(&mut self, first_day: &str, last_day: &str) -> Result<Option<Vec<UsageSeen>>, String> {
        let path = format!("/v1/teams/acme/usage?from={first_day}&to={last_day}&group_by=day");
        let day = |row: &Value| {
            Ok(UsageSeen {
                day: text(&row["day"])?,
                tokens: text(&row["tokens"])?,
                launches: row["launches"].as_u64().ok_or("a row of use has launches")?,
                days: row["days"].as_u64().ok_or("a row of use has days")?,
            })
        };
        self.vendor().list(&path).iter().map(day).collect::<Result<_, String>>().map(Some)
    }
}

fn assign(vendor: &Api, member: &str, access: &Access) -> Answer {
    let path = format!("/v1/teams/acme/members/{member}/assignment");
    match access {
        Access::Everything | Access::Products(_) => vendor.put(&path, &json!({"products": products_of(access)})),
        Access::Unassigned => vendor.delete(&path),
    }
}

fn products_of(access: &Access) -> Value {
    match access {
        Access::Everything => json!("all"),
        Access::Products(products) => json!(products),
        Access::Unassigned => Value::Null,
    }
}

/// What an answer says, whichever call it was to.
fn observed(answer: &Answer) -> Result<Observed, String> {
    let body = &answer.body;
    if answer.status >= 400 {
        let expected = match answer.code() {
            "unknown_team" | "unknown_member" | "unknown_product" => 404,
            "insufficient_tokens" => 402,
            _ => 409,
        };
        if answer.status != expected {
            return Err(format!("the status {} of {}", answer.status, answer.text));
        }
        return Ok(Observed { refused: Some(refused(body)), ..Observed::default() });
    }
    let job = job(body)?;
    let mut seen = Observed {
        state: if job.is_some() { None } else { state(&body["state"])? },
        cover: cover(&body["cover"])?,
        hold: body["hold"].as_str().map(str::to_owned),
        undo_ends_at_micros: instant(&body["undo_ends_at"])?,
        window_micros: window(&body["window"])?,
        next_charge_at_micros: instant(&body["next_charge"]["at"])?,
        ends_at_micros: instant(&body["ends_at"])?,
        refused: body["refusal"].is_object().then(|| refused(&body["refusal"])),
        job,
        required: body["required"].as_str().map(str::to_owned),
        remaining: body["remaining"].as_str().map(str::to_owned),
        unit_price: body["unit_price"].as_str().map(str::to_owned),
        ..Observed::default()
    };
    for warning in body["warnings"].as_array().into_iter().flatten() {
        let Refused { code, figures, .. } = refused(warning);
        seen.warnings.push(WarningSeen { code, figures });
    }
    for charged in body["charged"].as_array().into_iter().flatten() {
        seen.charged.push(Charged {
            charge: text(&charged["charge"])?,
            tokens: text(&charged["tokens"])?,
            window_micros: window(&charged["window"])?,
        });
    }
    Ok(seen)
}

fn refused(problem: &Value) -> Refused {
    let mut figures = BTreeMap::new();
    for (name, value) in problem.as_object().into_iter().flatten() {
        if let Some(value) = value.as_str() {
            figures.insert(name.clone(), value.to_owned());
        }
    }
    if let Some(tags) = problem["tags"].as_array() {
        let mut tags: Vec<&str> = tags.iter().filter_map(Value::as_str).collect();
        tags.sort_unstable();
        figures.insert("tags".to_owned(), tags.join(" "));
    }
    let id = |session: &Value| session.as_str().or(session["session"].as_str()).unwrap_or_default().to_owned();
    Refused {
        code: problem["code"].as_str().unwrap_or_default().to_owned(),
        figures,
        sessions: problem["sessions"].as_array().into_iter().flatten().map(id).collect(),
    }
}

fn job(body: &Value) -> Result<Option<JobSeen>, String> {
    let Some(job) = body["job"].as_str() else { return Ok(None) };
    let state = match body["state"].as_str() {
        Some("held") => JobState::Held,
        Some("committed") => JobState::Committed,
        Some("released") => JobState::Released,
        Some("lapsed") => JobState::Lapsed,
        other => return Err(format!("the state {other:?} of a job")),
    };
    let (job, tokens) = (job.to_owned(), text(&body["tokens"])?);
    let credits = body["credits"].as_str().unwrap_or("0").to_owned();
    let lapses_at_micros = instant(&body["ends_at"])?.ok_or("a job says when it lapses")?;
    Ok(Some(JobSeen { job, state, tokens, credits, lapses_at_micros }))
}

fn tags(value: &Value) -> Result<Tags, String> {
    value.as_object().into_iter().flatten().map(|(key, tag)| Ok((key.clone(), text(tag)?))).collect()
}

fn state(value: &Value) -> Result<Option<State>, String> {
    Ok(Some(match value.as_str() {
        None => return Ok(None),
        Some("open") => State::Open,
        Some("idle") => State::Idle,
        Some("unfunded") => State::Unfunded,
        Some("ended") => State::Ended,
        Some(other) => return Err(format!("the state {other}")),
    }))
}

fn cover(value: &Value) -> Result<Option<Cover>, String> {
    Ok(Some(match value.as_str() {
        None => return Ok(None),
        Some("tokens") => Cover::Tokens,
        Some("window") => Cover::Window,
        Some("seat") => Cover::Seat,
        Some(other) => return Err(format!("the cover {other}")),
    }))
}

fn window(value: &Value) -> Result<Option<(i64, i64)>, String> {
    Ok(match (instant(&value["start"])?, instant(&value["end"])?) {
        (Some(start), Some(end)) => Some((start, end)),
        _ => None,
    })
}

fn instant(value: &Value) -> Result<Option<i64>, String> {
    value.as_str().map(parse_rfc3339).transpose()
}

fn text(value: &Value) -> Result<String, String> {
    value.as_str().map(str::to_owned).ok_or(format!("{value} is no text"))
}
