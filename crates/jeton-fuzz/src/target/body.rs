//! Bodies of requests: every input as every type.

use jeton_api::fuzzing::body;
use jeton_client::{
    AgreementPut, ApiKeyPost, Assignment, BlockedProducts, CapPut, CreditsPut, DefaultAccess, EnrolPost, EnrolmentPost,
    GroupPut, JobCommitPost, JobPost, JobPut, JobQuotePost, MemberPut, OrderPut, PaymentPost, PlanPut, PriceListPut,
    ProductPut, QuotePost, RatePut, RequiredTags, SandboxClock, SeatPut, SeatReassign, SessionClose, SessionHeartbeat,
    SessionOpen, SessionQuotePost, SettingsPut, TeamPut, UsePut,
};
use serde::{Serialize, de::DeserializeOwned};

use super::is_told;

/// Defines [`TYPES`] and `run` over the same list.
macro_rules! types {
    ($($name:ident),+ $(,)?) => {
        /// The types of all bodies that can be sent.
        pub const TYPES: &[&str] = &[$(stringify!($name)),+];

        pub(crate) fn run(bytes: &[u8]) {
            $(read::<$name>(bytes);)+
        }
    };
}

types! {
    AgreementPut, ApiKeyPost, Assignment, BlockedProducts, CapPut, CreditsPut, DefaultAccess, EnrolPost,
    EnrolmentPost, GroupPut, JobCommitPost, JobPost, JobPut, JobQuotePost, MemberPut, OrderPut,
    PaymentPost, PlanPut, PriceListPut, ProductPut, QuotePost, RatePut, RequiredTags,
    SandboxClock, SeatPut, SeatReassign, SessionClose, SessionHeartbeat, SessionOpen, SessionQuotePost,
    SettingsPut, TeamPut, UsePut,
}

/// What is read is the same when it is written and read again; what is not says where and why.
fn read<T: DeserializeOwned + Serialize>(bytes: &[u8]) {
    let (value, _) = match body::<T>(bytes) {
        Ok(read) => read,
        Err(failure) => return is_told(&failure, "depth"),
    };
    let written = serde_json::to_vec(&value).expect("what was read can be written");
    let again = body::<T>(&written).map(|(value, _)| serde_json::to_vec(&value).expect("and once more"));
    assert_eq!(again, Ok(written), "{}", bytes.escape_ascii());
}
