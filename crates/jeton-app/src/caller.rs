//! Who asks.
//!
//! A caller is made by authentication alone, so whoever holds one has shown a key that is good now. What a caller
//! may do stands in [`crate::operation`].

use std::fmt;

use crate::contract::ScopeName;

/// One who has shown a good key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub scope: Scope,
    /// The author of what the caller changes (V1).
    pub key: KeyId,
}

/// The public id of an API key: `key_…`. It may be shown; the secret may not.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KeyId(String);

/// The author of what is done on the command line, beside or on the data folder.
pub(crate) const OPERATOR: &str = "operator";

/// What a key is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// The installation: everything.
    Vendor,
    /// A partner, by its id.
    Partner(String),
    /// A team, by its id.
    Team(String),
    /// A product, by its code, in every team.
    Product(String),
    /// A member of a team, by their ids, and the only device that the key opens and quotes for, where it is bound to
    /// one.
    Member { team: String, member: String, device: Option<String> },
}

impl Caller {
    /// Who may use the data folder, and so everything: the command line.
    pub fn operator() -> Self {
        Self { scope: Scope::Vendor, key: KeyId::new(OPERATOR) }
    }
}

impl KeyId {
    /// The id as it is, unchecked.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id as it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Scope {
    /// Its name in the public contract.
    pub const fn name(&self) -> ScopeName {
        match self {
            Self::Vendor => ScopeName::Vendor,
            Self::Partner(_) => ScopeName::Partner,
            Self::Team(_) => ScopeName::Team,
            Self::Product(_) => ScopeName::Product,
            Self::Member { .. } => ScopeName::Member,
        }
    }

    /// The team that a list is about: the one asked for, else the one that the key belongs to.
    pub fn team_or<'a>(&'a self, asked: Option<&'a str>) -> Option<&'a str> {
        asked.or(match self {
            Self::Team(team) | Self::Member { team, .. } => Some(team),
            Self::Vendor | Self::Partner(_) | Self::Product(_) => None,
        })
    }

    /// The member that a list is narrowed to: the one asked for, else the one that the key belongs to. Whether the
    /// one asked for may be seen is for [`crate::authorise`] to say.
    pub fn member_or<'a>(&'a self, asked: Option<&'a str>) -> Option<&'a str> {
        asked.or(match self {
            Self::Member { member, .. } => Some(member),
            Self::Vendor | Self::Partner(_) | Self::Team(_) | Self::Product(_) => None,
        })
    }

    /// The product that a list is narrowed to: the one asked for, else the one that the key belongs to.
    pub fn product_or<'a>(&'a self, asked: Option<&'a str>) -> Option<&'a str> {
        asked.or(match self {
            Self::Product(product) => Some(product),
            Self::Vendor | Self::Partner(_) | Self::Team(_) | Self::Member { .. } => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_narrowed_to_what_the_key_belongs_to() {
        let member = Scope::Member { team: "acme".to_owned(), member: "alice".to_owned(), device: None };
        assert_eq!(member.team_or(None), Some("acme"));
        assert_eq!(member.member_or(None), Some("alice"));
        assert_eq!(member.member_or(Some("bob")), Some("bob"));
        assert_eq!(member.product_or(None), None);
        assert_eq!(Scope::Product("autocad".to_owned()).product_or(None), Some("autocad"));
        assert_eq!(Scope::Vendor.team_or(None), None);
    }
}
