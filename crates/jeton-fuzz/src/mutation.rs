//! Inputs made from kept ones: what a stable toolchain has instead of libFuzzer. It is blind, where libFuzzer sees
//! which code an input reached; what libFuzzer found is in the corpus that it begins from.

use crate::Random;

/// Bytes of an input, at most.
pub const MOST_BYTES: usize = 4_096;
/// Changes of one input, at most.
const MOST_CHANGES: usize = 6;

/// What parsers look for, and what they may stumble over.
const WORDS: [&[u8]; 40] = [
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b"\\",
    b":",
    b",",
    b"null",
    b"true",
    b"-",
    b"+",
    b".",
    b"0",
    b"9",
    b"e3",
    b"1e400",
    b"18446744073709551616",
    b"-9223372036854775808",
    b"4294967296",
    b"T",
    b"Z",
    b"+00:00",
    b"2200-01-01T00:00:00Z",
    b"0000",
    b"20000",
    b"\0",
    b"\n",
    b"\r",
    b"=",
    b"&",
    b"%",
    b"%ff",
    b"\xff",
    b"\xf0\x9f\x99\x82",
    b"\xd0\xb0",
    b"\xe2\x80\xae",
    b"\\ud800",
    b"Bearer ",
    b"W/\"",
];

/// Another input: one of `inputs`, changed a few times.
///
/// # Panics
/// When there are none.
pub fn mutated(random: &mut Random, inputs: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = inputs[random.below(inputs.len())].clone();
    for _ in 0..=random.below(MOST_CHANGES) {
        change(random, &mut bytes, inputs);
    }
    bytes.truncate(MOST_BYTES);
    bytes
}

fn change(random: &mut Random, bytes: &mut Vec<u8>, inputs: &[Vec<u8>]) {
    let at = random.below(bytes.len() + 1);
    let until = (at + 1 + random.below(16)).min(bytes.len());
    match random.below(8) {
        0 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
        1 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = random.byte();
            }
        }
        2 => bytes.insert(at, random.byte()),
        3 => drop(bytes.drain(at.min(until)..until)),
        4 => {
            let again = bytes[at.min(until)..until].to_vec();
            bytes.splice(at..at, again);
        }
        5 => drop(bytes.splice(at..at, random.one_of(&WORDS).iter().copied())),
        // A digit, where there is one, since numbers have edges.
        6 => {
            let digits: Vec<usize> = (0..bytes.len()).filter(|&place| bytes[place].is_ascii_digit()).collect();
            if let Some(&place) = digits.get(random.below(digits.len())) {
                bytes[place] = *random.one_of(&[&b'0', &b'1', &b'5', &b'9']);
            }
        }
        // The end of another one.
        _ => {
            let other = &inputs[random.below(inputs.len())];
            bytes.truncate(at);
            bytes.extend_from_slice(&other[random.below(other.len() + 1)..]);
        }
    }
}
