//! Many members at once, over as many connections as threads.

use std::sync::Barrier;

use serde_json::{Value, json};

use super::http::{Answer, Api};
use super::shop::put_member;

const THREADS: usize = 64;

/// The member of this number; its session is `m7-s`.
pub(crate) fn name(number: u32) -> String {
    format!("m{number}")
}

/// Makes so many members of a team, and gives everybody in it access to everything by default.
pub(crate) fn make_members(vendor: &Api, team: &str, members: u32) {
    vendor.put(&format!("/v1/teams/{team}/default-access"), &json!({"products": "all"})).ok();
    at_once(members, |number| put_member(vendor, team, &name(number)));
}

/// All of them open the product, at the same time; their answers, by number.
pub(crate) fn open_at_once(api: &Api, team: &str, product: &str, members: u32) -> Vec<Answer> {
    at_once(members, |number| api.put(&path(number), &opening(team, product, number)))
}

fn path(number: u32) -> String {
    format!("/v1/sessions/{}-s", name(number))
}

fn opening(team: &str, product: &str, number: u32) -> Value {
    json!({"team": team, "member": name(number), "product": product, "device": "laptop"})
}

/// Does one thing for every number on many threads that begin together; the results in the order of the numbers.
fn at_once<T: Send>(numbers: u32, act: impl Fn(u32) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(THREADS);
    let mut results: Vec<(u32, T)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (barrier, act) = (&barrier, &act);
                let mine = (u32::try_from(thread).unwrap()..numbers).step_by(THREADS);
                scope.spawn(move || {
                    barrier.wait();
                    mine.map(|number| (number, act(number))).collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    results.sort_by_key(|(number, _)| *number);
    results.into_iter().map(|(_, result)| result).collect()
}
