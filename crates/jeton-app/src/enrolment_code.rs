//! Codes of enrolments: short enough to be typed by hand, and too many to be guessed.
//!
//! A code is 24 digits of Crockford's base 32 for 120 random bits, and one that checks them, in groups of five:
//! `7K3M9-QD2XA-0H5TE-W8VBN-C4R6Y`. Read as coefficients of a polynomial over the field of 32 elements, the 25 digits
//! have a root that is a generator of the field; so one wrong digit, or any two that changed places, are always found.
//! Only the SHA-256 of the digits is ever stored. Upper and lower case, hyphens and spaces make no difference, and the
//! letters I, L and O, which stand for no digit, are read as 1 and 0.

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::secret::random;

/// Crockford's digits: no I, L, O, which look like others, and no U.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Of a code, the last one included, which checks the others.
const LENGTH: usize = 25;
const GROUP: usize = 5;
/// The field's polynomial: x⁵ + x² + 1, whose root x generates all elements but 0.
const POLYNOMIAL: u8 = 0b10_0101;

/// A code in the clear; shown once, and wiped when it is dropped.
pub(crate) struct EnrolmentCode(Zeroizing<[u8; LENGTH]>);

impl EnrolmentCode {
    /// A fresh one.
    pub(crate) fn fresh() -> Self {
        let bytes = Zeroizing::new(random::<15>());
        let mut digits = Zeroizing::new([0; LENGTH]);
        for (five_bytes, eight_digits) in bytes.chunks_exact(5).zip(digits.chunks_exact_mut(8)) {
            let mut bits = five_bytes.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
            for digit in eight_digits.iter_mut().rev() {
                *digit = u8::try_from(bits & 31).expect("five bits are a byte");
                bits >>= 5;
            }
        }
        digits[LENGTH - 1] = check(&digits[..LENGTH - 1]);
        Self(digits)
    }

    /// What somebody typed in; `None` when it can be no code.
    pub(crate) fn typed(text: &str) -> Option<Self> {
        let mut digits = Zeroizing::new([0; LENGTH]);
        let mut places = digits.iter_mut();
        for character in text.chars().filter(|character| !matches!(character, '-' | ' ')) {
            *places.next()? = value(character)?;
        }
        let is_whole = places.next().is_none() && check(&digits[..LENGTH - 1]) == digits[LENGTH - 1];
        is_whole.then_some(Self(digits))
    }

    /// As it is told to people.
    pub(crate) fn told(&self) -> String {
        let groups: Vec<String> =
            self.0.chunks(GROUP).map(|group| group.iter().copied().map(digit).collect()).collect();
        groups.join("-")
    }

    /// What is stored of it.
    pub(crate) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_slice()).into()
    }
}

fn digit(value: u8) -> char {
    char::from(DIGITS[usize::from(value)])
}

fn value(character: char) -> Option<u8> {
    let letter = match character.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    let place = DIGITS.iter().position(|digit| char::from(*digit) == letter)?;
    u8::try_from(place).ok()
}

/// The digit that makes the polynomial of all digits 0 at the generator.
fn check(digits: &[u8]) -> u8 {
    digits.iter().fold(0, |sum, digit| times_generator(sum ^ digit))
}

fn times_generator(element: u8) -> u8 {
    let shifted = element << 1;
    if shifted & 0b10_0000 == 0 { shifted } else { shifted ^ POLYNOMIAL }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let code = EnrolmentCode::fresh();
        let told = code.told();
        assert_eq!(told.len(), 29, "{told}");
        assert!(told.split('-').all(|group| group.len() == 5), "{told}");
        for typed in [told.clone(), told.replace('-', ""), told.to_lowercase(), format!(" {} ", told.replace('-', " "))]
        {
            assert_eq!(EnrolmentCode::typed(&typed).map(|typed| typed.hash()), Some(code.hash()), "{typed}");
        }
        let confused = told.replace('0', "O").replace('1', "l");
        assert_eq!(EnrolmentCode::typed(&confused).map(|typed| typed.hash()), Some(code.hash()), "{confused}");
        assert_ne!(EnrolmentCode::fresh().told(), told);
    }

    #[test]
    fn every_single_typing_error_and_every_exchange_of_two_digits_is_found() {
        let code = EnrolmentCode::fresh().0;
        let is_code = |digits: &[u8; LENGTH]| {
            EnrolmentCode::typed(&digits.iter().copied().map(digit).collect::<String>()).is_some()
        };
        assert!(is_code(&code));
        for place in 0..LENGTH {
            for wrong in (0..32).filter(|wrong| *wrong != code[place]) {
                let mut typed = *code;
                typed[place] = wrong;
                assert!(!is_code(&typed), "digit {place} as {wrong}");
            }
            for other in (0..place).filter(|other| code[*other] != code[place]) {
                let mut typed = *code;
                typed.swap(place, other);
                assert!(!is_code(&typed), "digits {other} and {place}");
            }
        }
    }

    #[test]
    fn what_can_be_no_code_is_none() {
        let told = EnrolmentCode::fresh().told();
        let shorter = &told[..28];
        for typed in
            ["", "-----", shorter, &format!("{told}0"), &told.replace('-', "_"), &"U".repeat(25), &"é".repeat(25)]
        {
            assert!(EnrolmentCode::typed(typed).is_none(), "{typed}");
        }
    }
}
