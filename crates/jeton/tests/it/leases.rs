//! Leases, verified by libraries that are not ours (W11): jose for JavaScript, joserfc for Python.
//!
//! What always holds: neither is told anything of Jeton but what the documentation says to a product. What they cannot
//! know is that a lease was issued later than now by more than clocks may differ; the SDK does.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::support::shop::{OPENING, Shop, opening};

const FOLDER: &str = env!("CARGO_MANIFEST_DIR");
/// The library that verifies, and its program.
const LIBRARIES: [(&str, &str, &str); 2] = [
    ("jose", "node", "tests/node/leases.mjs"),
    ("joserfc", "../../.test-env/leases/bin/python", "tests/leases/verify.py"),
];

/// What each library says of each lease, by its name.
fn verified(asked: &Value) -> Vec<(&'static str, Vec<Value>)> {
    LIBRARIES.iter().map(|(name, interpreter, program)| (*name, answers(interpreter, program, asked))).collect()
}

fn answers(interpreter: &str, program: &str, asked: &Value) -> Vec<Value> {
    let mut command = Command::new(interpreter);
    command.arg(program).current_dir(FOLDER).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| {
        panic!("{interpreter} with what {program} needs is installed by `cargo xtask test`: {error}")
    });
    child.stdin.take().unwrap().write_all(asked.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn second(at: &str) -> i64 {
    at.parse::<Timestamp>().unwrap().as_second()
}

#[test]
fn w11_two_libraries_verify_a_servers_leases_by_its_keys() {
    for (arguments, algorithm) in [(&[][..], "Ed25519"), (&["--lease-algorithm", "EdDSA"][..], "EdDSA")] {
        let shop = Shop::open_with(100, arguments);
        let opened = shop.vendor.put("/v1/sessions/s1", &opening("ana", "mudbox", "laptop")).ok();
        let lease = opened["lease"].as_str().unwrap();
        let keys = shop.server.api().get("/.well-known/jwks.json").ok();
        assert_eq!(keys["keys"][0]["alg"], algorithm);
        // With another claim, and with another signature.
        let [head, claims, signature] = lease.split('.').collect::<Vec<_>>()[..] else { panic!("{lease}") };
        let turned = |text: &str| {
            let (first, rest) = text.split_at(10);
            let (letter, rest) = rest.split_at(1);
            format!("{first}{}{rest}", if letter == "A" { "B" } else { "A" })
        };
        let begin = second(OPENING);
        let asked = json!({
            "url": format!("{}/.well-known/jwks.json", shop.server.base()),
            "leeway_s": 0,
            "leases": [
                {"lease": lease, "at": begin},
                {"lease": lease, "at": begin + 86_399},
                {"lease": lease, "at": begin + 86_400},
                {"lease": format!("{head}.{}.{signature}", turned(claims)), "at": begin},
                {"lease": format!("{head}.{claims}.{}", turned(signature)), "at": begin},
            ],
        });
        for (library, said) in verified(&asked) {
            for good in &said[..2] {
                let claims = &good["claims"];
                let expected = json!({
                    "iss": "jeton", "iat": begin, "exp": begin + 86_400,
                    "jti": format!("s1.{}", begin * 1_000_000),
                    "team": "acme", "member": "ana", "product": "mudbox", "device": "laptop", "session": "s1",
                    "cover": "tokens",
                });
                assert_eq!(*claims, expected, "{library}, {algorithm}: {good}");
            }
            for bad in &said[2..] {
                assert!(bad["error"].is_string(), "{library}, {algorithm}: {bad}");
            }
        }
        shop.server.stop();
    }
}

#[test]
fn w11_two_libraries_find_of_the_shared_leases_what_they_can_know() {
    let shared = Path::new(FOLDER).join("../jeton-client/tests/vectors/leases.json");
    let shared: Value = serde_json::from_slice(&std::fs::read(shared).unwrap()).unwrap();
    let leases = shared["leases"].as_array().unwrap();
    let asked: Vec<Value> =
        leases.iter().map(|of| json!({"lease": of["lease"], "at": second(of["at"].as_str().unwrap())})).collect();
    // With the grace of a product (W11), and without it.
    for (leeway_s, grace) in [(shared["grace_s"].clone(), true), (json!(0), false)] {
        let asked = json!({"jwks": shared["jwks"], "leeway_s": leeway_s, "leases": asked});
        for (library, said) in verified(&asked) {
            assert_eq!(said.len(), leases.len());
            for (lease, said) in leases.iter().zip(&said) {
                finds(library, grace, lease, said);
            }
        }
    }
}

fn finds(library: &str, grace: bool, lease: &Value, said: &Value) {
    let (name, outcome) = (lease["name"].as_str().unwrap(), lease["outcome"].as_str().unwrap());
    let begins = |outcome: &str| outcome == "valid" || outcome == "not_yet";
    // Without leeway one of them takes no lease that was issued a second from now, however little clocks differ.
    let is_early = second(lease["at"].as_str().unwrap()) < second("2026-03-02T08:00:00Z");
    if begins(outcome) && is_early && !grace {
        return;
    }
    let is_taken = begins(outcome) || outcome.starts_with("other_") || (outcome == "in_grace" && grace);
    assert_eq!(said["claims"].is_object(), is_taken, "{library}, {name}: {said}");
    if !is_taken {
        return;
    }
    for (claim, expected) in lease["expects"].as_object().unwrap() {
        let is_same = said["claims"][claim] == *expected;
        assert_eq!(is_same, outcome != format!("other_{claim}"), "{library}, {name}: {said}");
    }
}
