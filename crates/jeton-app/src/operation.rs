//! Every operation of the public contract, and who may do it.
//!
//! What always holds: an operation that is not in the table does not exist, and what the table does not allow is
//! refused. Vendor keys may do everything. Every other scope reaches only what is its own: a team key its team, a
//! product key its product, a member key that one member. What belongs to another team is answered as if it were
//! not there.
//!
//! What it does not do: know paths and methods. A test of the face compares its document with this table.

use crate::caller::{Caller, Scope};
use crate::contract::ScopeName;
use crate::failure::Failure;

/// Who may do an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody, without a key.
    Open,
    /// Every good key; where a team is named, none that is bound to another team.
    EveryKey,
    /// The vendor's keys, and keys of these scopes for what is their own.
    Own(&'static [ScopeName]),
}

const VENDOR: Access = Access::Own(&[]);
const TEAM: Access = Access::Own(&[ScopeName::Team]);
const TEAM_AND_MEMBER: Access = Access::Own(&[ScopeName::Team, ScopeName::Member]);
const CLIENT: Access = Access::Own(&[ScopeName::Product, ScopeName::Member]);
const PRODUCT: Access = Access::Own(&[ScopeName::Product]);
const TEAM_AND_CLIENT: Access = Access::Own(&[ScopeName::Team, ScopeName::Product, ScopeName::Member]);

macro_rules! operations {
    ($($operation:ident, $id:literal, $access:expr;)+) => {
        /// An operation of the public contract.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Operation {
            $(#[doc = concat!("`", $id, "`")] $operation,)+
        }

        impl Operation {
            /// Every operation, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$operation),+];

            /// Its `operationId` in the OpenAPI document.
            pub const fn id(self) -> &'static str {
                match self {
                    $(Self::$operation => $id,)+
                }
            }

            /// Who may do it.
            pub const fn access(self) -> Access {
                match self {
                    $(Self::$operation => $access,)+
                }
            }
        }
    };
}

operations! {
    // Catalogue and prices: the vendor writes, every key reads.
    ListProducts,        "list_products",        Access::EveryKey;
    GetProduct,          "get_product",          Access::EveryKey;
    PutProduct,          "put_product",          VENDOR;
    ListRates,           "list_rates",           Access::EveryKey;
    GetRate,             "get_rate",             Access::EveryKey;
    PutRate,             "put_rate",             VENDOR;
    DeleteRate,          "delete_rate",          VENDOR;
    ListUses,            "list_uses",            Access::EveryKey;
    GetUse,              "get_use",              Access::EveryKey;
    PutUse,              "put_use",              VENDOR;
    ListPriceLists,      "list_price_lists",     Access::EveryKey;
    GetPriceList,        "get_price_list",       Access::EveryKey;
    PutPriceList,        "put_price_list",       VENDOR;
    QuoteOrder,          "quote_order",          Access::EveryKey;

    // The installation.
    GetSettings,         "get_settings",         VENDOR;
    PutSettings,         "put_settings",         VENDOR;
    ListApiKeys,         "list_api_keys",        VENDOR;
    CreateApiKey,        "create_api_key",       VENDOR;
    GetApiKey,           "get_api_key",          VENDOR;
    RevokeApiKey,        "revoke_api_key",       VENDOR;
    GetCheckpoint,       "get_checkpoint",       VENDOR;
    GetSandboxClock,     "get_sandbox_clock",    Access::EveryKey;
    PutSandboxClock,     "put_sandbox_clock",    VENDOR;

    // Teams, their members, and what members may open.
    ListTeams,           "list_teams",           VENDOR;
    GetTeam,             "get_team",             TEAM;
    PutTeam,             "put_team",             VENDOR;
    ListMembers,         "list_members",         TEAM;
    GetMember,           "get_member",           TEAM_AND_MEMBER;
    PutMember,           "put_member",           TEAM;
    DeactivateMember,    "deactivate_member",    TEAM;
    EraseMember,         "erase_member",         TEAM;
    ImportMembers,       "import_members",       TEAM;
    ListEnrolments,      "list_enrolments",      TEAM;
    GetEnrolment,        "get_enrolment",        TEAM;
    CreateEnrolment,     "create_enrolment",     TEAM;
    WithdrawEnrolment,   "withdraw_enrolment",   TEAM;
    ListMemberKeys,      "list_member_keys",     TEAM_AND_MEMBER;
    GetMemberKey,        "get_member_key",       TEAM_AND_MEMBER;
    RevokeMemberKey,     "revoke_member_key",    TEAM_AND_MEMBER;
    GetAssignment,       "get_assignment",       TEAM;
    PutAssignment,       "put_assignment",       TEAM;
    DeleteAssignment,    "delete_assignment",    TEAM;
    ListSeats,           "list_seats",           TEAM;
    GetSeat,             "get_seat",             TEAM;
    PutSeat,             "put_seat",             VENDOR;
    DeleteSeat,          "delete_seat",          VENDOR;
    ReassignSeat,        "reassign_seat",        TEAM;
    GetDefaultAccess,    "get_default_access",   TEAM;
    PutDefaultAccess,    "put_default_access",   TEAM;
    GetBlockedProducts,  "get_blocked_products", TEAM;
    PutBlockedProducts,  "put_blocked_products", TEAM;
    ListGroups,          "list_groups",          TEAM;
    GetGroup,            "get_group",            TEAM;
    PutGroup,            "put_group",            TEAM;
    DeleteGroup,         "delete_group",         TEAM;

    // Limits that a team sets for itself, and what the vendor alone grants it. A member reads its own credits.
    ListCaps,            "list_caps",            TEAM;
    GetCap,              "get_cap",              TEAM;
    PutCap,              "put_cap",              TEAM;
    DeleteCap,           "delete_cap",           TEAM;
    GetRequiredTags,     "get_required_tags",    TEAM;
    PutRequiredTags,     "put_required_tags",    TEAM;
    GetPlan,             "get_plan",             TEAM;
    PutPlan,             "put_plan",             VENDOR;
    ListAgreements,      "list_agreements",      TEAM;
    GetAgreement,        "get_agreement",        TEAM;
    PutAgreement,        "put_agreement",        VENDOR;
    DeleteAgreement,     "delete_agreement",     VENDOR;
    ListCredits,         "list_credits",         TEAM_AND_MEMBER;
    GetCredits,          "get_credits",          TEAM_AND_MEMBER;
    PutCredits,          "put_credits",          VENDOR;

    // What a team buys and has used. A member reads its own use.
    ListOrders,          "list_orders",          TEAM;
    GetOrder,            "get_order",            TEAM;
    PutOrder,            "put_order",            TEAM;
    RecordPayment,       "record_payment",       VENDOR;
    GetBalance,          "get_balance",          TEAM;
    ListCharges,         "list_charges",         TEAM_AND_MEMBER;
    GetCharge,           "get_charge",           TEAM_AND_MEMBER;
    ExplainCharge,       "explain_charge",       TEAM_AND_MEMBER;
    ListEntries,         "list_entries",         TEAM;
    ExportTeam,          "export_team",          TEAM;
    GetUsage,            "get_usage",            TEAM_AND_MEMBER;

    // What happens to a team, as it happens. A member or a product is told what it may know in its own answers; here
    // it would be told of everybody. Which teams a partner serves is not known yet.
    StreamEvents,        "stream_events",        TEAM;

    // Metering: a product's servers and a member's machine prove use; a team can look, and close.
    QuoteSession,        "quote_session",        CLIENT;
    OpenSession,         "open_session",         CLIENT;
    HeartbeatSession,    "heartbeat_session",    CLIENT;
    CloseSession,        "close_session",        TEAM_AND_CLIENT;
    GetSession,          "get_session",          TEAM_AND_CLIENT;
    ListSessions,        "list_sessions",        TEAM_AND_CLIENT;

    // Jobs: a member's machine asks for results, and the product's servers say what was delivered.
    QuoteJob,            "quote_job",            CLIENT;
    HoldJob,             "hold_job",             CLIENT;
    CommitJob,           "commit_job",           PRODUCT;
    ExtendJob,           "extend_job",           PRODUCT;
    ReleaseJob,          "release_job",          PRODUCT;
    GetJob,              "get_job",              TEAM_AND_CLIENT;
    ListJobs,            "list_jobs",            TEAM_AND_CLIENT;

    // Without a key.
    Enrol,               "enrol",                Access::Open;
    GetLeaseKeys,        "get_lease_keys",       Access::Open;
    GetOpenapi,          "get_openapi",          Access::Open;
    GetLiveness,         "get_liveness",         Access::Open;
    GetReadiness,        "get_readiness",        Access::Open;
    GetMetrics,          "get_metrics",          Access::Open;
}

impl Operation {
    /// The operation with this `operationId`.
    pub fn with_id(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|operation| operation.id() == id)
    }

    /// Whether a key of this scope may ever do it, whatever it is about. A face can say no by this before it reads
    /// the request; [`authorise`] says the last word.
    pub fn is_open_to(self, scope: ScopeName) -> bool {
        match self.access() {
            Access::Open | Access::EveryKey => true,
            Access::Own(scopes) => scope == ScopeName::Vendor || scopes.contains(&scope),
        }
    }
}

/// What an operation is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Target<'a> {
    team: Option<&'a str>,
    member: Option<&'a str>,
    product: Option<&'a str>,
    device: Option<&'a str>,
    /// What is answered to one who may not know of it, where it was found by an id of its own.
    unknown: Option<&'static str>,
}

impl<'a> Target<'a> {
    /// What belongs to no team: catalogue, prices, settings, keys, clock.
    pub const fn installation() -> Self {
        Self { team: None, member: None, product: None, device: None, unknown: None }
    }

    /// A team, or something of it.
    pub const fn team(team: &'a str) -> Self {
        Self { team: Some(team), member: None, product: None, device: None, unknown: None }
    }

    /// A member of a team, or something of theirs.
    pub const fn member(team: &'a str, member: &'a str) -> Self {
        Self { team: Some(team), member: Some(member), product: None, device: None, unknown: None }
    }

    /// The use of a team, narrowed to a member where one is named.
    pub const fn use_of(team: &'a str, member: Option<&'a str>) -> Self {
        Self { team: Some(team), member, product: None, device: None, unknown: None }
    }

    /// A charge that was found by its id.
    pub const fn charge(team: &'a str, member: &'a str) -> Self {
        Self { team: Some(team), member: Some(member), product: None, device: None, unknown: Some("unknown_charge") }
    }

    /// An opening of a product by a member.
    pub const fn opening(team: &'a str, member: &'a str, product: &'a str) -> Self {
        Self { team: Some(team), member: Some(member), product: Some(product), device: None, unknown: None }
    }

    /// The same, on a device where one is named.
    #[must_use]
    pub const fn on(self, device: Option<&'a str>) -> Self {
        Self { device, ..self }
    }

    /// A session that was found by its id.
    pub const fn session(team: &'a str, member: &'a str, product: &'a str) -> Self {
        Self {
            team: Some(team),
            member: Some(member),
            product: Some(product),
            device: None,
            unknown: Some("unknown_session"),
        }
    }

    /// Sessions, narrowed to a team, a member and a product where they are named.
    pub const fn sessions(team: Option<&'a str>, member: Option<&'a str>, product: Option<&'a str>) -> Self {
        Self { team, member, product, device: None, unknown: None }
    }
}

/// Whether `caller` may do `operation` to `target`.
///
/// # Errors
/// [`Failure::Forbidden`] when the scope is too small, or the key is bound to another device; [`Failure::NotFound`] for what is another team's, another
/// member's, or a session or charge that is not the caller's.
pub fn authorise(caller: &Caller, operation: Operation, target: Target<'_>) -> Result<(), Failure> {
    if !operation.is_open_to(caller.scope.name()) {
        return Err(Failure::Forbidden);
    }
    match operation.access() {
        Access::Open => Ok(()),
        Access::EveryKey => reads(&caller.scope, target),
        Access::Own(_) => owns(&caller.scope, target),
    }
}

/// What every key reads, every key reads; of a team, those that are not bound to another one.
fn reads(scope: &Scope, target: Target<'_>) -> Result<(), Failure> {
    let Some(team) = target.team else { return Ok(()) };
    match scope {
        Scope::Vendor | Scope::Product(_) => Ok(()),
        Scope::Team(own) | Scope::Member { team: own, .. } => same(Some(team), own, not_found("unknown_team")),
        // Which teams a partner serves is not known yet.
        Scope::Partner(_) => Err(Failure::Forbidden),
    }
}

/// Whether all that `target` names, and at least what the scope is bound to, is the scope's own.
fn owns(scope: &Scope, target: Target<'_>) -> Result<(), Failure> {
    match scope {
        Scope::Vendor => Ok(()),
        // Which teams a partner serves is not known yet.
        Scope::Partner(_) => Err(Failure::Forbidden),
        Scope::Team(team) => same(target.team, team, target.unknown_or("unknown_team")),
        Scope::Product(product) => same(target.product, product, target.unknown.map_or(Failure::Forbidden, not_found)),
        Scope::Member { team, member, device } => {
            same(target.team, team, target.unknown_or("unknown_team"))?;
            same(target.member, member, target.unknown_or("unknown_member"))?;
            match (device, target.device) {
                (Some(bound), Some(named)) if bound != named => Err(Failure::Forbidden),
                (Some(_) | None, _) => Ok(()),
            }
        }
    }
}

fn same(named: Option<&str>, own: &str, otherwise: Failure) -> Result<(), Failure> {
    match named {
        Some(named) if named == own => Ok(()),
        Some(_) => Err(otherwise),
        None => Err(Failure::Forbidden),
    }
}

const fn not_found(code: &'static str) -> Failure {
    Failure::NotFound { code }
}

impl Target<'_> {
    const fn unknown_or(&self, code: &'static str) -> Failure {
        match self.unknown {
            Some(unknown) => not_found(unknown),
            None => not_found(code),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller::KeyId;

    const SCOPES: [ScopeName; 5] =
        [ScopeName::Vendor, ScopeName::Partner, ScopeName::Team, ScopeName::Product, ScopeName::Member];

    /// A key of the scope, of team acme, product autocad, member alice.
    fn caller(scope: ScopeName) -> Caller {
        let scope = match scope {
            ScopeName::Vendor => Scope::Vendor,
            ScopeName::Partner => Scope::Partner("resale".to_owned()),
            ScopeName::Team => Scope::Team("acme".to_owned()),
            ScopeName::Product => Scope::Product("autocad".to_owned()),
            ScopeName::Member => Scope::Member { team: "acme".to_owned(), member: "alice".to_owned(), device: None },
        };
        Caller { scope, key: KeyId::new("key_1") }
    }

    fn of(code: &'static str) -> Result<(), Failure> {
        Err(Failure::NotFound { code })
    }

    #[test]
    fn ids_are_unique_and_lead_back() {
        for operation in Operation::ALL {
            assert_eq!(Operation::with_id(operation.id()), Some(*operation));
        }
        assert_eq!(Operation::with_id("open_everything"), None);
    }

    #[test]
    fn what_the_table_does_not_give_to_a_scope_is_forbidden_even_of_its_own() {
        let own = Target::opening("acme", "alice", "autocad");
        for operation in Operation::ALL {
            for scope in SCOPES {
                let answer = authorise(&caller(scope), *operation, own);
                let may = match operation.access() {
                    Access::Open => true,
                    Access::EveryKey => {
                        matches!(scope, ScopeName::Vendor | ScopeName::Team | ScopeName::Member | ScopeName::Product)
                    }
                    Access::Own(scopes) => scope == ScopeName::Vendor || scopes.contains(&scope),
                };
                let expected = if may { Ok(()) } else { Err(Failure::Forbidden) };
                assert_eq!(answer, expected, "{} by {scope:?}", operation.id());
            }
        }
    }

    #[test]
    fn nobody_but_the_vendor_reaches_another_teams_things() {
        let others = Target::opening("globex", "greta", "revit");
        for operation in Operation::ALL.iter().filter(|operation| operation.access() != Access::Open) {
            for scope in SCOPES {
                let answer = authorise(&caller(scope), *operation, others);
                let unbound = scope == ScopeName::Product && operation.access() == Access::EveryKey;
                if scope == ScopeName::Vendor || unbound {
                    assert_eq!(answer, Ok(()));
                } else if operation.is_open_to(scope) && matches!(scope, ScopeName::Team | ScopeName::Member) {
                    assert_eq!(answer, of("unknown_team"), "{} by {scope:?}", operation.id());
                } else {
                    assert_eq!(answer, Err(Failure::Forbidden), "{} by {scope:?}", operation.id());
                }
            }
        }
    }

    #[test]
    fn every_key_reads_the_catalogue_and_none_but_the_vendors_writes_it() {
        for scope in SCOPES {
            assert_eq!(authorise(&caller(scope), Operation::GetProduct, Target::installation()), Ok(()));
            let write = authorise(&caller(scope), Operation::PutProduct, Target::installation());
            assert_eq!(write.is_ok(), scope == ScopeName::Vendor);
        }
    }

    #[test]
    fn a_team_grants_itself_nothing_records_no_payments_and_proves_no_use() {
        let team = caller(ScopeName::Team);
        for operation in [
            Operation::PutSeat,
            Operation::RecordPayment,
            Operation::PutTeam,
            Operation::PutPlan,
            Operation::PutAgreement,
            Operation::DeleteAgreement,
            Operation::PutCredits,
        ] {
            assert_eq!(authorise(&team, operation, Target::team("acme")), Err(Failure::Forbidden));
        }
        let session = Target::session("acme", "alice", "autocad");
        assert_eq!(authorise(&team, Operation::HeartbeatSession, session), Err(Failure::Forbidden));
        assert_eq!(authorise(&team, Operation::CloseSession, session), Ok(()));
        assert_eq!(authorise(&team, Operation::ReassignSeat, Target::team("acme")), Ok(()));
    }

    #[test]
    fn anothers_session_is_unknown() {
        for target in [Target::session("globex", "alice", "revit"), Target::session("acme", "bob", "revit")] {
            assert_eq!(authorise(&caller(ScopeName::Member), Operation::CloseSession, target), of("unknown_session"));
            assert_eq!(authorise(&caller(ScopeName::Product), Operation::CloseSession, target), of("unknown_session"));
        }
        let theirs = Target::session("globex", "greta", "autocad");
        assert_eq!(authorise(&caller(ScopeName::Team), Operation::CloseSession, theirs), of("unknown_session"));
        assert_eq!(authorise(&caller(ScopeName::Product), Operation::CloseSession, theirs), Ok(()));
    }

    #[test]
    fn a_member_reads_its_own_use_alone() {
        let member = caller(ScopeName::Member);
        let usage = |asked| authorise(&member, Operation::GetUsage, Target::use_of("acme", asked));
        assert_eq!(usage(Some("alice")), Ok(()));
        assert_eq!(usage(Some("bob")), of("unknown_member"));
        assert_eq!(usage(None), Err(Failure::Forbidden));
        let charge = authorise(&member, Operation::ExplainCharge, Target::charge("acme", "bob"));
        assert_eq!(charge, of("unknown_charge"));
    }

    #[test]
    fn a_member_reads_itself_and_its_credits_and_no_others() {
        let member = caller(ScopeName::Member);
        for operation in [Operation::GetMember, Operation::ListCredits, Operation::GetCredits] {
            assert_eq!(authorise(&member, operation, Target::member("acme", "alice")), Ok(()));
            assert_eq!(authorise(&member, operation, Target::member("acme", "bob")), of("unknown_member"));
            assert_eq!(authorise(&member, operation, Target::team("acme")), Err(Failure::Forbidden));
        }
    }

    #[test]
    fn a_product_key_opens_its_product_in_every_team_and_no_other() {
        let product = caller(ScopeName::Product);
        let open = |team, code| authorise(&product, Operation::OpenSession, Target::opening(team, "greta", code));
        assert_eq!(open("globex", "autocad"), Ok(()));
        assert_eq!(open("globex", "revit"), Err(Failure::Forbidden));
        let all = authorise(&product, Operation::ListSessions, Target::sessions(Some("globex"), None, None));
        assert_eq!(all, Err(Failure::Forbidden));
    }

    #[test]
    fn a_key_that_is_bound_to_a_device_is_good_for_no_other() {
        let (team, member) = ("acme".to_owned(), "alice".to_owned());
        let scope = Scope::Member { team, member, device: Some("laptop".to_owned()) };
        let bound = Caller { scope, key: KeyId::new("key_1") };
        let opening = |device| Target::opening("acme", "alice", "autocad").on(device);
        for operation in [Operation::OpenSession, Operation::QuoteSession] {
            assert_eq!(authorise(&bound, operation, opening(Some("laptop"))), Ok(()));
            assert_eq!(authorise(&bound, operation, opening(Some("desktop"))), Err(Failure::Forbidden));
            assert_eq!(authorise(&bound, operation, opening(None)), Ok(()));
            assert_eq!(authorise(&caller(ScopeName::Member), operation, opening(Some("desktop"))), Ok(()));
        }
        let others = Target::opening("acme", "bob", "autocad").on(Some("laptop"));
        assert_eq!(authorise(&bound, Operation::OpenSession, others), of("unknown_member"));
    }

    #[test]
    fn a_quote_for_a_team_is_for_the_team() {
        let quote = |scope, target| authorise(&caller(scope), Operation::QuoteOrder, target);
        for scope in SCOPES {
            assert_eq!(quote(scope, Target::installation()), Ok(()));
        }
        assert_eq!(quote(ScopeName::Team, Target::team("acme")), Ok(()));
        assert_eq!(quote(ScopeName::Team, Target::team("globex")), of("unknown_team"));
        assert_eq!(quote(ScopeName::Member, Target::team("acme")), Ok(()));
        assert_eq!(quote(ScopeName::Member, Target::team("globex")), of("unknown_team"));
        assert_eq!(quote(ScopeName::Product, Target::team("acme")), Ok(()));
        assert_eq!(quote(ScopeName::Partner, Target::team("acme")), Err(Failure::Forbidden));
    }
}
