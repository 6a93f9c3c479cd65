//! Identifiers: what clients name things by, and the small numbers that the ledger knows them by.
//!
//! A client's id is 1 to 64 characters of `A–Z a–z 0–9 . _ -` and starts with a letter or digit; a product's
//! code is a lower-case slug and stable for ever (C1). People and devices never appear in the ledger under
//! their own names (V5): [`MemberKey`] and [`DeviceKey`] stand for them.

use alloc::boxed::Box;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::time::as_text;

/// Why a text is not an id. The text says what is expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAnId(&'static str);

impl fmt::Display for NotAnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl core::error::Error for NotAnId {}

fn is_id(text: &str) -> bool {
    let starts_well = text.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric());
    starts_well && text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

fn is_slug(text: &str) -> bool {
    is_id(text) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

const ID: &str = "an id is 1 to 64 characters of A–Z a–z 0–9 . _ - and starts with a letter or digit";
const SLUG: &str = "a code is 1 to 64 characters of a–z 0–9 - and starts with a letter or digit";

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident: $check:ident, $expected:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// As the client wrote it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                if $check(text) { Ok(Self(text.into())) } else { Err(NotAnId($expected)) }
            }
        }

        as_text!($name);
    )+};
}

ids! {
    /// A team, as its vendor names it.
    TeamId: is_id, ID;
    /// A member, as its team names it. Never in the ledger (V5).
    MemberId: is_id, ID;
    /// A session, named by the client that opened it, unique in the installation.
    SessionId: is_id, ID;
    /// An order, unique in its team.
    OrderId: is_id, ID;
    /// A group of members, as its team names it.
    GroupId: is_id, ID;
    /// A limit that a team sets for itself.
    CapId: is_id, ID;
    /// A job, named by the client that asks for it, unique in the installation.
    JobId: is_id, ID;
    /// An enterprise agreement of a team.
    AgreementId: is_id, ID;
    /// A grant of cloud credits to a member.
    GrantId: is_id, ID;
    /// A reseller of the vendor.
    PartnerId: is_id, ID;
    /// A price list of the vendor.
    PriceListId: is_id, ID;
    /// A product's code.
    ProductCode: is_slug, SLUG;
    /// A use that products are listed under, or an industry.
    UseCode: is_slug, SLUG;
    /// A result of a product, or the unit that it is counted in.
    ResultCode: is_slug, SLUG;
    /// The public part of an API key.
    KeyId: is_id, ID;
    /// The public part of an enrolment.
    EnrolmentId: is_id, ID;
}

macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident($inner:ty);)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

numbers! {
    /// A member of a team, as the ledger knows it.
    MemberKey(u32);
    /// A device of a member, as the ledger knows it.
    DeviceKey(u64);
    /// A product, in the order of the catalogue's entries.
    ProductKey(u32);
    /// A lot of a team, in the order of crediting.
    LotNo(u32);
    /// The number of an entry in its stream, from 1.
    Seq(u64);
    /// A session inside a team: the number of the entry that opened it.
    SessionNo(u64);
    /// A job inside a team: the number of the entry that held it.
    JobNo(u64);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_short_plain_and_start_with_a_letter_or_digit() {
        for good in ["a", "7", "s-1.b_C", &"x".repeat(64)] {
            assert!(good.parse::<SessionId>().is_ok(), "{good}");
        }
        for bad in ["", ".a", "-a", "a b", "é", "а", "a\u{0}", "a/b", &"x".repeat(65)] {
            assert!(bad.parse::<SessionId>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn c1_codes_are_lower_case_slugs() {
        assert!("3ds-max".parse::<ProductCode>().is_ok());
        for bad in ["AutoCAD", "a_b", "a.b", ""] {
            assert!(bad.parse::<ProductCode>().is_err(), "{bad:?}");
        }
    }
}
