//! A vendor, its catalogue and a team, made through the public contract.

use serde_json::{Value, json};

use super::http::Api;
use super::process::{Folder, Server};

/// When the shop opens, on a Monday: the sandbox's clock at its start.
pub(crate) const OPENING: &str = "2026-03-02T08:00:00Z";

/// A sandbox with `autocad` (7 a day), `revit` (10) and `mudbox` (1), charged at once (an undo interval of 0), and
/// the team `acme` with the members `ana` and `ben`, each assigned to everything.
pub(crate) struct Shop {
    // Before the folder, in which its log is.
    pub(crate) server: Server,
    pub(crate) folder: Folder,
    pub(crate) vendor_key: String,
    /// With the vendor's key.
    pub(crate) vendor: Api,
}

impl Shop {
    /// With an order `start` of so many tokens, on invoice and paid.
    pub(crate) fn open(tokens: u64) -> Self {
        Self::open_with(tokens, &[])
    }

    /// The same, of a server that is started with further arguments.
    pub(crate) fn open_with(tokens: u64, arguments: &[&str]) -> Self {
        let folder = Folder::new();
        let arguments = [&["--sandbox", "--clock", OPENING], arguments].concat();
        let server =
            folder.serve(&arguments, &[]).unwrap_or_else(|ended| panic!("the server did not start: {ended:?}"));
        let vendor_key = folder.key(&["--scope", "vendor"]);
        let vendor = server.api().with(&vendor_key);
        for (product, per_day) in [("autocad", "7"), ("revit", "10"), ("mudbox", "1")] {
            put_product(&vendor, product, Some(per_day), 0, OPENING);
        }
        put_price_list(&vendor);
        put_team(&vendor, "acme", "Europe/Paris");
        for member in ["ana", "ben"] {
            put_member(&vendor, "acme", member);
            let path = format!("/v1/teams/acme/members/{member}/assignment");
            vendor.put(&path, &json!({"products": "all"})).ok();
        }
        order(&vendor, "acme", "start", tokens);
        Self { server, folder, vendor_key, vendor }
    }

    /// Killed, or stopped, and started again on the same folder; the clock stands where it stood.
    pub(crate) fn restart(self, end: impl FnOnce(Server)) -> Self {
        let Self { folder, server, vendor_key, vendor: _ } = self;
        end(server);
        let server = folder.sandbox(None);
        server.ready();
        let vendor = server.api().with(&vendor_key);
        Self { server, folder, vendor_key, vendor }
    }
}

/// The body of an opening.
pub(crate) fn opening(member: &str, product: &str, device: &str) -> Value {
    json!({"team": "acme", "member": member, "product": product, "device": device})
}

/// A product with its undo interval and, from `effective_at` on, its rate.
pub(crate) fn put_product(
    vendor: &Api,
    product: &str,
    per_day: Option<&str>,
    undo_interval_s: u32,
    effective_at: &str,
) {
    let body = json!({"names": {"en": product, "fr": product}, "undo_interval_s": undo_interval_s});
    vendor.put(&format!("/v1/products/{product}"), &body).ok();
    if let Some(per_day) = per_day {
        let path = format!("/v1/products/{product}/rates/{effective_at}");
        vendor.put(&path, &json!({"per_day": per_day})).ok();
    }
}

/// The reference price list.
pub(crate) fn put_price_list(vendor: &Api) {
    let tiers: Vec<Value> = [
        (1, "3.33"),
        (5_000, "3.25"),
        (10_000, "3.16"),
        (15_000, "3.08"),
        (25_000, "3.00"),
        (50_000, "2.91"),
        (100_000, "2.83"),
        (250_000, "2.66"),
    ]
    .iter()
    .map(|(from, unit_price)| json!({"from": from, "unit_price": unit_price}))
    .collect();
    vendor.put("/v1/price-lists/reference", &json!({"currency": "EUR", "tiers": tiers})).ok();
}

pub(crate) fn put_team(vendor: &Api, team: &str, time_zone: &str) {
    let body = json!({"name": team, "country": "FR", "currency": "EUR", "time_zone": time_zone, "locale": "en"});
    vendor.put(&format!("/v1/teams/{team}"), &body).ok();
}

pub(crate) fn put_member(vendor: &Api, team: &str, member: &str) {
    let body = json!({"email": format!("{member}@{team}.example"), "name": member, "role": "member"});
    vendor.put(&format!("/v1/teams/{team}/members/{member}"), &body).ok();
}

/// An order on invoice, paid at once.
pub(crate) fn order(vendor: &Api, team: &str, order: &str, quantity: u64) {
    let path = format!("/v1/teams/{team}/orders/{order}");
    vendor.put(&path, &json!({"quantity": quantity, "payment": "invoice"})).ok();
    vendor.post(&format!("{path}/payment"), &json!({})).ok();
}
